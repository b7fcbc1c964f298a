"""The answer of a study of dyads: whether and when both members are secure, with its facts and sentences."""

import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.results import Results
from iwm_bayes.estimands.dyads.reciprocity import BOTH, ONE_ONLY
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.report.answer.security import Answer, Fact, SecondFact
from iwm_bayes.report.answer.words import Quantity, quantity, sentence_case
from iwm_bayes.report.dyads.carers import pull_sentences, variation_sentences
from iwm_bayes.report.dyads.changes import containment_sentences
from iwm_bayes.report.dyads.effects import partner_sentences
from iwm_bayes.report.dyads.words import both, share_text
from iwm_bayes.types import ModelSpec

SIMULATED = (
    "Shares of dyads come from a simulation of both members under the fit, from the first exchange on, and count all "
    "dyads. A member's own report follows the acts that were observed, and counts only those who were insecure at "
    "baseline, so its shares differ."
)


def dyad_question(model: ModelSpec) -> str:
    """Return the question of a study of dyads that states none."""
    return f"When are {both(list(model.members))} both secure with each other?"


def half_of_dyads(found: xr.Dataset, dyads: str) -> Quantity | None:
    """Return the exchanges until both are secure in half of the dyads, as text; None where fewer are by the horizon."""
    draws = found["exchanges"].sel(dyads=dyads, who=BOTH).values
    beyond = f"more than {int(found.attrs['horizon'])}"
    return quantity(draws, "{:.0f}", beyond) if np.isfinite(median_ci90(draws)[0]) else None


def share_fact(found: xr.Dataset, dyads: str, outcome: str, meaning: str) -> Fact:
    """Return a share of dyads as a fact."""
    number = quantity(found["reached"].sel(dyads=dyads, outcome=outcome).values, "{:.0%}")
    return Fact(number.median, f"{meaning} ({number.interval})")


def reciprocity_facts(found: xr.Dataset, roles: list[str]) -> tuple[Fact, ...]:
    """Return in how many dyads both members become secure, and each of them; and both, in new dyads."""
    these, _, new = map(str, found["dyads"].values)
    until, first, second = f"by exchange {int(found.attrs['horizon'])}", *roles
    return (
        share_fact(found, these, BOTH, f"of these dyads have two secure members {until}"),
        share_fact(found, these, first, f"have a secure {first} {until}"),
        SecondFact(*share_fact(found, these, second, f"have a secure {second} {until}")),
        share_fact(found, new, BOTH, f"of new dyads like these would have two secure members {until}"),
    )


def one_only_sentence(found: xr.Dataset) -> str:
    """Return in how many dyads one member becomes secure, and never both at once."""
    reached = found["reached"].isel(dyads=0).sel(outcome=ONE_ONLY).values
    return f"In {share_text(reached)} of these dyads one member becomes secure, and never both at once."


def further_sentences(results: Results) -> list[str]:
    """Return partner effects, the pull, what containment would change, and persons with several dyads."""
    sentences, datasets = [], results.datasets
    for name, say in (
        ("actor_partner", partner_sentences),
        ("countertransference", pull_sentences),
        ("counterfactual_dyads", containment_sentences),
        ("member_variation", variation_sentences),
    ):
        sentences += say(datasets[name]) if name in datasets else []
    return sentences


def security_terms(found: xr.Dataset, has_worth: bool) -> str:
    """Return what secure means in a report of dyads, for readers who do not know it."""
    criterion, both_beliefs = found.attrs, "both beliefs" if has_worth else "availability"
    return (
        f"Secure: {both_beliefs} at {criterion['secure_at_or_above']:g} or above, which one exchange without response "
        f"would not undo; to become secure is to be so at {criterion['duration']} exchanges in a row. CrI: credible "
        "interval, with 90% of the posterior."
    )


def dyad_answer(model: ModelSpec, results: Results) -> Answer:
    """Return the answer of a study of dyads."""
    found, roles = results.datasets.get("reciprocity"), list(model.members)
    title = f"Security of {both(roles)}"
    if found is None:
        first, *others = further_sentences(results) or ["Both members are described in reports of their own."]
        return Answer(title, first, "", (), tuple(others))
    these, horizon = str(found["dyads"].values[0]), int(found.attrs["horizon"])
    half = half_of_dyads(found, these)
    if half is None:
        statement = f"In fewer than half of these dyads both members are secure by exchange {horizon}"
        uncertainty = f": {share_text(found['reached'].sel(dyads=these, outcome=BOTH).values)}."
    else:
        statement = f"In half of these dyads both members are secure by exchange {half.median}"
        uncertainty = f" ({half.interval})."
    sentences = (one_only_sentence(found), *further_sentences(results), SIMULATED)
    return Answer(sentence_case(title), statement, uncertainty, reciprocity_facts(found, roles), sentences)
