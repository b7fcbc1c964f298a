"""The two engines: what computes a model's likelihood and samples its posterior.

    person_likelihood   (model, figures) -> (event array, response array, theta) -> (log likelihood, gradient) by person
    event_likelihood    (model, figures) -> (event array, response array, theta) -> log likelihood (event, person)
    sampler             (model, data) -> `Sampler`, which gives nutpie's model of any data

The arrays are those of `model.inputs.model_data`; `theta` is (parameter, person), on the link scale. Both engines have
the same density, gradient and coordinates: see `filtering.engine_choice` for which one is used.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple, Protocol

import numpy as np
import xarray as xr

from iwm_bayes.filtering.engine_choice import with_fallback
from iwm_bayes.types import ModelSpec

type PersonLikelihood = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
type EventLikelihood = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Sampler(Protocol):
    """A posterior that is ready to be sampled."""

    def with_data(self, data: xr.Dataset, transform: xr.Dataset) -> Any:
        """Return nutpie's compiled model of these data, in the transform of people that `pilot` describes."""


class Engine(NamedTuple):
    """How one engine builds what the program needs of a model."""

    person_likelihood: Callable[[ModelSpec, Sequence[str]], PersonLikelihood]
    event_likelihood: Callable[[ModelSpec, Sequence[str]], EventLikelihood]
    sampler: Callable[[ModelSpec, xr.Dataset], Sampler]


def imported(place: str) -> Callable[..., Any]:
    """Return a function by "module:name" under `iwm_bayes`; its module is imported when it is first called."""
    module, _, name = place.partition(":")

    def call(*arguments: Any) -> Any:
        return getattr(import_module(f"iwm_bayes.{module}"), name)(*arguments)

    return call


ENGINES: Mapping[str, Engine] = {
    "fast": Engine(
        imported("model.person_step:person_kernel"),
        imported("model.person_step:event_kernel"),
        imported("inference.engine.sampler:fast_sampler"),
    ),
    "plain": Engine(
        imported("inference.plain.likelihood:compile_person_likelihood"),
        imported("inference.plain.likelihood:compile_event_likelihood"),
        imported("inference.plain.graph_sampler:plain_sampler"),
    ),
}


def person_likelihood(model: ModelSpec, figures: Sequence[str]) -> PersonLikelihood:
    """Build the log likelihood of each person, with its gradient, by the engine in use."""
    return with_fallback({name: partial(engine.person_likelihood, model, figures) for name, engine in ENGINES.items()})


def event_likelihood(model: ModelSpec, figures: Sequence[str]) -> EventLikelihood:
    """Build the log likelihood of each event by the engine in use."""
    return with_fallback({name: partial(engine.event_likelihood, model, figures) for name, engine in ENGINES.items()})


def sampler(model: ModelSpec, data: xr.Dataset) -> Sampler:
    """Build the sampler of a model by the engine in use."""
    return with_fallback({name: partial(engine.sampler, model, data) for name, engine in ENGINES.items()})
