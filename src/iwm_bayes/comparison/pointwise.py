"""How probable people's answers are, for any people: the likelihood without a sampler.

People as they might be stand beside each other, M of them, each in the place of a person of the data: their values are
link-scale (row, M), `person` (M,) says in whose place they stand.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import turns
from iwm_bayes.model.build import swappable
from iwm_bayes.model.compile import pointwise
from iwm_bayes.types import Model


class Told(NamedTuple):
    """A theory's log density of a data set, compiled."""

    graph: Any  # a pm.Model with as many places as the data have people
    function: Any
    given: Mapping[int, Mapping[str, np.ndarray]]  # what enters the graph, by how many sessions are foretold
    turn: np.ndarray  # (event, person), see `answers.turns`
    answered: np.ndarray  # (event, person), whether anything was answered

    @property
    def echoes(self) -> bool:
        """Whether what is foretold depends on how far ahead it is, what happens being known."""
        first, *others = (given["answers"] for given in self.given.values())
        return any(not np.array_equal(first, other) for other in others)

    @property
    def sessions(self) -> int:
        return int(self.turn.max()) + 1


def told(model: Model, data: xr.Dataset, aheads: Sequence[int] = (1,)) -> Told:
    """Compile the log density of every event, as foretold so many sessions ahead: see `answers.last_answer`."""
    graph, function = pointwise(model, data)
    given = {ahead: swappable(model, data, ahead) for ahead in aheads}
    kept = {ahead: {name: found[name] for name in ("course", "answers")} for ahead, found in given.items()}
    answered = np.any([data[f"answer_{name}"].notnull().values for name in model.responses], axis=0)
    return Told(graph, function, kept, turns(data), answered)


def by_event(ready: Told, level: np.ndarray, person: np.ndarray, ahead: int = 1) -> np.ndarray:
    """Log density of what was answered at every event, (event, M)."""
    (events, places), count = ready.turn.shape, len(person)
    found = np.empty((events, count))
    for first in range(0, count, places):
        some = np.arange(first, min(first + places, count))
        filled = np.resize(some, places)
        for name, array in ready.given[ahead].items():
            ready.graph[name].set_value(array[:, :, person[filled]], borrow=True)
        found[:, some] = ready.function(level[:, filled])[:, : len(some)]
    return found


def by_session(ready: Told, level: np.ndarray, person: np.ndarray, ahead: int = 1) -> np.ndarray:
    """The same by session, (session, M)."""
    everyone = np.arange(len(person))
    found = np.zeros((ready.sessions + 1, len(person)))  # the last for events that are none
    for session, density in zip(ready.turn[:, person], by_event(ready, level, person, ahead), strict=True):
        found[session, everyone] += density
    return found[:-1]


def by_person(ready: Told, level: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Log likelihood of everything that each answered, (M,)."""
    return by_event(ready, level, person).sum(axis=0)
