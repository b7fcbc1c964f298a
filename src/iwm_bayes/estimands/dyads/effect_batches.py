"""The effects of both members of every dyad, for given values of all parameters and for draws of them."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.estimands.dyads.effect_paths import EFFECTS, mean_effect, paths_of_members
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.model.priors import figure_names
from iwm_bayes.rules.dyad import other_role
from iwm_bayes.simulation.draws import draws_as_people, events_as_people, posterior_batches
from iwm_bayes.types import ModelSpec


def effects_of_dyads(
    model: ModelSpec, data: xr.Dataset, values: dict[str, np.ndarray], events: np.ndarray
) -> np.ndarray:
    """Return the effects of both members of every dyad, (role, effect, place), along an event array of all places."""
    present = data["present"].transpose("event", "person").values
    there = np.tile(present, (1, events.shape[2] // present.shape[1]))
    paths = paths_of_members(model, data, values, events)
    return np.array(
        [
            [mean_effect(own, paths[other_role(model.members, role)], effect, there) for effect in EFFECTS]
            for role, own in paths.items()
        ]
    )


def effect_batches(model: ModelSpec, data: xr.Dataset, posterior: xr.Dataset, draws: int) -> Iterator[np.ndarray]:
    """Yield the effects of both members in batches of draws, (role, effect, sample, dyad)."""
    people, figures, events = data.sizes["person"], figure_names(data), event_array(data)
    for batch in posterior_batches(posterior, draws, people):
        values = draws_as_people(model, batch, figures, people)
        found = effects_of_dyads(model, data, values, events_as_people(model, batch, events, np.random.default_rng(1)))
        yield found.reshape(*found.shape[:2], -1, people)
