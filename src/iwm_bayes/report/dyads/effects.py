"""What the beliefs of one member do to the acts of both, in sentences."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from iwm_bayes.report.dyads.words import STEP, act_words, belief_words, excludes_0, signed_text, the

ACTOR = "actor"  # the effect on own acts


def effect_draws(found: xr.Dataset, role: str, effect: str) -> np.ndarray:
    """Return an effect by draw, mean of the dyads; NaN where there is none."""
    return found["mean_effect"].sel(role=role, effect=effect).values


def effect_sentence(found: xr.Dataset, role: str, effect: str) -> str:
    """Return how much an act changes with a belief, and whether that is shown; empty where there is no such effect."""
    draws = STEP * effect_draws(found, role, effect)
    if np.isnan(draws).any():
        return ""
    one = found.sel(role=role, effect=effect)
    act, whose = act_words(str(one["act"].values)), str(one["whose_act"].values)
    changes = f"this member's own {act}" if whose == role else f"the next {act} of {the(whose)}"
    kind, _, way = effect.partition(" ")
    named = f"{kind.capitalize()} effect{f' {way}' if way else ''}"
    does = "changes by" if one["above_0"] or excludes_0(draws) else "does not clearly change:"
    belief = belief_words(str(one["belief"].values))
    return (
        f"{named}: with {STEP:g} more {belief} of {the(role)}, {changes} {does} "
        f"{signed_text(draws)}, on a scale of 0–1."
    )


def partner_sentences(found: xr.Dataset) -> list[str]:
    """Return one sentence for each effect on the other's acts that there is: through learning first, then by bids."""
    return sentences_of(found, [name for name in map(str, found["effect"].values) if name != ACTOR])


def effect_sentences(found: xr.Dataset) -> list[str]:
    """Return one sentence for each effect that there is: those on own acts first."""
    return sentences_of(found, list(map(str, found["effect"].values)))


def sentences_of(found: xr.Dataset, effects: Sequence[str]) -> list[str]:
    """Return a sentence for each of some effects of each member, and which effects are above 0 by assumption."""
    pairs = [(role, effect) for effect in effects for role in map(str, found["role"].values)]
    said = {pair: sentence for pair in pairs if (sentence := effect_sentence(found, *pair))}
    kinds = dict.fromkeys(effect for role, effect in said if found["above_0"].sel(role=role, effect=effect))
    return [*said.values(), *([assumed_sentence(list(kinds))] if kinds else [])]


def assumed_sentence(effects: Sequence[str]) -> str:
    """Return which kinds of effects are above 0 by assumption."""
    kinds = [f"{kind} effects{f' {way}' if way else ''}" for kind, _, way in (one.partition(" ") for one in effects)]
    return f"By the model's assumptions, {' and '.join(kinds)} are above 0: the question is how large they are."
