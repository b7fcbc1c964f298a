"""People around their groups, in arrays: what `hierarchy` says in a graph, as a linear Gaussian model.

    x[row, person] ~ Normal(design[row, person] @ beta + offset[row], spread[row])

`beta` holds centres of the partially pooled rows, effects of covariates and deviations of members, which are normal
with their group's sd; spreads and the sds of groups are half-normal. Everything is on the link scale.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.core import Model
from iwm_bayes.hierarchy import coordinates, pooled
from iwm_bayes.method import Settings
from iwm_bayes.population import WIDE, figures_of, groupings, moves, rows


class Crowd(NamedTuple):
    """The shape of a hierarchy and its priors: D personal rows (P of them pooled), N people, K betas, S shared rows."""

    names: dict[str, list[str]]  # by dim, as in `hierarchy`
    personal: np.ndarray  # (D,) which of all rows are a person's own: pooled ones first, then those who share nothing
    shared: np.ndarray  # (S,) which are everyone's
    design: np.ndarray  # (D, N, K)
    offset: np.ndarray  # (D,) middle of rows of people who share nothing
    alone: np.ndarray  # (D - P,) sd of those rows
    middle: np.ndarray  # (K,) prior mean of beta
    width: np.ndarray  # (K,) prior sd of beta; 1 for deviations
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


def crowd(model: Model, data: xr.Dataset) -> Crowd:
    """The hierarchy of a theory for the people of a data set."""
    figures, people = figures_of(data), data.sizes["person"]
    everything = [row.label for row in rows(model, figures)]
    partial, shared, separate = (pooled(model, figures, kind) for kind in ("partial", "shared", "separate"))
    names = coordinates(model, data)
    terms, members = names.get("term", []), names.get("member", [])
    blocks = [np.repeat(np.eye(len(partial))[:, None, :], people, axis=1)]
    for labels, share in ((terms, "design"), (members, "membership")):
        if labels:
            blocks.append(np.einsum("dk,kn->dnk", moves(partial, labels).rows, data[share].values))
    design = np.concatenate(blocks, axis=2)
    design = np.concatenate([design, np.zeros((len(separate), *design.shape[1:]))])
    grouping = [names["grouping"].index(name) for name in groupings(members)] if members else []
    return Crowd(
        names,
        np.array([everything.index(row.label) for row in (*partial, *separate)], dtype=int),
        np.array([everything.index(row.label) for row in shared], dtype=int),
        design,
        np.array([0.0] * len(partial) + [row.middle for row in separate]),
        np.array([np.hypot(row.width, row.parameter.spread) for row in separate]),
        np.array([row.middle for row in partial] + [0.0] * (len(terms) + len(members))),
        np.array([*(row.width for row in partial), *(WIDE * moves(partial, terms).scale), *np.ones(len(members))]),
        np.array([-1] * (len(partial) + len(terms)) + grouping, dtype=int),
        np.array([row.parameter.spread for row in partial]),
        moves(partial, names.get("grouping", [])).scale,
        np.array([[row.middle for row in shared], [row.width for row in shared]]),
    )


def beginning(shape: Crowd) -> Group:
    """The group in the middle of its priors, sds at about their medians."""
    return Group(shape.middle.copy(), 0.7 * shape.spread, 0.7 * shape.between, shape.shared_prior[0].copy())


def packed(group: Group) -> np.ndarray:
    """A group as one vector without bounds."""
    return np.concatenate([group.beta, np.log(group.spread), np.log(group.between), group.shared])


def unpacked(vector: np.ndarray, like: Group) -> Group:
    """The group of a vector."""
    beta, spread, between, shared = np.split(vector, np.cumsum([len(part) for part in like])[:-1])
    return Group(beta, np.exp(spread), np.exp(between), shared)


def scales(shape: Crowd, group: Group) -> np.ndarray:
    """The sd of every personal row around its centre, (D,)."""
    return np.concatenate([group.spread, shape.alone])


def centres(shape: Crowd, beta: np.ndarray) -> np.ndarray:
    """Every person's centre, (D, N)."""
    return shape.design @ beta + shape.offset[:, None]


def beta_prior(shape: Crowd, group: Group) -> np.ndarray:
    """Prior precision of beta, (K,)."""
    deviates = shape.member >= 0
    width = shape.width.copy()
    width[deviates] = group.between[shape.member[deviates]]
    return 1.0 / width**2


def beta_information(shape: Crowd, group: Group, variance: np.ndarray) -> np.ndarray:
    """What people say of beta, and the prior, (K, K); `variance` (N, D, D) is that of people around their means."""
    precision = 1.0 / scales(shape, group) ** 2
    weight = np.eye(len(precision)) * precision - precision[:, None] * variance * precision
    said = np.einsum("dnk,nde,enl->kl", shape.design, weight, shape.design, optimize=True)
    return said + np.diag(beta_prior(shape, group))


def expected_squares(shape: Crowd, group: Group, x: np.ndarray, variance: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Sum over people of (x - centre)^2 as expected, (P,), people and beta (covariance `known`) being uncertain."""
    count = len(group.spread)
    own = np.diagonal(variance, axis1=1, axis2=2).T[:count]
    of_centre = np.einsum("dnk,kl,dnl->dn", shape.design, known, shape.design, optimize=True)[:count]
    apart = (x - centres(shape, group.beta))[:count]
    left = 1.0 - own / group.spread[:, None] ** 2  # of a shift of the centre, by how much the person does not follow
    return (apart**2 + own + left**2 * of_centre).sum(axis=1)


def member_squares(shape: Crowd, group: Group, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squared deviations as expected and their number, by grouping, (G,) each."""
    squares = group.beta**2 + np.diag(known)
    which = shape.member == np.arange(len(group.between))[:, None]
    return (which * squares).sum(axis=1), which.sum(axis=1)


def score(
    shape: Crowd, group: Group, x: np.ndarray, variance: np.ndarray, slope: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Slope of the group's log marginal posterior, as `packed`, and the covariance of beta, the rest being known.

    `slope` (S,) is that of the likelihood by what everyone shares.
    """
    precision = 1.0 / scales(shape, group) ** 2
    known = np.linalg.inv(beta_information(shape, group, variance))
    apart = (x - centres(shape, group.beta)) * precision[:, None]
    of_beta = np.einsum("dnk,dn->k", shape.design, apart)
    of_beta -= beta_prior(shape, group) * (group.beta - shape.middle)
    squares = expected_squares(shape, group, x, variance, known)
    of_spread = squares / group.spread**2 - x.shape[1] - (group.spread / shape.spread) ** 2 + 1.0
    squares, count = member_squares(shape, group, known)
    of_between = squares / group.between**2 - count - (group.between / shape.between) ** 2 + 1.0
    middle, width = shape.shared_prior
    of_shared = slope - (group.shared - middle) / width**2
    return np.concatenate([of_beta, of_spread, of_between, of_shared]), known


def best_scale(squares: np.ndarray, count: np.ndarray | int, scale: np.ndarray) -> np.ndarray:
    """The sd whose logarithm is most probable given a sum of `count` squares and a half-normal prior."""
    less = count - 1.0
    return np.sqrt(scale**2 * (np.sqrt(less**2 + 4.0 * squares / scale**2) - less) / 2.0)


def moved(shape: Crowd, group: Group, x: np.ndarray, variance: np.ndarray) -> Group:
    """The group one step of expectation and maximisation on; what is shared stays as it is."""
    slope, known = score(shape, group, x, variance, np.zeros(len(group.shared)))
    group = group._replace(beta=group.beta + known @ slope[: len(group.beta)])
    squares = expected_squares(shape, group, x, variance, known)
    spread = best_scale(squares, x.shape[1], shape.spread)
    between = best_scale(*member_squares(shape, group, known), shape.between)
    return group._replace(spread=spread, between=between)


def draws_of(
    shape: Crowd, group: Group, covariance: np.ndarray, x: np.ndarray, variance: np.ndarray, settings: Settings
) -> xr.Dataset:
    """Draws from the Gaussians of group and people as a posterior (chain, draw, ...); people follow their centres."""
    generator, count = np.random.default_rng(settings.seed), settings.chains * settings.draws
    drawn = generator.multivariate_normal(packed(group), covariance, count, method="eigh")
    beta, spread, between, shared = np.split(drawn, np.cumsum([len(part) for part in group])[:-1], axis=1)
    follows = variance / scales(shape, group) ** 2  # (N, D, D): how far a mode moves with its centre
    shift = np.einsum("dnk,sk->sdn", shape.design, beta - group.beta)
    own = np.einsum("nde,sen->sdn", follows, shift)
    around = np.einsum("nde,sen->sdn", np.linalg.cholesky(variance), generator.normal(size=(count, *x.shape)))
    names = shape.names
    many = {name: len(names.get(name, [])) for name in ("partial", "term", "member")}
    centre, effect, deviation = np.split(beta, np.cumsum(list(many.values()))[:-1], axis=1)
    by_row = dict(zip(names["partial"], centre.T, strict=True))
    by_row |= dict(zip([name for name in names["row"] if name not in by_row], shared.T, strict=True))
    found = {
        "centre": ("row", np.array([by_row[name] for name in names["row"]]).T),
        "spread": ("partial", np.exp(spread)),
        "effect": ("term", effect),
        "group_spread": ("grouping", np.exp(between)),
        "deviation": ("member", deviation),
        "level": (("personal", "person"), x + own + around),
    }
    kept = {
        name: (
            ("chain", "draw", *np.atleast_1d(dims)),
            value.reshape(settings.chains, settings.draws, *value.shape[1:]),
        )
        for name, (dims, value) in found.items()
        if value.shape[1]
    }
    dims = {dim for several, _ in kept.values() for dim in several} - {"chain", "draw"}
    return xr.Dataset(kept, {dim: names[dim] for dim in dims})
