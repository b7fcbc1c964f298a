"""From what the sampler moved in to what is said of people: posteriors on the link scale, and how much they learned."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from iwm_bayes.model.hierarchy import coordinates, parameters_pooled
from iwm_bayes.model.priors import (
    FreeParameter,
    effect_map,
    figure_names,
    group_level_weights,
    group_of_level,
    place_around,
)
from iwm_bayes.types import ModelSpec

GROUP_VARIABLES = ("mu", "sigma", "beta", "sigma_u", "u", "correlation")
DIMS = {"parameter_partial": "parameter", "parameter_person": "parameter"}  # of the graph, and of what is reported


def by_parameter(posterior: xr.Dataset, names: Mapping[str, Sequence[str]]) -> xr.Dataset:
    """A posterior in which every variable has the same dim `parameter`, NaN where a variable does not apply.

    `names` are those of `model.hierarchy.coordinates`. Correlations have `parameter_other` too.
    """
    labels = list(dict.fromkeys([*names["parameter"], *names["parameter_person"]]))

    def aligned(values: xr.DataArray) -> xr.DataArray:
        values = values.rename({dim: new for dim, new in DIMS.items() if dim in values.dims})
        dims = [dim for dim in ("parameter", "parameter_other") if dim in values.dims]
        return values.reindex(dict.fromkeys(dims, labels)) if dims else values

    return xr.Dataset({name: aligned(values) for name, values in posterior.items()}, attrs=posterior.attrs)


def correlation_matrix(factor: xr.DataArray) -> xr.DataArray:
    """The correlation matrix of a Cholesky factor (parameter_partial, parameter_other)."""
    across = factor.rename(parameter_partial="column").drop_vars("column")
    found = xr.dot(factor, across, dim="parameter_other").rename(column="parameter_other")
    found = found.assign_coords(parameter_other=factor["parameter_other"])
    return found.where(found["parameter_partial"] != found["parameter_other"], 1.0)


def partially_pooled(model: ModelSpec, data: xr.Dataset) -> list[FreeParameter]:
    """The partially pooled rows of a theory for these data."""
    return parameters_pooled(model, figure_names(data), "partial")


def by_group_level(values: xr.DataArray, members: list[str]) -> xr.DataArray:
    """What holds for each member's group, (..., member)."""
    return values.sel(group=xr.DataArray(group_of_level(members), dims="group_level")).drop_vars("group")


def group_level_centres(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset) -> xr.DataArray:
    """What each member of a group is placed around, (chain, draw, member)."""
    levels, pooled = [str(name) for name in data["group_level"].values], partially_pooled(model, data)
    mu = posterior["mu"].sel(parameter=[row.label for row in pooled])
    weights = xr.DataArray(group_level_weights(pooled, levels), dims=("parameter", "group_level"))
    return xr.dot(mu, weights, dim="parameter")


def with_group_deviations(
    posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset, sampled_as: xr.Dataset
) -> xr.Dataset:
    """How far each member of a group deviates, from where it stands among the others."""
    if "u_offset" not in posterior:
        return posterior
    members = [str(name) for name in data["group_level"].values]
    middle = group_level_centres(posterior, model, data)
    how = (posterior["sigma_u"], sampled_as["group_centredness"], sampled_as["group_unit"])
    spread, w, unit = (by_group_level(x, members) for x in how)
    return posterior.assign(u=place_around(middle, spread, posterior["u_offset"], w, unit) - middle)


def person_centres(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset) -> xr.DataArray:
    """Each person's centre of the partially pooled rows: the group's, moved by covariates and groups."""
    pooled = partially_pooled(model, data)
    mean = posterior["mu"].sel(parameter=[row.label for row in pooled])
    for name, dim, share in (("beta", "coefficient", "design"), ("u", "group_level", "membership")):
        if share in data:
            which = effect_map(pooled, [str(label) for label in data[dim].values]).rows
            mean = mean + xr.dot(xr.DataArray(which, dims=("parameter", dim)), posterior[name], data[share], dim=dim)
    return mean


def to_reported(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset, sampled_as: xr.Dataset) -> xr.Dataset:
    """The posterior without the sampler's own coordinates: members deviate, a factor is a correlation matrix."""
    posterior = with_group_deviations(posterior, model, data, sampled_as)
    if "correlation" in posterior:
        posterior = posterior.assign(correlation=correlation_matrix(posterior["correlation"]))
    kept = posterior[[name for name in (*GROUP_VARIABLES, "theta") if name in posterior]]
    return by_parameter(kept, coordinates(model, data)).transpose("chain", "draw", ..., "person", missing_dims="ignore")


def contraction(posterior: xr.Dataset) -> xr.DataArray:
    """How much each person's data say, per partially pooled row: 1 - E[var(theta)] / E[sigma^2], in 0..1."""
    sigma = posterior["sigma"].dropna("parameter", how="all")
    within = posterior["theta"].sel(parameter=sigma["parameter"]).var(("chain", "draw")).mean("person")
    return (1.0 - within / (sigma**2).mean(("chain", "draw"))).clip(0.0, 1.0)


def centredness(within: xr.DataArray, spread: xr.DataArray) -> xr.DataArray:
    """How centred to sample what varies with a spread: near 1 where data say much of each, near 0 where little.

    With I what is said of each (in units of 1 / link^2), from the posterior variance `within`, I s^2 / (1 + I s^2) at
    a low but plausible spread s: where the spread may be near zero the centred form has a funnel, however much is said
    elsewhere.
    """
    said = (1.0 / within - 1.0 / (spread**2).mean(("chain", "draw"))).clip(0.0)
    low = spread.quantile(0.05, ("chain", "draw")).drop_vars("quantile") ** 2
    return said * low / (1.0 + said * low)


def group_centredness(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """How centred to sample the members of groups, and in which units, by a posterior; nothing where there are none."""
    if "u" not in posterior:
        return xr.Dataset()
    placed = (group_level_centres(posterior, model, data) + posterior["u"]).var(("chain", "draw"))
    group = xr.DataArray(
        group_of_level([str(name) for name in data["group_level"].values]), dims="group_level", name="group"
    )
    spread = posterior["sigma_u"]
    how = {"group_centredness": centredness(placed.groupby(group).mean(), spread)}
    return xr.Dataset(how | {"group_unit": spread.median(("chain", "draw"))})


def answer_share(posterior: xr.Dataset, sampled_as: xr.Dataset) -> xr.DataArray:
    """How far their own answers place people, and not the group, by partially pooled row: 0..1, mean over people.

    Of the precision that `transforms` takes a person to have, at the spreads' medians; 1 is the centred form, 0 the
    non-centred one.
    """
    sigma = posterior["sigma"].dropna("parameter", how="all").median(("chain", "draw"))
    rows, spread = sigma["parameter"].values, sigma.values
    dims = ("person", "parameter_person", "parameter_person_other")
    root = sampled_as["local_root"].sel(parameter_person=rows, parameter_person_other=rows).transpose(*dims).values
    said = root @ root.transpose(0, 2, 1)
    of_group = np.linalg.inv(said * spread[:, None] * spread + np.eye(len(rows)))
    return xr.DataArray(1.0 - np.diagonal(of_group, axis1=1, axis2=2).mean(axis=0), {"parameter": rows}, "parameter")
