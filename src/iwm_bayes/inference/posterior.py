"""Posteriors on the link scale as they are reported, and how much the data inform them."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from iwm_bayes.model.inputs import coordinates, parameters_pooled
from iwm_bayes.model.priors import (
    FreeParameter,
    effect_map,
    figure_names,
    from_offset,
    group_level_weights,
    group_of_level,
)
from iwm_bayes.types import ModelSpec

GROUP_VARIABLES = ("mu", "sigma", "beta", "sigma_u", "u", "correlation")
REPORTED_DIMS = {"parameter_partial": "parameter", "parameter_person": "parameter"}  # by the dims of the graph


def with_own_innovations(posterior: xr.Dataset, names: Mapping[str, Sequence[str]]) -> xr.Dataset:
    """Return a posterior with a variable (..., innovation_name, event, person) in place of rows of `theta`."""
    rows, kinds = list(names["innovation_row"]), list(names["innovation_name"])
    theta = posterior["theta"].transpose(..., "parameter_person", "person")
    drawn = theta.sel(parameter_person=rows).values.astype(np.float32)
    shape = (*drawn.shape[:-2], len(kinds), len(rows) // len(kinds), drawn.shape[-1])
    coords = {"innovation_name": kinds, "event": np.arange(shape[-2])}
    dims = (*theta.dims[:-2], "innovation_name", "event", "person")
    kept = posterior.drop_sel(parameter_person=rows)
    return kept.assign(innovation=(dims, drawn.reshape(shape))).assign_coords(coords)


def by_parameter(posterior: xr.Dataset, names: Mapping[str, Sequence[str]]) -> xr.Dataset:
    """Return a posterior with one dim `parameter` for all variables, NaN where a variable does not apply.

    `names` are those of `model.inputs.coordinates`. Correlations have `parameter_other` too. Innovations become a
    variable of their own, `innovation` (..., innovation_name, event, person), in single precision: they are many.
    """
    if "innovation_row" in names and "theta" in posterior:
        posterior = with_own_innovations(posterior, names)
    labels = list(dict.fromkeys([*names["parameter"], *names["parameter_person"]]))
    labels = [label for label in labels if label not in set(names.get("innovation_row", ()))]

    def aligned(values: xr.DataArray) -> xr.DataArray:
        values = values.rename({dim: new for dim, new in REPORTED_DIMS.items() if dim in values.dims})
        dims = [dim for dim in ("parameter", "parameter_other") if dim in values.dims]
        return values.reindex(dict.fromkeys(dims, labels)) if dims else values

    return xr.Dataset({name: aligned(values) for name, values in posterior.items()}, attrs=posterior.attrs)


def correlation_matrix(factor: xr.DataArray) -> xr.DataArray:
    """Return the correlation matrix of a Cholesky factor (parameter_partial, parameter_other)."""
    transposed = factor.rename(parameter_partial="column").drop_vars("column")
    matrix = xr.dot(factor, transposed, dim="parameter_other").rename(column="parameter_other")
    matrix = matrix.assign_coords(parameter_other=factor["parameter_other"])
    return matrix.where(matrix["parameter_partial"] != matrix["parameter_other"], 1.0)


def partially_pooled(model: ModelSpec, data: xr.Dataset) -> list[FreeParameter]:
    """Return the partially pooled parameters of a model for these data."""
    return parameters_pooled(model, figure_names(data), "partial")


def group_levels(data: xr.Dataset) -> list[str]:
    """Return the labels of group levels of data that have any."""
    return [str(name) for name in data["group_level"].values]


def by_group_level(values: xr.DataArray, levels: list[str]) -> xr.DataArray:
    """Return the value of each level's group, (..., group_level)."""
    return values.sel(group=xr.DataArray(group_of_level(levels), dims="group_level")).drop_vars("group")


def group_level_centres(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset) -> xr.DataArray:
    """Return the value around which each group level is sampled when centred, (chain, draw, group_level)."""
    pooled = partially_pooled(model, data)
    mu = posterior["mu"].sel(parameter=[free.label for free in pooled])
    weights = xr.DataArray(group_level_weights(pooled, group_levels(data)), dims=("parameter", "group_level"))
    return xr.dot(mu, weights, dim="parameter")


def with_group_deviations(
    posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset, transform: xr.Dataset
) -> xr.Dataset:
    """Add the deviation `u` of each group level, computed from the sampled `u_offset`."""
    if "u_offset" not in posterior:
        return posterior
    centre = group_level_centres(posterior, model, data)
    arrays = (posterior["sigma_u"], transform["group_centredness"], transform["group_unit"])
    sigma_u, centred_share, unit = (by_group_level(values, group_levels(data)) for values in arrays)
    return posterior.assign(u=from_offset(centre, sigma_u, posterior["u_offset"], centred_share, unit) - centre)


def person_centres(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset) -> xr.DataArray:
    """Return each person's mean of partially pooled parameters: the group's, shifted by covariates and groups."""
    pooled = partially_pooled(model, data)
    mean = posterior["mu"].sel(parameter=[free.label for free in pooled])
    for name, dim, variable in (("beta", "coefficient", "design"), ("u", "group_level", "membership")):
        if variable in data:
            indicator = effect_map(pooled, [str(label) for label in data[dim].values]).indicator
            shifts = xr.DataArray(indicator, dims=("parameter", dim))
            mean = mean + xr.dot(shifts, posterior[name], data[variable], dim=dim)
    return mean


def to_reported(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset, transform: xr.Dataset) -> xr.Dataset:
    """Return a sampled posterior as it is reported, without variables that only the sampler needs."""
    posterior = with_group_deviations(posterior, model, data, transform)
    if "correlation" in posterior:
        posterior = posterior.assign(correlation=correlation_matrix(posterior["correlation"]))
    kept = posterior[[name for name in (*GROUP_VARIABLES, "theta") if name in posterior]]
    return by_parameter(kept, coordinates(model, data)).transpose("chain", "draw", ..., "person", missing_dims="ignore")


def contraction(posterior: xr.Dataset) -> xr.DataArray:
    """Return how much each person's data inform a partially pooled parameter: 1 - E[var(theta)] / E[sigma^2], 0..1."""
    sigma = posterior["sigma"].dropna("parameter", how="all")
    within = posterior["theta"].sel(parameter=sigma["parameter"]).var(("chain", "draw")).mean("person")
    return (1.0 - within / (sigma**2).mean(("chain", "draw"))).clip(0.0, 1.0)


def centredness(variance: xr.DataArray, sd: xr.DataArray) -> xr.DataArray:
    """Return how centred to sample deviations with an uncertain SD: near 1 where data inform each much, else near 0.

    This is I s^2 / (1 + I s^2). I is the information of the data about a deviation (1 / link^2), which follows from its
    posterior `variance`; s is the 5% quantile of the SD. A low quantile is taken because the centred form has a funnel
    where the SD may be near zero, however informative the data are elsewhere.
    """
    information = (1.0 / variance - 1.0 / (sd**2).mean(("chain", "draw"))).clip(0.0)
    low_variance = sd.quantile(0.05, ("chain", "draw")).drop_vars("quantile") ** 2
    return information * low_variance / (1.0 + information * low_variance)


def group_centredness(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Return how centred, and in which unit, to sample the levels of each group; empty where there are no groups."""
    if "u" not in posterior:
        return xr.Dataset()
    variance = (group_level_centres(posterior, model, data) + posterior["u"]).var(("chain", "draw"))
    group = xr.DataArray(group_of_level(group_levels(data)), dims="group_level", name="group")
    sigma_u = posterior["sigma_u"]
    return xr.Dataset(
        {
            "group_centredness": centredness(variance.groupby(group).mean(), sigma_u),
            "group_unit": sigma_u.median(("chain", "draw")),
        }
    )
