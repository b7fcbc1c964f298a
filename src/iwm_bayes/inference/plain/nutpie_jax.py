"""nutpie's sampler of a density that JAX computes."""

from typing import Any, NamedTuple

import nutpie
import pymc as pm
import xarray as xr

from iwm_bayes.inference.plain.graph_sampler import kept_variables
from iwm_bayes.inference.plain.jax_graph import check_installed, with_constant_graph
from iwm_bayes.types import ModelSpec


def compile_by_jax(graph: pm.Model) -> Any:
    """Compile a graph of constants by nutpie's public function."""
    return nutpie.compile_pymc_model(graph, backend="jax", var_names=kept_variables(graph))


class NutpieJaxSampler(NamedTuple):
    """A model whose graph is compiled for each data set, because JAX has data as constants."""

    model: ModelSpec

    def with_data(self, data: xr.Dataset, transform: xr.Dataset) -> Any:
        """Return nutpie's model of these data, in this transform of people."""
        return with_constant_graph(self.model, data, transform, compile_by_jax)


def nutpie_jax_sampler(model: ModelSpec, _: xr.Dataset) -> NutpieJaxSampler:
    """Return the sampler of a model; InputError where JAX is not installed."""
    check_installed("nutpie-jax", ["jax"])
    return NutpieJaxSampler(model)
