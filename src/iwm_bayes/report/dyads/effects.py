"""What the beliefs of one member do to the acts of both, in sentences."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from iwm_bayes.estimands.dyads.plot_data import STEP
from iwm_bayes.report.dyads.words import act_words, belief_of, excludes_0, signed_text, the

ACTOR = "actor"  # the effect on own acts


def effect_draws(found: xr.Dataset, role: str, effect: str) -> np.ndarray:
    """Return an effect by draw, mean of the dyads; NaN where there is none."""
    return found["mean_effect"].sel(role=role, effect=effect).values


def effect_clause(found: xr.Dataset, role: str, effect: str) -> str:
    """Return how much an act changes with a belief, and whether that is shown; empty where there is no such effect."""
    draws = STEP * effect_draws(found, role, effect)
    if np.isnan(draws).any():
        return ""
    one = found.sel(role=role, effect=effect)
    (other,) = (each for each in map(str, found["role"].values) if each != role)
    act, whose = act_words(str(one["act"].values)), str(one["whose_act"].values)
    changes = f"this member's own {act}" if whose == role else f"the next {act} of {the(whose)}"
    does = "changes by" if one["above_0"] or excludes_0(draws) else "does not clearly change:"
    belief = belief_of(str(one["belief"].values), role, other)
    return f"if {belief} is {STEP:g} higher, {changes} {does} {signed_text(draws)}"


def effect_sentence(found: xr.Dataset, roles: Sequence[str], effect: str) -> str:
    """Return an effect of one member or of both in a sentence; empty where there is none."""
    clauses = [clause for role in roles if (clause := effect_clause(found, role, effect))]
    kind, _, way = effect.partition(" ")
    named = f"{kind.capitalize()} effect{f' {way}' if way else ''}"
    return f"{named}: {'; '.join(clauses)}, on a scale of 0–1." if clauses else ""


def partner_sentences(found: xr.Dataset) -> list[str]:
    """Return a sentence on both members for each effect on the other's acts: through learning first, then by bids."""
    roles, effects = (list(map(str, found[name].values)) for name in ("role", "effect"))
    return sentences_of(found, [(roles, effect) for effect in effects if effect != ACTOR])


def effect_sentences(found: xr.Dataset) -> list[str]:
    """Return one sentence for each effect of each member, as far as there are any: those on own acts first."""
    roles, effects = (list(map(str, found[name].values)) for name in ("role", "effect"))
    return sentences_of(found, [([role], effect) for effect in effects for role in roles])


def sentences_of(found: xr.Dataset, asked: Sequence[tuple[Sequence[str], str]]) -> list[str]:
    """Return a sentence for each effect of members that there is, and which effects are above 0 by assumption."""
    said = [(roles, effect, sentence) for roles, effect in asked if (sentence := effect_sentence(found, roles, effect))]
    kinds = dict.fromkeys(
        effect for roles, effect, _ in said if found["above_0"].sel(role=list(roles), effect=effect).any()
    )
    return [*(sentence for *_, sentence in said), *([assumed_sentence(list(kinds))] if kinds else [])]


def assumed_sentence(effects: Sequence[str]) -> str:
    """Return which kinds of effects are above 0 by assumption."""
    kinds = [f"{kind} effects{f' {way}' if way else ''}" for kind, _, way in (one.partition(" ") for one in effects)]
    return f"By the model's assumptions, {' and '.join(kinds)} are above 0: the question is how large they are."
