"""Turn draws of a posterior into people: the people of the fit, and new people of the same group.

Each draw of each person becomes one simulated person: draws and people share the person axis.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.model.priors import figure_names, free_parameters, from_offset, natural_values
from iwm_bayes.types import ModelSpec

MAX_PEOPLE_AT_ONCE = 20_000  # in memory, counting every draw of a person


def thin_draws(posterior: xr.Dataset, draws: int) -> xr.Dataset:
    """Return about `draws` draws of a posterior in all, evenly spaced within each chain."""
    every = max(1, round(posterior.sizes["draw"] * posterior.sizes["chain"] / draws))
    return posterior.isel(draw=slice(None, None, every))


def posterior_batches(posterior: xr.Dataset, draws: int, people: int) -> Iterator[xr.Dataset]:
    """Yield about `draws` draws with dim `sample`, in the order (chain, draw), as many at once as memory allows."""
    sample = thin_draws(posterior, draws).stack(sample=("chain", "draw"))
    step = max(1, MAX_PEOPLE_AT_ONCE // people)
    for first in range(0, sample.sizes["sample"], step):
        yield sample.isel(sample=slice(first, first + step))


def draws_as_people(model: ModelSpec, posterior: xr.Dataset, figures: list[str], people: int) -> dict[str, np.ndarray]:
    """Return natural-scale values by parameter, with (sample, person) along one axis; `posterior` has dim sample."""
    samples = posterior.sizes["sample"]
    theta = {
        free.label: np.repeat(posterior["mu"].sel(parameter=free.label).values, people)
        if free.parameter.pooling == "complete"
        else posterior["theta"].sel(parameter=free.label).transpose("sample", "person").values.ravel()
        for free in free_parameters(model, figures)
    }
    return natural_values(model, theta, figures, samples * people)


def person_parameters(model: ModelSpec, fit: xr.DataTree, draws: int = 1000) -> xr.Dataset:
    """Return every person's free parameters on the natural scale, (chain, draw, [figure,] person)."""
    data, posterior = fit["data"].to_dataset(), thin_draws(fit["posterior"].to_dataset(), draws)
    figures, people = figure_names(data), data.sizes["person"]
    values = draws_as_people(model, posterior.stack(sample=("chain", "draw")), figures, people)
    shape = (posterior.sizes["chain"], posterior.sizes["draw"], people)
    dims = ("chain", "draw", "person")
    variables = {
        name: (dims, values[name].reshape(shape))
        if values[name].ndim == 1
        else (("figure", *dims), values[name].reshape(len(figures), *shape))
        for name in dict.fromkeys(free.name for free in free_parameters(model, figures))
    }
    dataset = xr.Dataset(variables, {"person": data["person"].values, "figure": figures})
    return dataset.transpose("chain", "draw", "figure", "person", missing_dims="ignore")


def new_people(
    model: ModelSpec, posterior: xr.Dataset, figures: list[str], people: int, draws: int, generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw new people for each of about `draws` draws of a posterior.

    Return natural-scale values by parameter, with (sample, person) along one axis.
    """
    sample = thin_draws(posterior, draws).stack(sample=("chain", "draw"))
    count = sample.sizes["sample"] * people
    theta = {}
    for free in free_parameters(model, figures):
        if free.parameter.pooling == "none":  # without pooling, only the prior informs about new people
            sd = np.hypot(free.prior_sd, free.parameter.prior_between_sd)
            theta[free.label] = generator.normal(free.prior_mean, sd, count)
            continue
        theta[free.label] = np.repeat(sample["mu"].sel(parameter=free.label).values, people)
        if free.parameter.pooling == "partial":
            sigma = np.repeat(sample["sigma"].sel(parameter=free.label).values, people)
            theta[free.label] = from_offset(theta[free.label], sigma, generator.normal(size=count))
    return natural_values(model, theta, figures, count)
