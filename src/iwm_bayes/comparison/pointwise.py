"""How probable people's answers are, for any people: the likelihood without a sampler.

People as they might be stand beside each other, M of them, each in the place of a person of the data: their values are
link-scale (row, M), `person` (M,) says in whose place they stand.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import session_index
from iwm_bayes.model.build import model_data
from iwm_bayes.model.compile import compile_event_likelihood
from iwm_bayes.types import ModelSpec


class PointwiseLikelihood(NamedTuple):
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


def pointwise_likelihood(model: ModelSpec, data: xr.Dataset, aheads: Sequence[int] = (1,)) -> PointwiseLikelihood:
    """Compile the log density of every event, as foretold so many sessions ahead: see `answers.last_answer`."""
    graph, function = compile_event_likelihood(model, data)
    given = {ahead: model_data(model, data, ahead) for ahead in aheads}
    kept = {ahead: {name: found[name] for name in ("course", "answers")} for ahead, found in given.items()}
    answered = np.any([data[f"answer_{name}"].notnull().values for name in model.responses], axis=0)
    return PointwiseLikelihood(graph, function, kept, session_index(data), answered)


def log_likelihood_by_event(
    ready: PointwiseLikelihood, level: np.ndarray, person: np.ndarray, ahead: int = 1
) -> np.ndarray:
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


def log_likelihood_by_session(
    ready: PointwiseLikelihood, level: np.ndarray, person: np.ndarray, ahead: int = 1
) -> np.ndarray:
    """The same by session, (session, M)."""
    everyone = np.arange(len(person))
    found = np.zeros((ready.sessions + 1, len(person)))  # the last for events that are none
    for session, density in zip(
        ready.turn[:, person], log_likelihood_by_event(ready, level, person, ahead), strict=True
    ):
        found[session, everyone] += density
    return found[:-1]


def log_likelihood_by_person(ready: PointwiseLikelihood, level: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Log likelihood of everything that each answered, (M,)."""
    return log_likelihood_by_event(ready, level, person).sum(axis=0)
