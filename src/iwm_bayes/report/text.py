"""What a report says in sentences: the status of the fit, the answer, and the criterion behind it."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from iwm_bayes.data.binding import participants_noun
from iwm_bayes.data.study import PARTICIPANTS
from iwm_bayes.diagnostics.convergence_checks import check_convergence
from iwm_bayes.diagnostics.permutation_test import PermutationTest
from iwm_bayes.estimands.security.answers import SecurityAnswer
from iwm_bayes.estimands.security.answers import security_answer as compute_answer
from iwm_bayes.estimands.security.criterion import Criterion
from iwm_bayes.report.answer.security import hold_sentences, not_assessed, security_answer
from iwm_bayes.types import ModelSpec
from iwm_bayes.workflow.fit_file import model_of
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.verbs import chosen_figure

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


def answer_sentence(answer: SecurityAnswer, noun: str = PARTICIPANTS) -> str:
    """Return the time to earned security toward one figure, or of the generalised expectation, in words."""
    if reason := not_assessed(answer, noun):
        return reason
    found = security_answer(answer, answer.security.sizes["person"], noun, names_figure=True)
    facts = [f"{fact.value} {fact.meaning}." for fact in found.facts]
    return " ".join([f"{found.statement}{found.uncertainty}", *facts, *hold_sentences(answer), *found.sentences])


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
    noun = participants_noun(fit["constant_data"].to_dataset())
    sentence = answer_sentence(compute_answer(model_of(fit, model), fit, chosen_figure(fit, figure)), noun)
    status = check_convergence(fit).status
    return sentence if status == "converged" else f"{sentence} [{status}]"


def read_criterion(criterion: Facts) -> Criterion:
    """Return the criterion that a manifest holds; it names the figure, too."""
    return Criterion(**{name: value for name, value in criterion.items() if name != "figure"})


def short_definition(criterion: Facts, has_worth: bool) -> str:
    """Return the terms of a key result in two sentences, for readers who know neither."""
    c, both = read_criterion(criterion), "both beliefs" if has_worth else "availability"
    return (
        f"Earned secure: insecure at first, then {both} at {c.secure_at_or_above:g} or above in {c.duration} sessions, "
        "each of which one unresponsive session would not undo. CrI: credible interval, with 90% of the posterior."
    )


def criterion_sentences(criterion: Facts, has_worth: bool) -> str:
    """Return what counts as earned security in this run, with or without self-worth; one paragraph a line."""
    c = read_criterion(criterion)
    beliefs, both = ("availability or self-worth", "both beliefs") if has_worth else ("availability", "availability")
    return "\n".join(
        [
            f"Insecure at baseline: {beliefs} at {c.insecure_at_or_below:g} or below just before the first session "
            "with the figure.",
            f"Earned secure: {both} at {c.secure_at_or_above:g} or above for {c.duration} sessions (the duration "
            "criterion), and resilient at each of them. Resilient: one unresponsive session next, after the median "
            f"time between sessions, would leave {both} at {c.resilient_at_or_above:g} or above. Tested: the sessions "
            "of the duration criterion include a rupture.",
            "Rupture: an observed outcome below 0.5. Repair: an outcome of 0.5 or more directly after a rupture.",
            f"Corrective experience: an outcome that exceeds the expectation by {c.corrective_by:g} or more, where the "
            f"expectation is below {c.feared_below:g} and {'a belief' if has_worth else 'the belief'} is below "
            f"{c.secure_at_or_above:g}.",
            "People whose sessions end early continue with those of others (a hot deck: Andridge & Little, 2010, "
            "doi:10.1111/j.1751-5823.2010.00103.x). Otherwise they are right-censored (Kaplan & Meier, 1958, "
            "doi:10.1080/01621459.1958.10501452). Shares are read as long as enough people are at risk: five, and a "
            "tenth of those insecure at baseline. New people: others of the same population who go through the "
            "sessions of this study.",
        ]
    )
