"""NumPyro's no-U-turn sampler, by PyMC's public function. Phan, Pradhan & Jankowiak (2019), arXiv:1912.11554."""

import warnings
from typing import NamedTuple

import pymc as pm
import xarray as xr

from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.plain.graph_sampler import kept_variables
from iwm_bayes.inference.plain.jax_graph import check_installed, with_constant_graph
from iwm_bayes.types import ModelSpec

STATISTICS = {"acceptance_rate": "mean_tree_accept", "tree_depth": "depth"}  # PyMC's names, and nutpie's


class NumpyroProblem(NamedTuple):
    """A model with its data, ready to be sampled."""

    model: ModelSpec
    data: xr.Dataset
    transform: xr.Dataset


class NumpyroSampler(NamedTuple):
    """A model that NumPyro samples."""

    model: ModelSpec

    def with_data(self, data: xr.Dataset, transform: xr.Dataset) -> NumpyroProblem:
        """Return the model with these data, in this transform of people."""
        return NumpyroProblem(self.model, data, transform)


def numpyro_sampler(model: ModelSpec, _: xr.Dataset) -> NumpyroSampler:
    """Return the sampler of a model; InputError where JAX or NumPyro is not installed."""
    check_installed("numpyro", ["jax", "numpyro"])
    return NumpyroSampler(model)


def draw_by_numpyro(problem: NumpyroProblem, settings: Settings) -> xr.DataTree:
    """Sample all chains, side by side in one loop; an interruption loses them."""

    def draw(graph: pm.Model) -> xr.DataTree:
        from pymc.sampling.jax import sample_numpyro_nuts

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module="jax")  # about buffers it cannot reuse
            return sample_numpyro_nuts(
                settings.draws,
                tune=settings.tune,
                chains=settings.chains,
                target_accept=settings.target_accept,
                random_seed=settings.random_seed,
                model=graph,
                var_names=[*(variable.name for variable in graph.free_RVs), *kept_variables(graph)],
                progressbar=settings.progressbar,
                chain_method="vectorized",
                nuts_kwargs={"max_tree_depth": settings.max_treedepth},
                compute_convergence_checks=False,
            )

    trace = with_constant_graph(*problem, draw)
    statistics = trace["sample_stats"].to_dataset().rename(STATISTICS)
    reached = statistics["n_steps"] >= 2**settings.max_treedepth - 1
    trace["sample_stats"] = xr.DataTree(statistics.assign(maxdepth_reached=reached))
    return trace
