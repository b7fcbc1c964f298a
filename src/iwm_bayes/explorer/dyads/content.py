"""What the page of a dyad shows of a state: dyads are simulated, drawn, and described in sentences."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION
from iwm_bayes.explorer.content import ModelKey
from iwm_bayes.explorer.dyads.members import OTHER, SIDES, acts_of, dyad_of
from iwm_bayes.explorer.dyads.scenario import (
    DyadResult,
    MemberChoice,
    secure_shares,
    simulate_dyad,
    summary,
)
from iwm_bayes.explorer.dyads.sentences import dyad_readouts, dyad_sentences, why_not_secure
from iwm_bayes.explorer.dyads.state import DyadState
from iwm_bayes.types import ModelSpec
from iwm_bayes.viz.plotly.dyads import acts_figure, dyad_beliefs_figure, reciprocity_figure

BELIEFS = ("availability", "worth")


@lru_cache(maxsize=64)
def simulate_cached(
    keys: tuple[ModelKey, ...], choices: tuple[MemberChoice, ...], exchanges: int, distress: float
) -> DyadResult:
    """Simulate dyads, unless their result is known: the exchange and the dyad that are shown change nothing."""
    first, second = (key.model for key in keys)
    return simulate_dyad(dyad_of(first, second), dict(zip(SIDES, choices, strict=True)), exchanges, distress)


def shown_dyads(values: np.ndarray, run: int) -> np.ndarray:
    """Return the dyads that are drawn, of values (..., dyad): one, or all if `run` is 0."""
    return values[..., run - 1 : run] if run else values


def belief_summary(beliefs: np.ndarray) -> xr.Dataset:
    """Return the median and the range of 90% of beliefs (belief, position, dyad); without those a model lacks."""
    held = {name: values for name, values in zip(BELIEFS, beliefs, strict=True) if np.isfinite(values).all()}
    return xr.concat([summary(values) for values in held.values()], "belief").assign_coords(belief=list(held))


def act_lines(
    state: DyadState, models: Mapping[str, ModelSpec], result: DyadResult
) -> dict[str, tuple[int, str, np.ndarray]]:
    """Return the acts of both members by label: those that are outcomes, and bids where they are other acts."""
    lines = {}
    for index, side in enumerate(SIDES):
        acts = acts_of(models[side], models[OTHER[side]])
        kinds = {acts.outcome: ("dash" if index else "solid", result.acts[side])}
        kinds |= {acts.bid: ("dot", result.bids[side])} if acts.bid != acts.outcome else {}
        for name, (dash, values) in kinds.items():
            label = f"{state.name_of(side)}: {name.replace('_', ' ')}"
            lines[label] = (index, dash, shown_dyads(values, state.run).mean(axis=1))
    return lines


def dyad_content(state: DyadState, specs: Mapping[str, ModelSpec]) -> dict[str, Any]:
    """Simulate a state and return everything that the page shows of it: see `explorer.content.page_content`."""
    models = {side: specs[name] for side, name in state.models.items()}
    keys = tuple(ModelKey(model) for model in models.values())
    result = simulate_cached(keys, tuple(state.choices[side] for side in SIDES), state.exchanges, state.distress)
    names = {side: state.name_of(side) for side in SIDES}
    members = {names[side]: belief_summary(shown_dyads(result.beliefs[side], state.run)) for side in SIDES}
    shares = {names.get(side, side): share for side, share in secure_shares(result).items()}
    return {
        "pictures": {
            "beliefs": dyad_beliefs_figure(members, DEFAULT_CRITERION),
            "acts": acts_figure(act_lines(state, models, result), bool(state.run)),
            "reciprocity": reciprocity_figure(shares, state.exchanges) if result.horizon else None,
        },
        "instead": {"reciprocity": why_not_secure(state.exchanges)},
        "first": 0,
        "last": state.exchanges,
        "position": state.position,
        "readouts": dyad_readouts(names, members, result, state.run),
        "sentences": dyad_sentences(names, result, shares),
        "notes": list(state.notes),
    }
