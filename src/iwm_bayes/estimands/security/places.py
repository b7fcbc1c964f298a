"""Whose sessions people go through: their own, or those of somebody else, with the outcomes that these had.

Where raters rate a latent outcome, a session of a donor k has the outcome that it had for the donor, in the same draw:

    outcome[t, place] = sigmoid(logit(responsiveness[k]) + responsiveness_variation z[t, k])

Care thus belongs to the session, whatever the responsiveness of the person who goes through it. So do its event terms:
in an interaction of a covariate of people with one of sessions, they have the donor's covariate of people.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.simulation.draws import outcomes_as_people
from iwm_bayes.types import ModelSpec


class Places(NamedTuple):
    """Whose events each of the (draw, person) experiences: index of event and person, (event, draw * person) each."""

    event: np.ndarray
    person: np.ndarray

    @property
    def is_own(self) -> np.ndarray:
        """Whether an event is that of the person in the first place."""
        return self.person == self.person[0]


def own_events(data: xr.Dataset, repeats: int) -> Places:
    """Return places in which everybody experiences their own events."""
    events, people = data.sizes["event"], data.sizes["person"]
    event, person = np.tile(np.arange(events)[:, None], (1, people)), np.tile(np.arange(people), (events, 1))
    return Places(np.tile(event, (1, repeats)), np.tile(person, (1, repeats)))


def outcomes_at_places(model: ModelSpec, posterior: xr.Dataset, data: xr.Dataset, places: Places) -> np.ndarray | None:
    """Return the outcomes of the sessions that people go through, (event, place); None where none is latent.

    `posterior` has the dim `sample`; places are in the order (sample, person), with as many people in each draw.
    """
    if model.rule.outcome is None:
        return None
    outcomes, samples = outcomes_as_people(model, posterior, data), posterior.sizes["sample"]
    n_places = places.person.shape[1]
    draw = np.arange(n_places) // (n_places // samples)
    return outcomes[places.event, draw * data.sizes["person"] + places.person]


def with_known_outcomes(events: np.ndarray, outcomes: np.ndarray) -> np.ndarray:
    """Return an event array in which the outcomes of rated events are known, (event, place)."""
    outcome, rated = EVENT_FIELDS.index("outcome"), EVENT_FIELDS.index("rated")
    known = events.copy()
    known[:, outcome] = np.where(events[:, rated] > 0, outcomes, events[:, outcome])
    known[:, rated] = 0.0
    return known
