"""The slope of the group's log marginal posterior, from sums over people.

By Fisher's identity it is an expectation over everyone's posterior. All that it needs of people are sums, so that they
can be gone through in any order and in any number of parts. People to whom nothing happened change none of them.
"""

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np

from iwm_bayes.inference.laplace.hierarchy import (
    Group,
    LinearPopulation,
    beta_prior_precision,
    person_means,
    person_sds,
)


class PersonSums(NamedTuple):
    """What people say of their group, summed over them, given their means and covariances under it."""

    people: float
    score: np.ndarray  # (packed,) slope of their log evidence by the group, beta being known
    squared: np.ndarray  # (packed, packed) products of each one's slopes
    said: np.ndarray  # (K, K) information on beta
    squares: np.ndarray  # (P,) of distances from the centre, as expected
    within: np.ndarray  # (P,) of variances of people around their own means
    lever: np.ndarray  # (P, K, K): what `squares` grow by where beta is uncertain, times its covariance


def person_scores(
    shape: LinearPopulation, group: Group, x: np.ndarray, variance: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Slope of everyone's log evidence by the group, (packed, N), beta being known; arguments are those of `person_sums`."""
    scale = person_sds(shape, group)[:, None]
    apart, own = x - person_means(shape, group.beta), np.diagonal(variance, axis1=1, axis2=2).T
    of_beta = np.einsum("dnk,dn->kn", shape.design, apart / scale**2)
    of_spread = ((apart**2 + own) / scale**2 - 1.0)[: len(group.spread)]
    return np.concatenate([of_beta, of_spread, np.zeros((len(group.between), x.shape[1])), slope])


def person_sums(
    shape: LinearPopulation, group: Group, x: np.ndarray, variance: np.ndarray, slope: np.ndarray
) -> PersonSums:
    """The sums over people with means `x` (D, N), covariance (N, D, D), and slopes (S, N) by what everyone shares."""
    precision, count = 1.0 / person_sds(shape, group) ** 2, len(group.spread)
    apart, design = (x - person_means(shape, group.beta))[:count], shape.design[:count]
    weight = np.eye(len(precision)) * precision - precision[:, None] * variance * precision
    own = np.diagonal(variance, axis1=1, axis2=2).T[:count]
    left = 1.0 - own / group.spread[:, None] ** 2  # of a shift of the centre, by how much the person does not follow
    each = person_scores(shape, group, x, variance, slope)
    return PersonSums(
        float(x.shape[1]),
        each.sum(axis=1),
        each @ each.T,
        np.einsum("dnk,nde,enl->kl", shape.design, weight, shape.design, optimize=True),
        (apart**2 + own).sum(axis=1),
        own.sum(axis=1),
        np.einsum("dnk,dn,dnl->dkl", design, left**2, design, optimize=True),
    )


def add_sums(parts: Iterable[PersonSums]) -> PersonSums:
    """The sums over the people of all parts."""
    return reduce(lambda one, other: PersonSums(*map(add, one, other)), parts)


def beta_covariance(shape: LinearPopulation, group: Group, all_people: PersonSums) -> np.ndarray:
    """Covariance of beta (K, K), the rest being known."""
    return np.linalg.inv(all_people.said + np.diag(beta_prior_precision(shape, group)))


def expected_squares(all_people: PersonSums, known: np.ndarray) -> np.ndarray:
    """Sum over people of (x - centre)^2 as expected, (P,), people and beta (covariance `known`) being uncertain."""
    return all_people.squares + np.einsum("dkl,kl->d", all_people.lever, known)


def member_squares(shape: LinearPopulation, group: Group, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squared deviations as expected and their number, by grouping, (G,) each."""
    squares = group.beta**2 + np.diag(known)
    which = shape.member == np.arange(len(group.between))[:, None]
    return (which * squares).sum(axis=1), which.sum(axis=1)


def marginal_score(shape: LinearPopulation, group: Group, all_people: PersonSums) -> np.ndarray:
    """Slope of the group's log marginal posterior, as `packed`."""
    known = beta_covariance(shape, group, all_people)
    more = np.einsum("dkl,kl->d", all_people.lever, known) / group.spread**2  # beta being uncertain
    squares, count = member_squares(shape, group, known)
    middle, width = shape.shared_prior
    of_prior = [
        -beta_prior_precision(shape, group) * (group.beta - shape.prior_mean),
        more - (group.spread / shape.spread) ** 2 + 1.0,
        squares / group.between**2 - count - (group.between / shape.between) ** 2 + 1.0,
        -(group.shared - middle) / width**2,
    ]
    return all_people.score + np.concatenate(of_prior)


def marginal_log_density(shape: LinearPopulation, group: Group, all_people: PersonSums, evidence: float) -> float:
    """The group's log marginal posterior as `packed`, but for a constant; `evidence` is that of all people."""
    prior, (middle, width) = beta_prior_precision(shape, group), shape.shared_prior
    of_beta = np.log(prior) - prior * (group.beta - shape.prior_mean) ** 2
    left = np.linalg.slogdet(all_people.said + np.diag(prior))[1]  # beta being uncertain
    of_scales = [
        2.0 * np.log(x) - (x / s) ** 2 for x, s in ((group.spread, shape.spread), (group.between, shape.between))
    ]
    of_shared = ((group.shared - middle) / width) ** 2
    return float(evidence + (of_beta.sum() - left + np.concatenate(of_scales).sum() - of_shared.sum()) / 2.0)


def outer_curvature(shape: LinearPopulation, group: Group, all_people: PersonSums) -> np.ndarray:
    """Curvature of the group's log posterior by the products of people's slopes: near enough for steps, with many.

    It is the curvature itself where the theory is true and its people are known exactly: Berndt, Hall, Hall & Hausman
    (1974), Annals of Economic and Social Measurement 3(4), 653-665.
    """
    of_all = all_people.score
    return all_people.squared - np.outer(of_all, of_all) / all_people.people + np.diag(prior_curvature(shape, group))


def prior_curvature(shape: LinearPopulation, group: Group) -> np.ndarray:
    """What the prior adds to the curvature of the group's log posterior, as `packed`: none of it comes from people."""
    of_spread, of_between = 2.0 * (group.spread / shape.spread) ** 2, 2.0 * (group.between / shape.between) ** 2
    return np.concatenate([beta_prior_precision(shape, group), of_spread, of_between, 1.0 / shape.shared_prior[1] ** 2])


def most_probable_sd(squares: np.ndarray, count: np.ndarray | float, scale: np.ndarray) -> np.ndarray:
    """The sd whose logarithm is most probable given a sum of `count` squares and a half-normal prior."""
    less = count - 1.0
    return np.sqrt(scale**2 * (np.sqrt(less**2 + 4.0 * squares / scale**2) - less) / 2.0)


def em_step(shape: LinearPopulation, group: Group, x: np.ndarray, variance: np.ndarray) -> Group:
    """The group one step of expectation and maximisation on; what is shared stays as it is."""
    nothing = np.zeros((len(group.shared), x.shape[1]))
    before = person_sums(shape, group, x, variance, nothing)
    known = beta_covariance(shape, group, before)
    group = group._replace(beta=group.beta + known @ marginal_score(shape, group, before)[: len(group.beta)])
    squares = expected_squares(person_sums(shape, group, x, variance, nothing), known)
    spread = most_probable_sd(squares, before.people, shape.spread)
    between = most_probable_sd(*member_squares(shape, group, known), shape.between)
    return group._replace(spread=spread, between=between)
