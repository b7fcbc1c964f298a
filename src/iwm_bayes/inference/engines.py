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

import xarray as xr

from iwm_bayes.filtering.engine_choice import with_fallback
from iwm_bayes.inference.base import EventLikelihood, PersonLikelihood
from iwm_bayes.lazy import lazy_module
from iwm_bayes.types import ModelSpec

graph_sampler = lazy_module("iwm_bayes.inference.plain.graph_sampler")
likelihood = lazy_module("iwm_bayes.inference.plain.likelihood")
nutpie_numba = lazy_module("iwm_bayes.inference.nutpie_numba")


class Sampler(Protocol):
    """A posterior that is ready to be sampled."""

    def with_data(self, data: xr.Dataset, transform: xr.Dataset) -> Any:
        """Return nutpie's compiled model of these data, in the transform of people that `pilot` describes."""


class Engine(NamedTuple):
    """How one engine builds what the program needs of a model."""

    person_likelihood: Callable[[ModelSpec, Sequence[str]], PersonLikelihood]
    event_likelihood: Callable[[ModelSpec, Sequence[str]], EventLikelihood]
    sampler: Callable[[ModelSpec, xr.Dataset], Sampler]
    of_graph: Callable[[Any, Sequence[str]], Any]  # nutpie's model of any graph, and of variables to keep


def graph_engine(compiler: Callable[[Any, Sequence[str]], Any]) -> Engine:
    """Return the engine that evaluates graphs, of which `compiler` makes nutpie's model."""
    return Engine(
        lambda model, figures: likelihood.compile_person_likelihood(model, figures),
        lambda model, figures: likelihood.compile_event_likelihood(model, figures),
        lambda model, data: graph_sampler.graph_sampler(compiler, model, data),
        compiler,
    )


ENGINES: Mapping[str, Engine] = {
    "fast": graph_engine(lambda graph, keep: nutpie_numba.compile_graph(graph, keep)),
    "plain": graph_engine(lambda graph, keep: graph_sampler.compile_public(graph, keep)),
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


def compile_for_nutpie(build_graph: Callable[[], tuple[Any, Sequence[str]]]) -> tuple[Any, Any]:
    """Return nutpie's model of a graph, by the engine in use, and the graph.

    `build_graph` returns a graph, which may differ by engine, and the names of variables to keep.
    """

    def build(engine: Engine) -> tuple[Any, Any]:
        graph, keep = build_graph()
        return engine.of_graph(graph, keep), graph

    return with_fallback({name: partial(build, engine) for name, engine in ENGINES.items()})
