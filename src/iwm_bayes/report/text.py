"""What a report says in sentences: the status of the fit, the answer, and the criterion behind it."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.estimands.criterion import Criterion
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.types import GENERALISED, figure_label

type Facts = Mapping[str, Any]  # the manifest of a run

APPROXIMATION_NOTES = {
    "laplace": "This method replaces the posteriors of each person and of the group by Gaussian distributions around "
    "their modes. The table of group medians estimates the error at the level of people (column bias). The error at "
    "the level of the group is not known.",
    "quadrature": "This method replaces the posterior of the group by a Gaussian distribution around its mode. The "
    "error of this approximation is not known.",
}


def fit_status(facts: Facts) -> str:
    """Return the status of a run, as `ConvergenceChecks.status` does."""
    if facts["partial"]:
        return "partial"
    if not facts["exact"]:
        return f"approximate ({facts['method']})"
    return "converged" if facts["converged"] else "not converged"


def status_headline(facts: Facts) -> str:
    """Return the status of a run in one sentence."""
    if facts["partial"]:
        return "Partial: this run was interrupted. Do not use its numbers."
    if not facts["converged"]:
        return "Not converged: do not use the numbers on this page."
    if not facts["exact"]:
        return f"Approximate ({facts['method']}): fit the model with --method nuts before you use its numbers."
    return "Converged: all convergence criteria are met."


def convergence_sentences(facts: Facts) -> list[str]:
    """Return the values of the convergence checks, the reasons if one does not hold, and what to try."""
    values, sentences = facts["convergence"], [f"{reason[0].upper()}{reason[1:]}." for reason in facts["reasons"]]
    if facts["exact"] and facts["converged"]:
        sentences += [
            f"R-hat: at most {values['group_r_hat']:.3f} for group parameters and at most "
            f"{values['derived_r_hat']:.3f} for derived quantities (limit 1.010).",
            f"Effective sample size: at least {values['group_ess']:.0f} for group parameters and at least "
            f"{values['derived_ess']:.0f} for derived quantities (limit 400).",
            f"No divergent transitions. E-BFMI is {values['bfmi']:.2f} (limit 0.30).",
        ]
    if not facts["exact"]:
        sentences.append(f"{APPROXIMATION_NOTES[facts['method']]} Intervals may be too narrow.")
    sentences += [f"Suggestion: {sentence}." for sentence in facts["advice"]]
    if test := facts["permutation_test"]:
        sentences.append(PermutationTest(*(test[name] for name in PermutationTest._fields)).sentence)
    return sentences + [f"Warning: {warning}." for warning in facts["warnings"]]


def median_text(draws: Any, form: str = "{:g}") -> str:
    """Return the median and the 90% credible interval of draws in words."""
    median, low, high = (form.format(value) for value in median_ci90(draws))
    return f"{median} (90% CrI {low.removesuffix('%')}–{high})"


def count_or_beyond(count: float, last: float, beyond: str) -> str:
    """Return a count as text; `beyond` if it exceeds the last session."""
    return beyond if count > last else f"{count:g}"


def count_text(draws: Any, last: float, beyond: str) -> str:
    """Return the median of a count and its 90% credible interval in words; `beyond` where one exceeds `last`."""
    median, low, high = (count_or_beyond(value, last, beyond) for value in median_ci90(draws))
    separator = " to " if high == beyond else "–"
    return f"{median} (90% CrI {low}{separator}{high})"


def answer_sentence(curves: xr.Dataset) -> str:
    """Return the time to earned security toward one figure, or of the generalised expectation, in words.

    Parameters
    ----------
    curves
        What `by_arm.incidence_by_arm` returns.
    """
    everyone, figure, last = curves.isel(arm=0), curves.attrs["figure"], curves.sizes["session"]
    toward = "in their generalised expectation" if figure == GENERALISED else f"toward {figure_label(figure)}"
    if not everyone["insecure"]:
        return f"No participant is insecure at baseline {toward}, so nobody can become earned secure."
    baseline = f"{float(everyone['insecure']):.0%} of participants are insecure at baseline {toward}."
    if everyone["probability"].isnull().all():
        return f"{baseline} None of them is observed long enough to assess earned security."
    share = median_text(everyone["probability"].isel(session=-1).values, "{:.0%}")
    chance = f"{float(everyone['chance_level']):.0%}"
    by_the_end = f"By session {last}, {share} of them are earned secure (chance level {chance})."
    if median_ci90(everyone["median_sessions"].values)[0] > last:
        return f"{baseline} Fewer than half of them become earned secure within {last} sessions. {by_the_end}"
    sessions = count_text(everyone["median_sessions"].values, last, f"more than {last}")
    corrective = count_text(everyone["median_corrective"].values, last, "more than observed")
    return (
        f"{baseline} Half of them are earned secure after {sessions} sessions and {corrective} corrective experiences. "
        f"{by_the_end}"
    )


def criterion_sentences(criterion: Facts) -> str:
    """Return what counts as earned security in this run."""
    c = Criterion(**{name: value for name, value in criterion.items() if name != "figure"})
    return (
        f"Insecure at baseline: initial availability or self-worth at {c.insecure_at_or_below:g} or below. Earned "
        f"secure: both beliefs at {c.secure_at_or_above:g} or above for {c.duration} sessions (the duration "
        f"criterion). At least one of these sessions must have an outcome below {c.disappointment_below:g} (a "
        f"disappointment). Corrective experience: an outcome that exceeds the expectation by {c.corrective_by:g} or "
        f"more while a belief is below {c.secure_at_or_above:g}. People whose sessions end before they are earned "
        "secure are right-censored, at the last session where the duration criterion could still begin (Kaplan & "
        "Meier, 1958, doi:10.1080/01621459.1958.10501452)."
    )
