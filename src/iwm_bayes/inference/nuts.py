"""The no-U-turn sampler, Hoffman & Gelman (2014), by nutpie or by another backend.

A pilot fit (see `pilot`) sets the transform in which people are sampled, and where chains begin.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.inference.answers import observed_answers
from iwm_bayes.inference.base import CompiledModel, Settings, check_same_labels, compiled_model
from iwm_bayes.inference.engines import Sampler, imported, sampler
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.nutpie_store import sample_to_store
from iwm_bayes.inference.pilot import pilot_fit
from iwm_bayes.inference.posterior import to_reported
from iwm_bayes.lazy import lazy_module
from iwm_bayes.types import ModelSpec

nutpie = lazy_module("nutpie")


class Backend(NamedTuple):
    """What samples: a function that makes the sampler of a model, and one that draws from what `with_data` returns."""

    sampler: Callable[[ModelSpec, xr.Dataset], Sampler]
    draw: Callable[[Any, Settings], xr.DataTree]


class NutsEngine(NamedTuple):
    """The sampler, how it is drawn from, and the likelihood for the pilot fit."""

    sampler: Sampler
    draw: Callable[[Any, Settings], xr.DataTree]
    pilot: CompiledModel  # the likelihood of the model without correlations


def sample_in_memory(compiled: Any, settings: Settings) -> xr.DataTree:
    """Sample all chains of nutpie's model; an interruption loses them."""
    background = nutpie.sample(
        compiled,
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


def draw_by_nutpie(compiled: Any, settings: Settings) -> xr.DataTree:
    """Sample all chains of nutpie's model, in memory or in the folder of the settings."""
    if settings.chain_store is None:
        return sample_in_memory(compiled, settings)
    return sample_to_store(compiled, settings, settings.chain_store)


BACKENDS: Mapping[str, Backend] = {
    "nutpie": Backend(sampler, draw_by_nutpie),
    "nutpie-jax": Backend(imported("inference.plain.nutpie_jax:nutpie_jax_sampler"), draw_by_nutpie),
    "numpyro": Backend(
        imported("inference.plain.numpyro_nuts:numpyro_sampler"),
        imported("inference.plain.numpyro_nuts:draw_by_numpyro"),
    ),
}


def compile_model(model: ModelSpec, data: xr.Dataset, backend: str = "nutpie") -> CompiledModel:
    """Compile a model for data with these figures and covariates."""
    chosen = BACKENDS[backend]
    ready = chosen.sampler(model, data)
    pilot = compile_likelihood(model._replace(correlated=False), data)
    return compiled_model(model, NutsEngine(ready, chosen.draw, pilot), data)


def sample_once(compiled: CompiledModel, data: xr.Dataset, transform: xr.Dataset, settings: Settings) -> xr.DataTree:
    """Run the sampler once, in the transform given, and return the draws as they are reported."""
    check_same_labels(compiled, data)
    ready = compiled.engine.sampler.with_data(data, transform)
    trace = compiled.engine.draw(ready, settings)
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
