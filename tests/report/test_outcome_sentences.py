"""What a key result says about symptoms and about people who left, from numbers that are known."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from iwm_bayes.diagnostics.results import Results
from iwm_bayes.estimands.counterfactual.leaving import SESSIONS, SHARE, answer_lines
from iwm_bayes.estimands.estimand import as_lines
from iwm_bayes.report.answer.outcomes import change_words, leaving_sentences, outcome_sentences
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.types import ModelSpec

DELTAS = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])


def answer(medians, about="these people"):
    """An answer at each shift, with draws around its median, and the session by which it is read."""
    draws = np.array(medians)[:, None, None] + np.linspace(-0.02, 0.02, 101)
    return xr.DataArray(draws, {"delta": DELTAS}, ("delta", "chain", "draw"), attrs={"about": about, "by_session": 19})


def sentences(name, medians, figures=("therapist",)):
    """The sentences on one answer."""
    lines = [line for figure in figures for line in answer_lines(name, answer(medians), figure)]
    return list(leaving_sentences(pd.DataFrame(lines)))


def test_a_share_that_turns_says_at_which_shift():
    """From .55 to .45 within a tenth: half is crossed in the middle."""
    assert sentences(SHARE, [0.4, 0.45, 0.55, 0.6, 0.7]) == [
        "If those who left believed 0.05 lower than projected, fewer than half are earned secure by session 19 (as it "
        "is, at least half are earned secure by session 19)."
    ]


def test_a_share_below_half_turns_the_other_way():
    """The conclusion is fewer than half, and the shift is upwards."""
    [sentence] = sentences(SHARE, [0.2, 0.3, 0.4, 0.45, 0.55])
    assert sentence.startswith("If those who left believed 0.15 higher than projected, at least half are earned secure")


@pytest.mark.parametrize(
    ("medians", "expected"),
    [
        ([0.1, 0.1, 0.2, 0.2, 0.2], "lower or higher than projected, it remains that therapy and waiting differ."),
        ([-0.1, 0.0, 0.2, 0.2, 0.2], "no difference of therapy and waiting is shown (as it is, therapy and waiting"),
    ],
)
def test_a_difference_of_arms_holds_or_turns(medians, expected):
    """The interval is the median with .018 to both sides."""
    [sentence] = sentences("therapy - waiting", medians)
    assert expected in sentence


def test_a_fall_has_the_interval_of_the_change_itself():
    """A few draws on the other side of 0 count as such, and not as falls of the same size."""
    draws = np.linspace(-0.03, 0.001 * 30 / 23, 1001)
    near, far = (f"{-end:.2g}" for end in np.quantile(draws, [0.95, 0.05]))
    assert (draws > 0).mean() > 0.04
    assert change_words(draws[None]) == f"falls by {-np.median(draws):.2g} (90% CrI {near}–{far})"
    assert change_words(-draws[None]) == f"rises by {-np.median(draws):.2g} (90% CrI {near}–{far})"


def test_several_figures_are_named_and_sessions_have_no_conclusion():
    """One sentence for each figure; the number of sessions has none."""
    found = sentences(SHARE, [0.4, 0.45, 0.55, 0.6, 0.7], ("mother", "therapist"))
    assert [("with their mother" in one, "with their therapist" in one) for one in found] == [
        (True, False),
        (False, True),
    ]
    assert sentences(SESSIONS, [10, 9, 8, 7, 6]) == []


def test_slopes_and_effects_are_in_the_numbers_of_the_table():
    """A slope of -.5 on a scale of 0 to 20 is a fall of 1 for each tenth of the belief."""
    model = ModelSpec("one", lift_learner(RULES["kalman"]), {"phq": RESPONSES["symptom"]})
    names = ["phq_slope_availability", "phq_slope_worth"]
    mu = np.stack([np.linspace(-0.55, -0.45, 101), np.linspace(-0.1, 0.3, 101)], axis=-1)[None]
    posterior = xr.Dataset({"mu": (("chain", "draw", "parameter"), mu)}, {"parameter": names})
    fit = xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": xr.Dataset()})
    fit["constant_data"].attrs["scale of phq"] = [0, 20]
    draws = np.array([3.0, 2.0, 1.0])[None, :, None, None, None] + np.linspace(-0.5, 0.5, 101)
    effects = xr.Dataset(
        {"effect": (("symptom", "path", "arm", "chain", "draw"), draws)},
        {"symptom": ["phq"], "path": ["total", "indirect", "direct"], "arm": ["waiting"]},
        {"reference_arm": "therapy"},
    )
    assert outcome_sentences(model, fit, Results({}, {"symptom_effects": effects})) == [
        "For each 0.1 of availability gained, phq falls by 1 (90% CrI 0.91–1.1).",
        "For each 0.1 of self-worth gained, phq does not clearly change (0.2 (90% CrI −0.16 to 0.56)).",
        "After the last session, phq in waiting minus therapy is 3 (90% CrI 2.5–3.5): 2 (90% CrI 1.6–2.5) through the "
        "beliefs and 1 (90% CrI 0.55–1.5) past them.",
    ]


def test_a_study_without_either_says_nothing():
    """No symptom, no leaving."""
    model = ModelSpec("one", lift_learner(RULES["kalman"]), {"availability_rating": RESPONSES["availability_rating"]})
    posterior = xr.Dataset({"mu": (("chain", "draw", "parameter"), np.zeros((1, 2, 1)))}, {"parameter": ["x"]})
    fit = xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": xr.Dataset()})
    assert outcome_sentences(model, fit, Results({}, {})) == []
    assert as_lines(pd.DataFrame()) is None
