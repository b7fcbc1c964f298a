"""From what the sampler moved in to what is said of people: posteriors on the link scale, and how much they learned."""

import numpy as np
import xarray as xr

from iwm_bayes.model.hierarchy import parameters_pooled
from iwm_bayes.model.priors import (
    FreeParameter,
    effect_map,
    figure_names,
    group_level_weights,
    group_of_level,
    place_around,
)
from iwm_bayes.types import ModelSpec

GROUP_VARIABLES = (
    "centre",
    "spread",
    "effect",
    "group_spread",
    "deviation",
    "correlation",
)  # what is said of people in general


def correlation_matrix(factor: xr.DataArray) -> xr.DataArray:
    """The correlation matrix of a Cholesky factor (partial, other)."""
    across = factor.rename(partial="beside").drop_vars("beside")
    found = xr.dot(factor, across, dim="other").rename(beside="other").assign_coords(other=factor["other"])
    return found.where(found["partial"] != found["other"], 1.0)


def partially_pooled(model: ModelSpec, data: xr.Dataset) -> list[FreeParameter]:
    """The partially pooled rows of a theory for these data."""
    return parameters_pooled(model, figure_names(data), "partial")


def by_group_level(values: xr.DataArray, members: list[str]) -> xr.DataArray:
    """What holds for each member's group, (..., member)."""
    return values.sel(grouping=xr.DataArray(group_of_level(members), dims="member")).drop_vars("grouping")


def group_level_centres(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset) -> xr.DataArray:
    """What each member of a group is placed around, (chain, draw, member)."""
    members = [str(name) for name in data["member"].values]
    centre = posterior["centre"].sel(row=posterior["partial"]).drop_vars("row")
    weights = xr.DataArray(group_level_weights(partially_pooled(model, data), members), dims=("partial", "member"))
    return xr.dot(centre, weights, dim="partial")


def with_group_deviations(
    posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset, sampled_as: xr.Dataset
) -> xr.Dataset:
    """How far each member of a group deviates, from where it stands among the others."""
    if "member_offset" not in posterior:
        return posterior
    members = [str(name) for name in data["member"].values]
    middle = group_level_centres(posterior, model, data)
    how = (posterior["group_spread"], sampled_as["group_centredness"], sampled_as["group_unit"])
    spread, w, unit = (by_group_level(x, members) for x in how)
    return posterior.assign(deviation=place_around(middle, spread, posterior["member_offset"], w, unit) - middle)


def person_centres(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset) -> xr.DataArray:
    """Each person's centre of the partially pooled rows: the group's, moved by covariates and groups."""
    centre = posterior["centre"].sel(row=posterior["partial"]).drop_vars("row")
    for name, dim, share in (("effect", "term", "design"), ("deviation", "member", "membership")):
        if share in data:
            which = effect_map(partially_pooled(model, data), [str(label) for label in data[dim].values]).rows
            centre = centre + xr.dot(xr.DataArray(which, dims=("partial", dim)), posterior[name], data[share], dim=dim)
    return centre


def to_reported(posterior: xr.Dataset, model: ModelSpec, data: xr.Dataset, sampled_as: xr.Dataset) -> xr.Dataset:
    """The posterior without the sampler's own coordinates: members deviate, a factor is a correlation matrix."""
    posterior = with_group_deviations(posterior, model, data, sampled_as)
    if "correlation" in posterior:
        posterior = posterior.assign(correlation=correlation_matrix(posterior["correlation"]))
    kept = posterior[[name for name in (*GROUP_VARIABLES, "level") if name in posterior]]
    return kept.transpose("chain", "draw", ..., "person", missing_dims="ignore")


def contraction(posterior: xr.Dataset) -> xr.DataArray:
    """How much each person's data say, per partially pooled row: 1 - E[var(level)] / E[spread^2], in 0..1."""
    level = posterior["level"].sel(personal=posterior["partial"]).drop_vars("personal")
    within = level.var(("chain", "draw")).mean("person")
    return (1.0 - within / (posterior["spread"] ** 2).mean(("chain", "draw"))).clip(0.0, 1.0)


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
    if "deviation" not in posterior:
        return xr.Dataset()
    placed = (group_level_centres(posterior, model, data) + posterior["deviation"]).var(("chain", "draw"))
    group = xr.DataArray(group_of_level([str(name) for name in data["member"].values]), dims="member", name="grouping")
    spread = posterior["group_spread"]
    how = {"group_centredness": centredness(placed.groupby(group).mean(), spread)}
    return xr.Dataset(how | {"group_unit": spread.median(("chain", "draw"))})


def answer_share(posterior: xr.Dataset, sampled_as: xr.Dataset) -> xr.DataArray:
    """How far their own answers place people, and not the group, by partially pooled row: 0..1, mean over people.

    Of the precision that `transforms` takes a person to have, at the spreads' medians; 1 is the centred form, 0 the
    non-centred one.
    """
    rows, spread = posterior["partial"].values, posterior["spread"].median(("chain", "draw")).values
    root = sampled_as["own_root"].sel(personal=rows).transpose("person", "personal", "other_personal").values
    said = root @ root.transpose(0, 2, 1)
    of_group = np.linalg.inv(said * spread[:, None] * spread + np.eye(len(rows)))
    return xr.DataArray(1.0 - np.diagonal(of_group, axis1=1, axis2=2).mean(axis=0), {"partial": rows}, "partial")
