"""Draws of a posterior as people: what those who were fitted are like, and others of the same group.

A draw of a person is a person: draws are laid along the person axis.
"""

import numpy as np
import xarray as xr

from iwm_bayes.model.priors import free_parameters, natural_values, place_around
from iwm_bayes.types import ModelSpec


def names(data: xr.Dataset) -> list[str]:
    return [str(name) for name in data["figure"].values]


def thin_draws(posterior: xr.Dataset, draws: int) -> xr.Dataset:
    """At most about `draws` draws in all, evenly spaced within each chain."""
    every = max(1, round(posterior.sizes["draw"] * posterior.sizes["chain"] / draws))
    return posterior.isel(draw=slice(None, None, every))


def draws_as_people(model: ModelSpec, posterior: xr.Dataset, figures: list[str], people: int) -> dict[str, np.ndarray]:
    """Natural-scale values by name, with (sample, person) laid along one axis; posterior has dim sample."""
    samples = posterior.sizes["sample"]
    levels = {
        row.label: np.repeat(posterior["mu"].sel(parameter=row.label).values, people)
        if row.parameter.pooling == "complete"
        else posterior["theta"].sel(parameter=row.label).transpose("sample", "person").values.ravel()
        for row in free_parameters(model, figures)
    }
    return natural_values(model, levels, figures, samples * people)


def person_parameters(model: ModelSpec, fit: xr.DataTree, draws: int = 1000) -> xr.Dataset:
    """Every person's free parameters on the natural scale, (chain, draw, [figure,] person)."""
    data, posterior = fit["data"].to_dataset(), thin_draws(fit["posterior"].to_dataset(), draws)
    figures, count = names(data), data.sizes["person"]
    natural = draws_as_people(model, posterior.stack(sample=("chain", "draw")), figures, count)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], count)
    dims = ("chain", "draw", "person")
    found = {
        name: (dims, natural[name].reshape(shape))
        if natural[name].ndim == 1
        else (("figure", *dims), natural[name].reshape(len(figures), *shape))
        for name in dict.fromkeys(row.name for row in free_parameters(model, figures))
    }
    coordinates = {"person": data["person"].values, "figure": figures}
    return xr.Dataset(found, coordinates).transpose("chain", "draw", "figure", "person", missing_dims="ignore")


def new_people(
    model: ModelSpec, posterior: xr.Dataset, figures: list[str], people: int, draws: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """So many people whom the fit has not seen, for each of about `draws` draws: natural-scale values, laid alike."""
    sample = thin_draws(posterior, draws).stack(sample=("chain", "draw"))
    count = sample.sizes["sample"] * people
    levels = {}
    for row in free_parameters(model, figures):
        if row.parameter.pooling == "none":  # people share nothing: the prior is all that is known of another
            levels[row.label] = generator.normal(
                row.prior_mean, np.hypot(row.prior_sd, row.parameter.prior_between_sd), count
            )
            continue
        levels[row.label] = np.repeat(sample["mu"].sel(parameter=row.label).values, people)
        if row.parameter.pooling == "partial":
            spread = np.repeat(sample["sigma"].sel(parameter=row.label).values, people)
            levels[row.label] = place_around(levels[row.label], spread, generator.normal(size=count))
    return natural_values(model, levels, figures, count)
