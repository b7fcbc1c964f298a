"""Turn draws of a posterior into people: the people of the fit, and new people of the same group.

Each draw of each person becomes one simulated person: draws and people share the person axis.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import event_array, new_innovations, unpack_event, with_innovations
from iwm_bayes.model.priors import figure_names, free_parameters, from_offset, natural_values
from iwm_bayes.types import ModelSpec, experienced, rule_values

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


def innovations_as_people(model: ModelSpec, posterior: xr.Dataset) -> np.ndarray:
    """Return the innovations of draws, (innovation, event, sample * person); of length 0 where a model has none."""
    if not model.rule.innovations:
        return np.zeros((0, 1, 1))
    drawn = posterior["innovation"].transpose("innovation_name", "event", "sample", "person").values
    return drawn.reshape(*drawn.shape[:2], -1).astype(float)


def events_as_people(
    model: ModelSpec, posterior: xr.Dataset, events: np.ndarray, generator: np.random.Generator | None = None
) -> np.ndarray:
    """Return an event array (event, field, person) for every draw, (event, field, sample * person).

    Innovations that the draws do not have are drawn by `generator`.
    """
    repeated = np.tile(events, (1, 1, posterior.sizes["sample"]))
    if generator is not None and "innovation" not in posterior:
        return with_innovations(repeated, new_innovations(model.rule, (len(repeated), repeated.shape[2]), generator))
    return with_innovations(repeated, innovations_as_people(model, posterior))


def outcomes_as_people(model: ModelSpec, posterior: xr.Dataset, data: xr.Dataset) -> np.ndarray:
    """Return the outcome of every event in every draw, (event, sample * person): also where it is latent."""
    figures, people = figure_names(data), data.sizes["person"]
    p = rule_values(model, draws_as_people(model, posterior, figures, people))
    rows = events_as_people(model, posterior, event_array(data))
    return np.stack(
        [experienced(model.rule, p, unpack_event(model.rule, row, len(figures))[0]).outcome for row in rows]
    )


def person_parameters(model: ModelSpec, fit: xr.DataTree, draws: int = 1000) -> xr.Dataset:
    """Return every person's free parameters on the natural scale, (chain, draw, [figure,] person)."""
    data, posterior = fit["constant_data"].to_dataset(), thin_draws(fit["unconstrained_posterior"].to_dataset(), draws)
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


def standard_deviates(
    posterior: xr.Dataset, labels: list[str], count: int, generator: np.random.Generator
) -> np.ndarray:
    """Draw standardised deviations of new people from their group, (parameter, sample, new person)."""
    z = generator.normal(size=(len(labels), posterior.sizes["sample"], count))
    if "correlation" not in posterior:
        return z
    chosen = posterior["correlation"].sel(parameter=labels, parameter_other=labels)
    roots = np.linalg.cholesky(chosen.transpose("sample", "parameter", "parameter_other").values)
    return np.einsum("sij,jsn->isn", roots, z)


def new_people(
    model: ModelSpec,
    posterior: xr.Dataset,
    figures: list[str],
    count: int,
    generator: np.random.Generator,
    centre: Mapping[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Draw new people of the population in every draw of a posterior.

    Parameters
    ----------
    posterior
        Draws with dim `sample`.
    count
        Number of new people in each draw.
    centre
        Link-scale means of partially pooled parameters by label, (sample, new person); by default the group means.

    Returns
    -------
    dict
        Natural-scale values by parameter, with (sample, new person) along their last axis.
    """
    free, size = free_parameters(model, figures), posterior.sizes["sample"] * count
    partial = [each.label for each in free if each.parameter.pooling == "partial"]
    theta: dict[str, np.ndarray] = {}
    for each in free:
        if each.parameter.pooling == "none":  # without pooling, only the prior informs about new people
            sd = np.hypot(each.prior_sd, each.parameter.prior_between_sd)
            theta[each.label] = generator.normal(each.prior_mean, sd, size)
        else:
            theta[each.label] = np.repeat(posterior["mu"].sel(parameter=each.label).values, count)
    deviates = standard_deviates(posterior, partial, count, generator) if partial else np.empty(0)
    for label, z in zip(partial, deviates, strict=True):
        sigma = np.repeat(posterior["sigma"].sel(parameter=label).values, count)
        mean = theta[label] if centre is None else centre[label].ravel()
        theta[label] = from_offset(mean, sigma, z.ravel())
    return natural_values(model, theta, figures, size)
