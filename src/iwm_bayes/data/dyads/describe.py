"""Describe data of dyads in sentences: how many there are, who learns from which act, and what is missing."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.data.dyads.coupling import ANSWER, roles_of
from iwm_bayes.data.dyads.schema import PERSON
from iwm_bayes.rules.dyad import bid_name, other_role
from iwm_bayes.rules.modifiers.pull import BIDS
from iwm_bayes.types import ModelSpec


def how_many(counts: np.ndarray) -> str:
    """Return a number, or the lowest and the highest of several."""
    low, high = int(counts.min()), int(counts.max())
    return f"{low}" if low == high else f"{low} to {high}"


def count_sentence(data: xr.Dataset) -> str:
    """Return how many dyads and exchanges there are, such as "12 dyads (patient, therapist), 12 exchanges each"."""
    exchanges = data["present"].values.sum(axis=0)
    return f"{data.sizes['person']} dyads ({', '.join(roles_of(data))}), {how_many(exchanges)} exchanges each"


def people_sentences(data: xr.Dataset) -> Iterator[str]:
    """Yield how many different people a member is, where the study says who they are."""
    for role in roles_of(data):
        if f"{PERSON}{role}" in data:
            _, counts = np.unique(data[f"{PERSON}{role}"].values, return_counts=True)
            dyads = "dyad" if counts.max() == 1 else "dyads"
            yield f"{role}: {len(counts)} different people, in {how_many(counts)} {dyads} each"


def outcome_sentence(model: ModelSpec, data: xr.Dataset, role: str) -> str:
    """Return which act of the other is the outcome of a member, and at how many exchanges it was observed."""
    other = other_role(model.members, role)
    member, terms = model.members[role], data["event_terms"]
    observed, present = terms.sel(event_term=f"{role} observed").values > 0, data["present"].values
    outcome = terms.sel(event_term=f"{role} outcome").values[observed]
    when = "the same exchange" if member.exchange == "same" else "the exchange before"
    sentence = (
        f"outcome of the {role}: {member.outcome} of the {other} at {when}; observed at {int(observed.sum())} of "
        f"{int(present.sum())} exchanges, mean {outcome.mean():.2f} (0 to 1)"
    )
    bids = f"; drawn by {bid_name(member)} of the {other}" if BIDS in member.model.rule.terms else ""
    return sentence + bids


def blank_sentences(model: ModelSpec, data: xr.Dataset) -> Iterator[str]:
    """Yield responses that are blank at some exchanges."""
    present = data["present"].values
    for name in model.responses:
        if blank := int((np.isnan(data[f"{ANSWER}{name}"].values) & present).sum()):
            yield f"{name}: blank at {blank} of {int(present.sum())} exchanges"


def describe_dyads(model: ModelSpec, data: xr.Dataset) -> list[str]:
    """Return what a reader checks before a fit, apart from `count_sentence`: people, outcomes, and blanks."""
    outcomes = [outcome_sentence(model, data, role) for role in model.members]
    return [*people_sentences(data), *outcomes, *blank_sentences(model, data)]
