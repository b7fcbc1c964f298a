"""Earned security by arm and as tables, in a tiny study that can be counted."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from iwm_bayes.estimands.security.by_arm import incidence_by_arm, judgement_arrays, person_arms, risk_differences
from iwm_bayes.estimands.security.tables import (
    THESE_PEOPLE,
    arm_lines,
    sensitivity_lines,
    style_line,
    time_to_security_lines,
    truth_comparison_lines,
)

NO_ARMS = pd.Series(dtype=str)


@pytest.fixture
def security():
    """Twenty people in two arms and one draw, as `earned_security` returns them; four are secure at baseline."""
    people = {
        "insecure": np.arange(20) % 5 > 0,
        "earned": np.arange(20) < 10,
        "tested": np.zeros(20, dtype=bool),
        "held_from": np.where(np.arange(20) < 10, 2, 4),
        "sessions": np.where(np.arange(20) < 10, 2, 4),
        "corrective": np.arange(20) % 3,
        "repairs": np.zeros(20, dtype=int),
        "horizon": np.full(20, 3),
        "followed": np.full(20, 3),
    }
    return xr.Dataset(
        {name: (("chain", "draw", "person"), [[values]]) for name, values in people.items()}
        | {
            "chance_level": (("chain", "draw", "session"), [[[0.0, 0.1, 0.2]]]),
            "style_share": (("chain", "draw", "style"), [[[0.2, 0.8]]]),
            "sensitivity": (("threshold", "duration"), [[0.5, 0.25]]),
        },
        {"session": [1, 2, 3], "style": ["secure", "fearful"], "threshold": [0.6], "duration": [4, 6]},
        {"figure": "therapist"},
    )


ARMS = pd.Series(np.where(np.arange(20) < 12, "a", "b"))  # ten and seven of them are insecure at baseline


@pytest.mark.parametrize(
    ("formula", "arm"),
    [("1 + (1|therapist)", None), ("(1|therapist) + site", "site"), ("1 + (site|therapist)", None)],
)
def test_therapists_and_other_groups_are_no_arms(formula, arm):
    """Nobody who has several people, as a therapist does, is named as an arm is: an arm has an effect in a formula."""
    columns = {"therapist": ["Ann", "Ann", "Ben", "Ben"], "site": ["north", "south", "north", "south"]}
    attributes = {"formulas": json.dumps({"therapist_pull": formula}), "standardised": "{}"}
    columns = {name: own for name, own in columns.items() if name in formula}
    data = xr.Dataset({f"covariate_{name}": ("person", own) for name, own in columns.items()}, attrs=attributes)
    assert person_arms(data).name == arm


def test_arms_are_counted_separately(security):
    """People who are secure at baseline do not count; people who are secure or censored are not at risk."""
    curves = incidence_by_arm(security, ARMS)
    assert curves["arm"].values.tolist() == ["everyone", "a", "b"]
    insecure = [int((security["insecure"].values[0, 0] & mask).sum()) for mask in (ARMS > "", ARMS == "a", ARMS == "b")]
    assert insecure == [16, 9, 7]
    assert curves["at_risk"].values.tolist() == [[16, 16, 8], [9, 9, 1], [7, 7, 7]]
    np.testing.assert_allclose(curves["insecure"].values.ravel(), [16 / 20, 9 / 12, 7 / 8])
    assert curves["last"].values.tolist() == [3, 3, 3]
    np.testing.assert_allclose(curves["probability"].values[:, 0, 0], [[0, 0.5, 0.5], [0, 8 / 9, 8 / 9], [0, 0, 0]])
    assert curves["median_sessions"].values.ravel().tolist() == [2, 2, np.inf]
    difference = risk_differences(curves)
    assert (difference["arm"].item(), int(difference["session"])) == ("b", 3)
    assert difference.item() == pytest.approx(-8 / 9)
    [line] = arm_lines(difference, "a", "therapist", THESE_PEOPLE)
    interval = {f"risk_difference{end}": pytest.approx(-8 / 9) for end in ("", "_ci90_low", "_ci90_high")}
    about = {"figure": "therapist", "about": THESE_PEOPLE, "arms": "b - a", "by_session": 3}
    assert line == about | interval | {"p_above_0": 0.0}


def test_where_an_arm_cannot_be_assessed_there_is_no_difference(security):
    """An arm with four people at risk has no share, and so no difference from the other."""
    curves = incidence_by_arm(security, pd.Series(np.where(np.arange(20) < 15, "a", "b")))
    assert curves["last"].values.tolist() == [3, 3, 0]
    assert curves["probability"].sel(arm="b").isnull().all()
    assert arm_lines(risk_differences(curves), "a", "therapist", THESE_PEOPLE) == []


def test_new_people_belong_to_the_arm_of_their_twin(security):
    """They are read until the last session of the people of the study."""
    twin = xr.DataArray(np.full((1, 1, 20), 19), dims=("chain", "draw", "person"))
    lasts = xr.DataArray([2, 2, 2], dims="arm")
    curves = incidence_by_arm(security.drop_vars("chance_level").assign(twin=twin), ARMS, lasts)
    np.testing.assert_allclose(curves["probability"].values[2, 0, 0], [0, 0.5, np.nan])
    assert curves["probability"].sel(arm="a").isnull().all()
    assert "chance_level" not in curves


def test_a_tie_of_arms_counts_half(security):
    """Where shares are equal in a draw, neither arm is better."""
    draws = xr.DataArray([[[0.0, 0.2, -0.1, 0.0]]], {"arm": ["b"], "session": 3}, ("arm", "chain", "draw"))
    assert arm_lines(draws, "a", "therapist", THESE_PEOPLE)[0]["p_above_0"] == 0.5


def test_time_to_security_has_numbers_in_columns_of_their_own(security):
    """A quantity and the ends of its interval are three numbers; only everyone has a chance level."""
    everyone, arm, _ = time_to_security_lines(incidence_by_arm(security, ARMS), THESE_PEOPLE)
    quantities = {"insecure_at_baseline": 0.8, "sessions": 2.0, "corrective_experiences": 2.0, "earned_secure": 0.5}
    about = {"figure": "therapist", "about": THESE_PEOPLE, "arm": "everyone", "by_session": 3}
    assert everyone == pytest.approx(
        about
        | {"number_at_risk": 8.0, "censored": False, "chance_level": 0.2}
        | {f"{name}{end}": value for name, value in quantities.items() for end in ("", "_ci90_low", "_ci90_high")}
    )
    assert (arm["arm"], arm["sessions"]) == ("a", 2.0)
    assert "chance_level" not in arm


def test_a_median_beyond_the_last_session_is_censored(security):
    """If fewer than half are earned secure, there is no number of sessions, and the line says so."""
    nobody = security.assign(earned=security["earned"] & False)
    [line] = time_to_security_lines(incidence_by_arm(nobody, NO_ARMS), THESE_PEOPLE)
    assert line["censored"] is True
    assert np.isnan(line["sessions"])
    assert np.isnan(line["corrective_experiences"])
    assert line["earned_secure"] == 0.0


@pytest.mark.parametrize("few", [0, 4])
def test_where_few_are_insecure_at_baseline_cells_are_empty(security, few):
    """There is no time to earned security, and the median is not censored either."""
    secure = security.assign(insecure=security["insecure"] & (security["person"] < few + 1))
    [line] = time_to_security_lines(incidence_by_arm(secure, NO_ARMS), THESE_PEOPLE)
    assert (line["insecure_at_baseline"], line["censored"]) == (few / 20, None)
    assert np.isnan([line["sessions"], line["earned_secure"], line["by_session"], line["number_at_risk"]]).all()


def test_styles_and_sensitivity_are_numbers(security):
    """Styles have intervals; sensitivity has a line per threshold and a column per duration."""
    line = style_line(security)
    assert (line["secure"], line["fearful_ci90_low"]) == (0.2, 0.8)
    [line] = sensitivity_lines(security)
    assert line == {"figure": "therapist", "threshold": 0.6, "held_4_sessions": 0.5, "held_6_sessions": 0.25}


def test_estimates_are_compared_with_the_truth_of_everyone_and_of_arms(security):
    """A posterior that knows contains the truth, and one that is mistaken about arm b does not."""
    curves = incidence_by_arm(security, NO_ARMS).isel(arm=0, drop=True)
    names = ["probability", "median_sessions", "median_corrective"]
    estimated, known = security.assign(curves[names]), judgement_arrays(security)
    people = known._make(leaf[0, 0] for leaf in known)
    lines = pd.DataFrame(truth_comparison_lines(estimated, people, ARMS)).set_index("until_security")
    true = {
        "share by session 3": 0.5,
        "sessions": 2,
        "corrective experiences": 2,
        "share by session 3, difference of arms": -8 / 9,
    }
    assert lines["true"].to_dict() == pytest.approx(true)
    assert lines["estimate"].to_dict() == pytest.approx(true)
    assert lines["true_in_ci90"].all()
    everyone_in_b = people._replace(earned=people.earned | (ARMS == "b").to_numpy())
    other = pd.DataFrame(truth_comparison_lines(estimated, everyone_in_b, ARMS)).set_index("until_security")
    assert other["true"].iloc[-1] == pytest.approx(-8 / 9)  # they are earned secure after session 3 only
    by_then = everyone_in_b._replace(sessions=np.full(20, 2))
    other = pd.DataFrame(truth_comparison_lines(estimated, by_then, ARMS)).set_index("until_security")
    assert other["true"].iloc[-1] == pytest.approx(1 - 8 / 9)
    assert not other["true_in_ci90"].iloc[-1]
    assert list(truth_comparison_lines(estimated, people, NO_ARMS)) == lines.iloc[:3].reset_index().to_dict("records")
