"""The hierarchy in a graph: the random variables of groups and people, without any data.

    mu           (parameter,)                  group means of all pooled parameters, link scale
    sigma        (parameter_partial,)          between-person SDs of the partially pooled parameters
    theta        (parameter_person, person)    link-scale values of every person: normal around the group mean with
                                               this SD, or, without pooling, around the prior mean with the prior's SD
    beta         (coefficient,)                effects of covariates on group means, link scale, from formulas
    sigma_u      (group,)                      SDs between the levels of a group, such as therapists
    u_offset     (group_level,)                deviation of each level of a group, as it is sampled
    correlation  (parameter_partial, parameter_other)   Cholesky factor, where the model says `correlated`

The sampler moves people relative to a Gaussian approximation of their likelihood (see `noncentering` and
`local_gaussian`). As long as the arrays of this approximation are zero, it moves them relative to the group. The data
`start_mu`, `start_sigma` and so on hold the initial values of chains, in the units of the variables. Levels of a group
are sampled in a partially non-centred form. Let m be the group mean from which they deviate, w their
`group_centredness`, and r = sigma_u / unit, where unit is the datum `group_unit`. Then

    u_offset ~ Normal(w m, unit r^w),    u = r^(1-w) (u_offset - w m)

w = 1 is the centred form and w = 0 the non-centred one. The model is the same for every w and every unit
(Papaspiliopoulos, Roberts & Skold, 2007, doi:10.1214/088342307000000014).

Correlations have an LKJ prior with shape 2, which slightly favours weak ones (Lewandowski, Kurowicka & Joe, 2009,
doi:10.1016/j.jmva.2009.04.008). A correlation of two parameters is within +-.73 with probability 90%.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.model.inputs import effect_labels, parameters_pooled, unpooled_parameters
from iwm_bayes.model.local_gaussian import declare_local_gaussian
from iwm_bayes.model.noncentering import (
    Correlated,
    HalfNormalQuantile,
    Independent,
    declare_people,
    group_log_density,
    pseudo_prior_logp,
)
from iwm_bayes.model.priors import (
    LKJ_SHAPE,
    FreeParameter,
    effect_map,
    figure_names,
    from_offset,
    group_level_weights,
    group_of_level,
)
from iwm_bayes.types import EFFECT_WIDTH, ModelSpec

type UnpooledPrior = Callable[[list[FreeParameter], int], tuple[Any, Any]]


def dim_name(dim: str) -> str:
    """Return a dim's name in the current model, with the model's name as prefix where it is one of several."""
    return str(pm.modelcontext(None).name_for(dim))


def sum_of_effects(indicator: np.ndarray, effects: Any) -> Any:
    """Return the sum (parameter, person) of effects (label, person): `indicator` @ `effects`, without BLAS."""
    return (indicator[:, :, None] * effects[None]).sum(axis=1)


def declare_start(name: str, default: Any) -> Any:
    """Declare the initial value of a variable as data."""
    return pm.Data(f"start_{name}", np.asarray(default, dtype=float))


def declare_mu(pooled: list[FreeParameter]) -> Any:
    """Declare group means (parameter,)."""
    mean, sd = [free.prior_mean for free in pooled], [free.prior_sd for free in pooled]
    return pm.Normal("mu", mean, sd, dims=dim_name("parameter"), initval=declare_start("mu", mean))


def declare_sd(name: str, scale: Any, dim: str) -> Any:
    """Declare SDs (dim,) between people or between the levels of a group."""
    start = declare_start(name, scale)
    return pm.HalfNormal(name, scale, dims=dim_name(dim), initval=start, default_transform=HalfNormalQuantile())


def declare_group_levels(partial: list[FreeParameter], mu: Any, data: xr.Dataset) -> Any:
    """Declare the deviations of group levels; return their sum (parameter, person)."""
    labels = effect_labels(data)
    levels, groups = labels["group_level"], labels["group"]
    indicator = effect_map(partial, levels).indicator
    membership = pm.Data("membership", data["membership"].values, dims=(dim_name("group_level"), "person"))
    sigma_u = declare_sd("sigma_u", effect_map(partial, groups).scale, "group")
    group = [groups.index(name) for name in group_of_level(levels)]
    w = pm.Data("group_centredness", np.zeros(len(groups)), dims=dim_name("group"))[group]
    unit = pm.Data("group_unit", np.ones(len(groups)), dims=dim_name("group"))[group]
    mean, sd = (mu[:, None] * group_level_weights(partial, levels)).sum(axis=0), sigma_u[group]
    offset = pm.Normal("u_offset", w * mean, unit * (sd / unit) ** w, dims=dim_name("group_level"))
    u = from_offset(mean, sd, offset, w, unit) - mean
    return sum_of_effects(indicator, u[:, None] * membership)


def declare_effects(partial: list[FreeParameter], mu: Any, data: xr.Dataset) -> Any:
    """Declare effects of covariates and groups; return the shift of group means, (parameter, person) or 0."""
    labels, shift = effect_labels(data), 0.0
    if "coefficient" in labels:
        effects = effect_map(partial, labels["coefficient"])
        design = pm.Data("design", data["design"].values, dims=(dim_name("coefficient"), "person"))
        sd = EFFECT_WIDTH * effects.scale
        beta = pm.Normal("beta", 0.0, sd, dims=dim_name("coefficient"), initval=declare_start("beta", 0.0 * sd))
        shift += sum_of_effects(effects.indicator, beta[:, None] * design)
    if "group_level" in labels:
        shift += declare_group_levels(partial, mu, data)
    return shift


def declare_partial_pooling(partial: list[FreeParameter], mu: Any, data: xr.Dataset) -> tuple[Any, Any]:
    """Declare between-person SDs and effects; return means (parameter, person) and SDs (parameter, 1) of people."""
    sigma = declare_sd("sigma", [free.parameter.prior_between_sd for free in partial], "parameter_partial")
    mean = mu[:, None] + declare_effects(partial, mu, data)
    return pt.broadcast_to(mean, (len(partial), data.sizes["person"])), sigma[:, None]


def no_pooling(unpooled: list[FreeParameter], people: int) -> tuple[Any, Any]:
    """Return means (parameter, person) and SDs (parameter, 1) of people without pooling, from the prior."""
    sd = [[np.hypot(free.prior_sd, free.parameter.prior_between_sd)] for free in unpooled]
    return np.repeat([[free.prior_mean] for free in unpooled], people, axis=1), np.array(sd)


def declare_theta(model: ModelSpec, mean: Any, sd: Any, n_partial: int, complete: list[Any]) -> Any:
    """Declare everyone's link-scale values around `mean` (parameter_person, person).

    The first `n_partial` parameters are the partially pooled ones, which may be correlated.
    """
    coords, dims = pm.modelcontext(None).coords, (dim_name("parameter_person"), "person")
    n_parameters, people = (len(coords[dim]) for dim in dims)
    gaussian = declare_local_gaussian(n_parameters, people, complete)
    if not model.correlated or n_partial < 2:
        return declare_people("theta", Independent, mean, sd, *gaussian, dims=dims)
    correlation_dims = (dim_name("parameter_partial"), dim_name("parameter_other"))
    factor = pm.LKJCorr("correlation", eta=LKJ_SHAPE, n=n_partial, dims=correlation_dims)
    root = sd * pt.set_subtensor(pt.eye(n_parameters)[:n_partial, :n_partial], factor)
    return declare_people("theta", Correlated, mean, root, *gaussian, dims=dims)


def declare_hierarchy(model: ModelSpec, data: xr.Dataset, unpooled_prior: UnpooledPrior = no_pooling) -> dict[str, Any]:
    """Declare the hierarchy in the current model; return link-scale values (person,) by label.

    `unpooled_prior` gives means (parameter, person) and SDs (parameter, 1) of the parameters without pooling.
    """
    figures, people = figure_names(data), data.sizes["person"]
    pooled = parameters_pooled(model, figures, "partial", "complete")
    partial, unpooled = parameters_pooled(model, figures, "partial"), unpooled_parameters(model, data)
    by_person, means_and_sds = [*partial, *unpooled], []
    values: dict[str, Any] = {}
    if pooled:
        mu = declare_mu(pooled)
        values |= {free.label: pt.full((people,), mu[index]) for index, free in enumerate(pooled)}
    if partial:
        means_and_sds.append(declare_partial_pooling(partial, mu[[pooled.index(free) for free in partial]], data))
    if unpooled:
        means_and_sds.append(unpooled_prior(unpooled, people))
    if by_person:
        mean, sd = (pt.concatenate(parts, axis=0) for parts in zip(*means_and_sds, strict=True))
        complete = [mu[index] for index, free in enumerate(pooled) if free not in partial]
        theta = declare_theta(model, mean, sd, len(partial), complete)
        values |= {free.label: theta[index] for index, free in enumerate(by_person)}
    return values


def person_log_densities() -> tuple[Any, Any] | None:
    """Return two log densities (person,) of everyone's values in the current model; None if it has no people.

    The first is that of the group. The second is the pseudo-prior: what group and approximate answers imply together.
    """
    graph = pm.modelcontext(None)
    if (theta := graph.named_vars.get(graph.name_for("theta"))) is None:
        return None
    *_, mean, root, precision, weighted_mode = theta.owner.inputs
    covariance = Correlated if graph.name_for("correlation") in graph.named_vars else Independent
    return (
        group_log_density(covariance, theta, mean, root),
        pseudo_prior_logp(covariance, theta, mean, root, precision, weighted_mode),
    )
