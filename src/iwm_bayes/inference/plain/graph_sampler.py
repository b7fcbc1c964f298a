"""nutpie's sampler of a PyMC graph, whose data can be swapped."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import nutpie
import pymc as pm
import xarray as xr

from iwm_bayes.inference.base import TRANSFORMED_VARIABLES, model_inputs
from iwm_bayes.model.build import build
from iwm_bayes.model.inputs import coordinates
from iwm_bayes.types import ModelSpec

type GraphCompiler = Callable[[pm.Model, Sequence[str]], Any]


def compile_public(graph: pm.Model, keep: Sequence[str]) -> Any:
    """Compile a graph by nutpie's public function; `keep` names what is stored in addition to the free variables."""
    return nutpie.compile_pymc_model(graph, var_names=list(keep))


def kept_variables(graph: pm.Model) -> list[str]:
    """List the variables of a model's graph that the sampler stores in addition to the free ones."""
    return [name for name in (*TRANSFORMED_VARIABLES, "theta") if name in graph.named_vars]


def with_arrays(compiled: Any, graph: pm.Model, inputs: Mapping[str, np.ndarray]) -> Any:
    """Return nutpie's model with these inputs; the graph gets them too, because it says where chains begin."""
    with graph:
        pm.set_data(dict(inputs))
    swappable = {variable.name for variable in compiled.shared_var_keys}
    return compiled.with_data(**{name: value for name, value in inputs.items() if name in swappable})


class GraphSampler(NamedTuple):
    """A model's graph, compiled for one number of people, and of innovations; another number compiles it anew."""

    model: ModelSpec
    graph: pm.Model
    compiled: Any  # nutpie's model
    compiler: GraphCompiler

    def with_data(self, data: xr.Dataset, transform: xr.Dataset) -> Any:
        """Return nutpie's model of these data, in this transform of people."""
        names = coordinates(self.model, data)
        if any(len(self.graph.coords[dim]) != len(names[dim]) for dim in ("person", "parameter_person")):
            return graph_sampler(self.compiler, self.model, data).with_data(data, transform)
        return with_arrays(self.compiled, self.graph, model_inputs(self.graph, self.model, data, transform))


def graph_sampler(compiler: GraphCompiler, model: ModelSpec, data: xr.Dataset) -> GraphSampler:
    """Build and compile the graph of a model for these data."""
    graph = build(model, data)
    return GraphSampler(model, graph, compiler(graph, kept_variables(graph)), compiler)


def plain_sampler(model: ModelSpec, data: xr.Dataset) -> GraphSampler:
    """Return the sampler of a model that nutpie's public function compiles."""
    return graph_sampler(compile_public, model, data)
