"""People around their groups, in arrays: what `hierarchy` says in a graph, as a linear Gaussian model.

    x[row, person] ~ Normal(design[row, person] @ beta + offset[row], spread[row])

`beta` holds centres of the partially pooled rows, effects of covariates and deviations of members, which are normal
with their group's sd; spreads and the sds of groups are half-normal. Everything is on the link scale.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.model.hierarchy import coordinates, parameters_pooled
from iwm_bayes.model.priors import EFFECT_WIDTH, effect_map, figure_names, free_parameters, group_of_level
from iwm_bayes.types import ModelSpec


class LinearPopulation(NamedTuple):
    """The shape of a hierarchy and its priors: D personal rows (P of them pooled), N people, K betas, S shared rows."""

    names: dict[str, list[str]]  # by dim, as in `hierarchy`
    personal: np.ndarray  # (D,) which of all rows are a person's own: pooled ones first, then those who share nothing
    shared: np.ndarray  # (S,) which are everyone's
    design: np.ndarray  # (D, N, K)
    offset: np.ndarray  # (D,) middle of rows of people who share nothing
    alone: np.ndarray  # (D - P,) sd of those rows
    prior_mean: np.ndarray  # (K,) prior mean of beta
    prior_sd: np.ndarray  # (K,) prior sd of beta; 1 for deviations
    member: np.ndarray  # (K,) which grouping it deviates in; -1 for centres and effects
    spread: np.ndarray  # (P,) scale of the between-person sd
    between: np.ndarray  # (G,) scale of the sd of each grouping
    shared_prior: np.ndarray  # (2, S) prior mean and sd


class Group(NamedTuple):
    """What is estimated of the group."""

    beta: np.ndarray  # (K,)
    spread: np.ndarray  # (P,)
    between: np.ndarray  # (G,)
    shared: np.ndarray  # (S,)


def linear_population(model: ModelSpec, data: xr.Dataset) -> LinearPopulation:
    """The hierarchy of a theory for the people of a data set."""
    figures, people = figure_names(data), data.sizes["person"]
    everything = [row.label for row in free_parameters(model, figures)]
    partial, shared, separate = (parameters_pooled(model, figures, kind) for kind in ("partial", "complete", "none"))
    names = coordinates(model, data)
    terms, members = names.get("coefficient", []), names.get("group_level", [])
    blocks = [np.repeat(np.eye(len(partial))[:, None, :], people, axis=1)]
    for labels, share in ((terms, "design"), (members, "membership")):
        if labels:
            blocks.append(np.einsum("dk,kn->dnk", effect_map(partial, labels).rows, data[share].values))
    design = np.concatenate(blocks, axis=2)
    design = np.concatenate([design, np.zeros((len(separate), *design.shape[1:]))])
    grouping = [names["group"].index(name) for name in group_of_level(members)] if members else []
    return LinearPopulation(
        names,
        np.array([everything.index(row.label) for row in (*partial, *separate)], dtype=int),
        np.array([everything.index(row.label) for row in shared], dtype=int),
        design,
        np.array([0.0] * len(partial) + [row.prior_mean for row in separate]),
        np.array([np.hypot(row.prior_sd, row.parameter.prior_between_sd) for row in separate]),
        np.array([row.prior_mean for row in partial] + [0.0] * (len(terms) + len(members))),
        np.array(
            [
                *(row.prior_sd for row in partial),
                *(EFFECT_WIDTH * effect_map(partial, terms).scale),
                *np.ones(len(members)),
            ]
        ),
        np.array([-1] * (len(partial) + len(terms)) + grouping, dtype=int),
        np.array([row.parameter.prior_between_sd for row in partial]),
        effect_map(partial, names.get("group", [])).scale,
        np.array([[row.prior_mean for row in shared], [row.prior_sd for row in shared]]),
    )


def initial_group(shape: LinearPopulation) -> Group:
    """The group in the middle of its priors, sds at about their medians."""
    return Group(shape.prior_mean.copy(), 0.7 * shape.spread, 0.7 * shape.between, shape.shared_prior[0].copy())


def pack(group: Group) -> np.ndarray:
    """A group as one vector without bounds."""
    return np.concatenate([group.beta, np.log(group.spread), np.log(group.between), group.shared])


def unpack(vector: np.ndarray, like: Group) -> Group:
    """The group of a vector."""
    beta, spread, between, shared = np.split(vector, np.cumsum([len(part) for part in like])[:-1])
    return Group(beta, np.exp(spread), np.exp(between), shared)


def person_sds(shape: LinearPopulation, group: Group) -> np.ndarray:
    """The sd of every personal row around its centre, (D,)."""
    return np.concatenate([group.spread, shape.alone])


def person_means(shape: LinearPopulation, beta: np.ndarray) -> np.ndarray:
    """Every person's centre, (D, N)."""
    return shape.design @ beta + shape.offset[:, None]


def beta_prior_precision(shape: LinearPopulation, group: Group) -> np.ndarray:
    """Prior precision of beta, (K,)."""
    deviates = shape.member >= 0
    width = shape.prior_sd.copy()
    width[deviates] = group.between[shape.member[deviates]]
    return 1.0 / width**2
