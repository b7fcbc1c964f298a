"""The no-U-turn sampler, Hoffman & Gelman (2014), by nutpie.

A pilot fit (see `pilot`) sets the transform in which people are sampled, and where chains begin.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.inference.answers import observed_answers
from iwm_bayes.inference.base import CompiledModel, Settings, checked_model_data, compiled_model
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.nutpie_store import sample_to_store
from iwm_bayes.inference.pilot import pilot_fit
from iwm_bayes.inference.posterior import to_reported
from iwm_bayes.lazy import lazy_module
from iwm_bayes.types import ModelSpec

nutpie, pm = lazy_module("nutpie"), lazy_module("pymc")
TRANSFORMED_VARIABLES = ("sigma", "sigma_u", "correlation")  # variables of the group that the sampler transforms


class NutsEngine(NamedTuple):
    """The sampler, and the likelihood for the pilot fit."""

    sampler: Any  # nutpie's compiled model
    pilot: CompiledModel  # the likelihood of the model without correlations


def compile_model(model: ModelSpec, data: xr.Dataset) -> CompiledModel:
    """Compile a model for the shape of a data set: a minute or more the first time, less with a filled cache."""
    from iwm_bayes.inference.nutpie_numba import compile_graph  # it imports numba, and `build` imports PyMC
    from iwm_bayes.model.build import build

    graph = build(model, data)
    sampler = compile_graph(graph, [name for name in (*TRANSFORMED_VARIABLES, "theta") if name in graph.named_vars])
    pilot = compile_likelihood(model._replace(correlated=False), data)
    return compiled_model(model, graph, NutsEngine(sampler, pilot), data)


def sampler_with_data(compiled: CompiledModel, data: xr.Dataset, transform: xr.Dataset) -> Any:
    """Return the sampler with other data of the same number of people and the same figures; InputError otherwise."""
    inputs = checked_model_data(compiled, data, transform)
    return sampler_with_arrays(compiled.engine.sampler, compiled.graph, inputs)


def sampler_with_arrays(sampler: Any, graph: Any, inputs: Mapping[str, np.ndarray]) -> Any:
    """Return a sampler with these inputs; the graph gets them too, because it says where chains begin."""
    with graph:
        pm.set_data(dict(inputs))
    swappable = {variable.name for variable in sampler.shared_var_keys}
    return sampler.with_data(**{name: value for name, value in inputs.items() if name in swappable})


def sample_in_memory(sampler: Any, settings: Settings) -> xr.DataTree:
    """Sample all chains; an interruption loses them."""
    background = nutpie.sample(
        sampler,
        draws=settings.draws,
        tune=settings.tune,
        chains=settings.chains,
        seed=settings.random_seed,
        progress_bar=settings.progressbar,
        save_warmup=False,
        target_accept=settings.target_accept,
        maxdepth=settings.max_treedepth,
        blocking=False,
    )
    try:
        return background.wait()
    except BaseException:
        background.cancel()
        raise


def sample_once(compiled: CompiledModel, data: xr.Dataset, transform: xr.Dataset, settings: Settings) -> xr.DataTree:
    """Run nutpie once, in the transform given, and return the draws as they are reported."""
    sampler = sampler_with_data(compiled, data, transform)
    trace = (
        sample_in_memory(sampler, settings)
        if settings.chain_store is None
        else sample_to_store(sampler, settings, settings.chain_store)
    )
    sampled = trace["posterior"].to_dataset()
    reported = to_reported(sampled, compiled.model, data, transform).assign_attrs(sampled.attrs)
    statistics = trace["sample_stats"].to_dataset()
    return xr.DataTree.from_dict({"unconstrained_posterior": reported, "sample_stats": statistics})


def nuts(compiled: CompiledModel, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """Fit by the no-U-turn sampler."""
    transform = pilot_fit(compiled.engine.pilot, data)
    trace = sample_once(compiled, data, transform, settings)
    trace["constant_data"] = xr.DataTree(data)
    trace["observed_data"] = xr.DataTree(observed_answers(compiled.model, data))  # not the sampler's grid with its gaps
    return trace


def extend_fit(compiled: CompiledModel, fit: xr.DataTree, settings: Settings) -> xr.DataTree:
    """Append draws to a fit: those of new chains, tuned anew, follow those of the old ones."""
    data = fit["constant_data"].to_dataset()
    more = sample_once(compiled, data, pilot_fit(compiled.engine.pilot, data), settings)
    longer = fit.copy()
    for group in ("unconstrained_posterior", "sample_stats"):
        both = xr.concat([tree[group].to_dataset().drop_vars("draw") for tree in (fit, more)], "draw")
        longer[group] = xr.DataTree(both.assign_coords(draw=np.arange(both.sizes["draw"])))
    return longer
