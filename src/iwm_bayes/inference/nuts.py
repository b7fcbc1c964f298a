"""The no-U-turn sampler on a theory's graph, in coordinates from a look ahead: Hoffman & Gelman (2014), by nutpie."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import nutpie
import pymc as pm
import xarray as xr

from iwm_bayes.inference.base import CompiledModel, Settings, checked_model_data, compiled_model
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.nutpie_numba import compile_graph
from iwm_bayes.inference.nutpie_store import sample_to_store
from iwm_bayes.inference.pilot import pilot_fit
from iwm_bayes.inference.posterior import to_reported
from iwm_bayes.model.build import build
from iwm_bayes.model.hierarchy import TRANSFORMED_VARIABLES
from iwm_bayes.types import ModelSpec


class NutsEngine(NamedTuple):
    """What samples, and what looks ahead."""

    sampler: Any  # nutpie's compiled model
    pilot: CompiledModel  # the likelihood, with people's parameters uncorrelated


def compile_model(model: ModelSpec, data: xr.Dataset) -> CompiledModel:
    """Compile a theory for the shape of a data set: a minute or more the first time, less with a filled cache."""
    graph = build(model, data)
    sampler = compile_graph(graph, [name for name in (*TRANSFORMED_VARIABLES, "theta") if name in graph.named_vars])
    pilot = compile_likelihood(model._replace(correlated=False), data)
    return compiled_model(model, graph, NutsEngine(sampler, pilot), data)


def sampler_with_data(ready: CompiledModel, data: xr.Dataset, sampled_as: xr.Dataset) -> Any:
    """The sampler on another data set of as many people and the same figures; InputError otherwise."""
    return sampler_with_arrays(ready.engine.sampler, ready.graph, checked_model_data(ready, data, sampled_as))


def sampler_with_arrays(sampler: Any, graph: pm.Model, given: Mapping[str, np.ndarray]) -> Any:
    """A compiled graph, given what it reads from outside: for its density, and for where its chains begin."""
    with graph:
        pm.set_data(dict(given))
    known = {variable.name for variable in sampler.shared_var_keys}
    return sampler.with_data(**{name: value for name, value in given.items() if name in known})


def sample_in_memory(sampler: Any, settings: Settings) -> xr.DataTree:
    """What nutpie draws, all or nothing."""
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


def sample_once(ready: CompiledModel, data: xr.Dataset, sampled_as: xr.Dataset, settings: Settings) -> xr.DataTree:
    """One nutpie run, in these coordinates."""
    sampler = sampler_with_data(ready, data, sampled_as)
    trace = (
        sample_in_memory(sampler, settings)
        if settings.chain_store is None
        else sample_to_store(sampler, settings, settings.chain_store)
    )
    said = trace["posterior"].attrs
    trace["posterior"] = xr.DataTree(to_reported(trace["posterior"].to_dataset(), ready.model, data, sampled_as))
    trace["posterior"].attrs |= said
    return trace


def nuts(ready: CompiledModel, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior by the no-U-turn sampler."""
    sampled_as = pilot_fit(ready.engine.pilot, data)
    trace = sample_once(ready, data, sampled_as, settings)
    trace["constant_data"] = xr.DataTree(sampled_as)
    trace["data"] = xr.DataTree(data)
    return trace


def extend_fit(ready: CompiledModel, fit: xr.DataTree, settings: Settings) -> xr.DataTree:
    """A fit with further draws: behind those of every chain, those of a new one, tuned anew in the same coordinates."""
    more = sample_once(ready, fit["data"].to_dataset(), fit["constant_data"].to_dataset(), settings)
    longer = fit.copy()
    for group in ("posterior", "sample_stats"):
        both = xr.concat([tree[group].to_dataset().drop_vars("draw") for tree in (fit, more)], "draw")
        longer[group] = xr.DataTree(both.assign_coords(draw=np.arange(both.sizes["draw"])))
    return longer
