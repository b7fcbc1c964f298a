"""The hierarchy of `model.hierarchy` in arrays, as a linear Gaussian model.

    theta[parameter, person] ~ Normal(design[parameter, person] @ beta + offset[parameter], sigma[parameter])

`beta` stacks the group means of partially pooled parameters, the coefficients of covariates, and the deviations of
group levels. The deviations are normal with the SD of their group, `sigma_u`; `sigma` and `sigma_u` have half-normal
priors. Everything is on the link scale. Letters for shapes, in the whole package:

    D  parameters that each person has a value of: P partially pooled ones, those without pooling, innovations
    S  completely pooled parameters, which have one value for everyone
    K  entries of beta          G  groups          N  people
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.model.inputs import coordinates, parameters_pooled, theta_parameters, unpooled_parameters
from iwm_bayes.model.priors import effect_map, figure_names, group_of_level
from iwm_bayes.types import EFFECT_WIDTH, ModelSpec

SD_RANGE = (1e-6, 1e3)  # of between-person SDs on the link scale


class LinearPopulation(NamedTuple):
    """A hierarchy and its priors."""

    names: dict[str, list[str]]  # labels by dim, as in `model.hierarchy.coordinates`
    own: np.ndarray  # (D,) places of person-level parameters among the rows of theta
    complete: np.ndarray  # (S,) places of completely pooled parameters among the rows of theta
    design: np.ndarray  # (D, N, K)
    offset: np.ndarray  # (D,) prior mean of parameters without pooling, else 0
    no_pooling_sd: np.ndarray  # (D - P,) prior SD of parameters without pooling
    prior_mean: np.ndarray  # (K,) of beta
    prior_sd: np.ndarray  # (K,) of beta; 1 for deviations of group levels
    group_of_beta: np.ndarray  # (K,) index of the group in which an entry deviates; -1 for means and coefficients
    sigma_scale: np.ndarray  # (P,) half-normal scale of the between-person SDs
    sigma_u_scale: np.ndarray  # (G,) half-normal scale of the SDs between group levels
    complete_prior: np.ndarray  # (2, S) prior mean and SD of completely pooled parameters


class Group(NamedTuple):
    """The parameters of the group."""

    beta: np.ndarray  # (K,) group means, coefficients, deviations of group levels
    sigma: np.ndarray  # (P,) between-person SDs
    sigma_u: np.ndarray  # (G,) SDs between group levels
    complete: np.ndarray  # (S,) completely pooled parameters


def linear_population(model: ModelSpec, data: xr.Dataset) -> LinearPopulation:
    """Return the hierarchy of a model for the people of a data set."""
    figures, names = figure_names(data), coordinates(model, data)
    labels = [free.label for free in theta_parameters(model, data)]
    partial, complete = (parameters_pooled(model, figures, pooling) for pooling in ("partial", "complete"))
    none = unpooled_parameters(model, data)
    coefficients, levels = names.get("coefficient", []), names.get("group_level", [])
    coefficient_sd = EFFECT_WIDTH * effect_map(partial, coefficients).scale
    groups = [names["group"].index(name) for name in group_of_level(levels)] if levels else []
    return LinearPopulation(
        names=names,
        own=np.array([labels.index(free.label) for free in (*partial, *none)], dtype=int),
        complete=np.array([labels.index(free.label) for free in complete], dtype=int),
        design=design_array(model, data),
        offset=np.array([0.0] * len(partial) + [free.prior_mean for free in none]),
        no_pooling_sd=np.array([np.hypot(free.prior_sd, free.parameter.prior_between_sd) for free in none]),
        prior_mean=np.array([free.prior_mean for free in partial] + [0.0] * (len(coefficients) + len(levels))),
        prior_sd=np.array([*(free.prior_sd for free in partial), *coefficient_sd, *np.ones(len(levels))]),
        group_of_beta=np.array([-1] * (len(partial) + len(coefficients)) + groups, dtype=int),
        sigma_scale=np.array([free.parameter.prior_between_sd for free in partial]),
        sigma_u_scale=effect_map(partial, names.get("group", [])).scale,
        complete_prior=np.array([[free.prior_mean for free in complete], [free.prior_sd for free in complete]]),
    )


def design_array(model: ModelSpec, data: xr.Dataset) -> np.ndarray:
    """Return the design (D, N, K) by which `beta` enters the mean of every person-level parameter."""
    figures, people = figure_names(data), data.sizes["person"]
    partial, none = parameters_pooled(model, figures, "partial"), unpooled_parameters(model, data)
    names = coordinates(model, data)
    blocks = [np.repeat(np.eye(len(partial))[:, None, :], people, axis=1)]
    for dim, variable in (("coefficient", "design"), ("group_level", "membership")):
        if labels := names.get(dim):
            blocks.append(np.einsum("dk,kn->dnk", effect_map(partial, labels).indicator, data[variable].values))
    design = np.concatenate(blocks, axis=2)
    return np.concatenate([design, np.zeros((len(none), *design.shape[1:]))])


def initial_group(population: LinearPopulation) -> Group:
    """Return a group at its prior means, with SDs near their prior medians."""
    return Group(
        population.prior_mean.copy(),
        0.7 * population.sigma_scale,
        0.7 * population.sigma_u_scale,
        population.complete_prior[0].copy(),
    )


def pack(group: Group) -> np.ndarray:
    """Return a group as one unbounded vector (packed,): SDs enter by their logarithms."""
    return np.concatenate([group.beta, np.log(group.sigma), np.log(group.sigma_u), group.complete])


def unpack(vector: np.ndarray, like: Group) -> Group:
    """Return the group of a vector (packed,); `like` gives the number of parameters of each kind."""
    beta, log_sigma, log_sigma_u, complete = np.split(vector, np.cumsum([len(part) for part in like])[:-1])
    return Group(beta, np.exp(log_sigma), np.exp(log_sigma_u), complete)


def is_within_reach(group: Group) -> bool:
    """Return whether double precision can work with the between-person SDs of a group."""
    smallest, largest = SD_RANGE
    sds = np.concatenate([group.sigma, group.sigma_u])
    return bool(((sds > smallest) & (sds < largest)).all())


def person_sds(population: LinearPopulation, group: Group) -> np.ndarray:
    """Return the SD of every person-level parameter around its mean, (D,)."""
    return np.concatenate([group.sigma, population.no_pooling_sd])


def person_means(population: LinearPopulation, beta: np.ndarray) -> np.ndarray:
    """Return the mean of every person's parameters given the group, (D, N)."""
    return population.design @ beta + population.offset[:, None]


def beta_prior_precision(population: LinearPopulation, group: Group) -> np.ndarray:
    """Return the prior precision of beta, (K,)."""
    deviates = population.group_of_beta >= 0
    sd = population.prior_sd.copy()
    sd[deviates] = group.sigma_u[population.group_of_beta[deviates]]
    return 1.0 / sd**2
