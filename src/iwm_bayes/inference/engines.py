"""The two engines: what computes a model's likelihood and samples its posterior.

    person_likelihood   (model, figures) -> (event array, response array, theta) -> (log likelihood, gradient) by person
    event_likelihood    (model, figures) -> (event array, response array, theta) -> log likelihood (event, person)
    sampler             (model, data) -> `Sampler`, which gives nutpie's model of any data

The arrays are those of `model.build.model_data`; `theta` is (parameter, person), on the link scale. Both engines have
the same density, gradient and coordinates: see `filtering.engine_choice` for which one is used.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import pymc as pm
import xarray as xr

from iwm_bayes.filtering.engine_choice import with_fallback
from iwm_bayes.inference.nutpie_numba import compile_graph
from iwm_bayes.inference.plain.graph_sampler import compile_public, graph_sampler
from iwm_bayes.inference.plain.likelihood import (
    EventLikelihood,
    PersonLikelihood,
    compile_event_likelihood,
    compile_person_likelihood,
)
from iwm_bayes.types import ModelSpec


class Sampler(Protocol):
    """A posterior that is ready to be sampled."""

    def with_data(self, data: xr.Dataset, transform: xr.Dataset) -> Any:
        """Return nutpie's compiled model of these data, in the transform of people that `pilot` describes."""


class Engine(NamedTuple):
    """How one engine builds what the program needs of a model."""

    person_likelihood: Callable[[ModelSpec, Sequence[str]], PersonLikelihood]
    event_likelihood: Callable[[ModelSpec, Sequence[str]], EventLikelihood]
    sampler: Callable[[ModelSpec, xr.Dataset], Sampler]
    of_graph: Callable[[pm.Model, Sequence[str]], Any]  # nutpie's model of any graph, and of variables to keep


ENGINES: Mapping[str, Engine] = {
    "fast": Engine(
        compile_person_likelihood, compile_event_likelihood, partial(graph_sampler, compile_graph), compile_graph
    ),
    "plain": Engine(
        compile_person_likelihood, compile_event_likelihood, partial(graph_sampler, compile_public), compile_public
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


def compile_for_nutpie(build_graph: Callable[[], tuple[pm.Model, Sequence[str]]]) -> tuple[Any, pm.Model]:
    """Return nutpie's model of a graph, by the engine in use, and the graph.

    `build_graph` returns a graph, which may differ by engine, and the names of variables to keep.
    """

    def build(engine: Engine) -> tuple[Any, pm.Model]:
        graph, keep = build_graph()
        return engine.of_graph(graph, keep), graph

    return with_fallback({name: partial(build, engine) for name, engine in ENGINES.items()})
