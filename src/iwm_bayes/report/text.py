"""What a report says in sentences: the status of the fit, the answer, and the criterion behind it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.answers import SecurityAnswer, security_answer
from iwm_bayes.estimands.security.criterion import Criterion
from iwm_bayes.types import GENERALISED, ModelSpec
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.verbs import chosen_figure

NOTABLE_SHARE = 0.01  # of people: a smaller share is not mentioned

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


def derived_text(values: Facts, form: str, name: str) -> str:
    """Return a diagnostic of derived quantities in words; empty in a run without derived quantities."""
    return f"{form.format(values[name])} for derived quantities" if name in values else ""


def convergence_sentences(facts: Facts, test: PermutationTest | None = None) -> list[str]:
    """Return the values of the convergence checks, the reasons if one does not hold, what to try, and the test."""
    values, sentences = facts["convergence"], [f"{reason[0].upper()}{reason[1:]}." for reason in facts["reasons"]]
    if facts["exact"] and facts["converged"]:
        sentences += [
            f"R-hat: at most {values['group_r_hat']:.3f} for group parameters"
            f"{derived_text(values, ' and at most {:.3f}', 'derived_r_hat')} (limit 1.010).",
            f"Effective sample size: at least {values['group_ess']:.0f} for group parameters"
            f"{derived_text(values, ' and at least {:.0f}', 'derived_ess')} (limit 400).",
            f"No divergent transitions. E-BFMI is {values['bfmi']:.2f} (limit 0.30).",
        ]
    if not facts["exact"]:
        sentences.append(f"{APPROXIMATION_NOTES[facts['method']]} Intervals may be too narrow.")
    sentences += [f"Suggestion: {sentence}." for sentence in facts["advice"]]
    if test is not None:
        sentences.append(test.sentence)
    return sentences + [f"Warning: {warning}." for warning in facts["warnings"]]


def median_text(draws: Any, form: str = "{:g}") -> str:
    """Return the median and the 90% credible interval of draws in words."""
    median, low, high = (form.format(value) for value in median_ci90(draws))
    return f"{median} (90% CrI {low.removesuffix('%')}–{high})"


def count_text(draws: Any, beyond: str) -> str:
    """Return the median of a count and its 90% credible interval in words; `beyond` where one is not reached."""
    median, low, high = (f"{value:g}" if np.isfinite(value) else beyond for value in median_ci90(draws))
    separator = " to " if high == beyond else "–"
    return f"{median} (90% CrI {low}{separator}{high})"


def direction(figure: str) -> str:
    """Return what an answer is about, as the end of a phrase."""
    return "in their generalised expectation" if figure == GENERALISED else f"toward {figure}"


def baseline_sentence(curves: xr.Dataset) -> str:
    """Return how many participants are insecure at baseline, in words."""
    share = curves["insecure"].isel(arm=0).values
    return (
        f"{median_text(share, '{:.0%}')} of participants are insecure at baseline {direction(curves.attrs['figure'])}."
    )


def answer_sentence(answer: SecurityAnswer) -> str:
    """Return the time to earned security toward one figure, or of the generalised expectation, in words."""
    curves, security = answer.curves, answer.security
    everyone, last = curves.isel(arm=0), int(curves["last"].isel(arm=0))
    baseline = baseline_sentence(curves)
    if not everyone["insecure"].any():
        return (
            f"No participant is insecure at baseline {direction(curves.attrs['figure'])}, so nobody can earn security."
        )
    if not last:
        return f"{baseline} Too few of them are observed for long enough to assess earned security."
    share = median_text(everyone["probability"].sel(session=last).values, "{:.0%}")
    at_risk, chance = (float(everyone[name].sel(session=last)) for name in ("at_risk", "chance_level"))
    by_the_end = (
        f"By session {last}, the last that can be assessed ({at_risk:.0f} at risk), {share} of them are earned secure "
        f"(chance level {chance:.0%}). Of new people who are insecure at baseline, {new_share_text(answer, last)} are, "
        "under the same care."
    )
    parts = [baseline, half_sentence(everyone, last), by_the_end, *qualifications(answer, security)]
    return " ".join(parts)


def describe_security(fit: xr.DataTree, figure: str | None = None, model: Model | ModelSpec | None = None) -> str:
    """Say the time to earned security in words, with 90% credible intervals, as the report does.

    The sentence ends with the status of a fit that has not converged, or is an approximation.

    Parameters
    ----------
    fit
        A fit.
    figure
        The figure whose sessions are counted; the only one by default. "generalised" is the expectation of a new one.
    model
        The model, where the fit carries none.

    Raises
    ------
    InputError
        If there is no such figure, or the fit carries no model.
    """
    sentence = answer_sentence(security_answer(model_of(fit, model), fit, chosen_figure(fit, figure)))
    status = check_convergence(fit).status
    return sentence if status == "converged" else f"{sentence} [{status}]"


def half_sentence(everyone: xr.Dataset, last: int) -> str:
    """Return after how many sessions and corrective experiences half of the people are earned secure."""
    if not np.isfinite(median_ci90(everyone["median_sessions"].values)[0]):
        return f"Fewer than half of them are earned secure by session {last}."
    sessions = count_text(everyone["median_sessions"].values, f"more than {last}")
    if not np.isfinite(median_ci90(everyone["median_corrective"].values)[0]):
        return f"Half of them are earned secure after {sessions} sessions."
    corrective = count_text(everyone["median_corrective"].values, "more than observed")
    return f"Half of them are earned secure after {sessions} sessions and {corrective} corrective experiences."


def new_share_text(answer: SecurityAnswer, last: int) -> str:
    """Return the share of new people of the same population who are earned secure by a session."""
    return median_text(answer.new_curves["probability"].isel(arm=0).sel(session=last).values, "{:.0%}")


def qualifications(answer: SecurityAnswer, security: xr.Dataset) -> list[str]:
    """Return what belongs to an answer where it applies: tested security, resilience, and sessions that end early."""
    sentences = []
    tested, held_only = (float(security[name].mean()) for name in ("tested_share", "held_only_share"))
    if np.isfinite(tested):
        sentences.append(f"Of those who are earned secure, {tested:.0%} are tested: their hold included a rupture.")
    if held_only >= NOTABLE_SHARE:
        sentences.append(
            f"A further {held_only:.0%} hold their beliefs, but would lose them by one unresponsive session."
        )
    if answer.never_resilient >= NOTABLE_SHARE:
        sentences.append(
            f"{answer.never_resilient:.0%} of participants would not be resilient even after 200 responsive sessions."
        )
    if answer.continued:
        sentences.append(
            f"Sessions of {answer.continued} participants end early. There they continue with the sessions of others: "
            "the answer is about everyone, had all stayed."
        )
    return sentences


def criterion_sentences(criterion: Facts, has_worth: bool) -> str:
    """Return what counts as earned security in this run, in a model with or without self-worth."""
    c = Criterion(**{name: value for name, value in criterion.items() if name != "figure"})
    beliefs, both = ("availability or self-worth", "both beliefs") if has_worth else ("availability", "availability")
    return (
        f"Insecure at baseline: {beliefs} at {c.insecure_at_or_below:g} or below just before the first session with "
        f"the figure. Earned secure: {both} at "
        f"{c.secure_at_or_above:g} or above for {c.duration} sessions (the duration criterion), and resilient at each "
        "of them. Resilient: one unresponsive session next, after the median time between sessions, would leave "
        f"{both} at {c.resilient_at_or_above:g} or above. Tested: the sessions of the duration criterion include a "
        "rupture. Rupture: an observed outcome below 0.5. Repair: an outcome of 0.5 or more directly after a rupture. "
        f"Corrective experience: an outcome that exceeds the expectation by {c.corrective_by:g} or more, where the "
        f"expectation is below {c.feared_below:g} and {'a belief' if has_worth else 'the belief'} is below "
        f"{c.secure_at_or_above:g}. People whose sessions end early continue with those of others (a hot deck: "
        "Andridge & Little, 2010, doi:10.1111/j.1751-5823.2010.00103.x). Otherwise they are right-censored "
        "(Kaplan & Meier, 1958, doi:10.1080/01621459.1958.10501452). Shares are read as long as enough people are at "
        "risk: five, and a tenth of those insecure at baseline. New people: others of the same population "
        "who go through the sessions of this study."
    )
