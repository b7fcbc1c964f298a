"""Pointwise log likelihoods of people, computed without a sampler.

Sets of parameter values stand side by side, M of them. Each belongs to one person of the data: `theta` is link-scale
(parameter, M), and `person` (M,) holds the index of that person. A person may occur in many columns.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.unrecorded import fill_unrecorded
from iwm_bayes.filtering.arrays import session_index
from iwm_bayes.inference.engines import EventLikelihood, event_likelihood
from iwm_bayes.model.inputs import model_data
from iwm_bayes.model.priors import figure_names
from iwm_bayes.types import ModelSpec

ALL_KNOWN = 0  # in place of a horizon: all sessions are known
INPUTS = ("event_array", "response_array")  # of a likelihood


class PointwiseLikelihood(NamedTuple):
    """The compiled log likelihood of a model for one data set."""

    function: EventLikelihood
    arrays: Mapping[int, Mapping[str, np.ndarray]]  # of `model_data` by horizon, in sessions, or `ALL_KNOWN`
    session: np.ndarray  # (event, person) index of the session, -1 where there is no event
    answered: np.ndarray  # (event, person) whether the event has any response

    @property
    def depends_on_horizon(self) -> bool:
        """Return whether predictions depend on the horizon, given all outcomes: only where responses carry over."""
        first, *others = (arrays["response_array"] for horizon, arrays in self.arrays.items() if horizon != ALL_KNOWN)
        return any(not np.array_equal(first, other) for other in others)

    @property
    def n_sessions(self) -> int:
        return int(self.session.max()) + 1


def pointwise_likelihood(model: ModelSpec, data: xr.Dataset, horizons: Sequence[int] = ()) -> PointwiseLikelihood:
    """Compile the log likelihood of every event.

    A horizon hides recent responses (see `filtering.arrays`), and what later sessions say about unrecorded outcomes.
    """
    function = event_likelihood(model, figure_names(data))
    as_known_then = fill_unrecorded(data, earlier_sessions_only=True)
    inputs = {ALL_KNOWN: model_data(model, data)}
    inputs |= {horizon: model_data(model, as_known_then, horizon) for horizon in horizons}
    arrays = {key: {name: own[name] for name in INPUTS} for key, own in inputs.items()}
    answered = np.any([data[f"answer_{name}"].notnull().values for name in model.responses], axis=0)
    return PointwiseLikelihood(function, arrays, session_index(data), answered)


def log_likelihood_by_event(
    likelihood: PointwiseLikelihood, theta: np.ndarray, person: np.ndarray, horizon: int = ALL_KNOWN
) -> np.ndarray:
    """Compute the log likelihood of every event, (event, M), in batches of as many columns as there are people."""
    (events, people), count = likelihood.session.shape, len(person)
    log_likelihood = np.empty((events, count))
    for first in range(0, count, people):
        batch = np.arange(first, min(first + people, count))
        columns = person[batch]
        events, responses = (likelihood.arrays[horizon][name][:, :, columns] for name in INPUTS)
        log_likelihood[:, batch] = likelihood.function(events, responses, theta[:, batch])
    return log_likelihood


def log_likelihood_by_session(
    likelihood: PointwiseLikelihood, theta: np.ndarray, person: np.ndarray, horizon: int = ALL_KNOWN
) -> np.ndarray:
    """Compute the log likelihood of every session, (session, M)."""
    columns = np.arange(len(person))
    by_session = np.zeros((likelihood.n_sessions + 1, len(person)))  # the last row is for padding without an event
    by_event = log_likelihood_by_event(likelihood, theta, person, horizon)
    for session, log_likelihood in zip(likelihood.session[:, person], by_event, strict=True):
        by_session[session, columns] += log_likelihood
    return by_session[:-1]


def log_likelihood_by_person(likelihood: PointwiseLikelihood, theta: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Compute the log likelihood of all responses of a person, (M,)."""
    return log_likelihood_by_event(likelihood, theta, person).sum(axis=0)
