"""The graph of a model as JAX takes it: all data and shapes are constants, and JAX is installed."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec

import pymc as pm
import xarray as xr
from pymc.model.transform.optimization import freeze_dims_and_data

from iwm_bayes.filtering.engine_choice import using_engine
from iwm_bayes.inference.base import set_model_data
from iwm_bayes.model.build import build
from iwm_bayes.types import InputError, ModelSpec


def check_installed(backend: str, libraries: Sequence[str]) -> None:
    """Raise InputError unless the libraries of a backend are installed."""
    if missing := [library for library in libraries if find_spec(library) is None]:
        remedy = "Install the extra: pip install 'iwm-bayes[jax]'"
        raise InputError([f"the backend {backend} needs {' and '.join(missing)}. {remedy}"])


def constant_graph(model: ModelSpec, data: xr.Dataset, transform: xr.Dataset) -> pm.Model:
    """Return the plain graph of a model with these data as constants, and chains that begin where it says."""
    graph = build(model, data)
    set_model_data(graph, model, data, transform)
    for variable, start in graph.rvs_to_initial_values.items():
        if start is not None:  # a datum of the graph, which is about to be a constant
            graph.set_initval(variable, start.eval())
    return freeze_dims_and_data(graph)


def with_constant_graph[Made](
    model: ModelSpec, data: xr.Dataset, transform: xr.Dataset, function: Callable[[pm.Model], Made]
) -> Made:
    """Return a function of the graph of these data; transforms of its variables are plain ones, too."""
    with using_engine("plain"):
        return function(constant_graph(model, data, transform))
