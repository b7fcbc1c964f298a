"""The score of the group's marginal posterior, from sums over people.

By Fisher's identity the score (the gradient of the group's log marginal posterior) is an expectation over everyone's
posterior. It needs only sums over people, so that these can be processed in any order and in any number of parts.
People without events change none of the sums. Shapes as in `hierarchy`; `packed` is the length of `pack(group)`.
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
    """What people contribute to the score, summed over them, given their posterior means and covariances."""

    n_people: float
    score: np.ndarray  # (packed,) gradient of their log evidence by the group, beta being known
    score_products: np.ndarray  # (packed, packed) outer products of each person's score
    beta_information: np.ndarray  # (K, K)
    squared_deviations: np.ndarray  # (P,) expected squared distance of theta from its mean
    variance: np.ndarray  # (P,) posterior variance of theta
    beta_leverage: np.ndarray  # (P, K, K): how `squared_deviations` grow with the covariance of beta


def person_scores(
    population: LinearPopulation,
    group: Group,
    mean: np.ndarray,
    covariance: np.ndarray,
    complete_gradient: np.ndarray,
) -> np.ndarray:
    """Return the gradient of everyone's log evidence by the group, (packed, N), beta being known.

    The arguments are those of `person_sums`.
    """
    sd = person_sds(population, group)[:, None]
    deviation = mean - person_means(population, group.beta)
    variance = np.diagonal(covariance, axis1=1, axis2=2).T
    by_beta = np.einsum("dnk,dn->kn", population.design, deviation / sd**2)
    by_log_sigma = ((deviation**2 + variance) / sd**2 - 1.0)[: len(group.sigma)]
    by_log_sigma_u = np.zeros((len(group.sigma_u), mean.shape[1]))
    return np.concatenate([by_beta, by_log_sigma, by_log_sigma_u, complete_gradient])


def person_sums(
    population: LinearPopulation,
    group: Group,
    mean: np.ndarray,
    covariance: np.ndarray,
    complete_gradient: np.ndarray,
) -> PersonSums:
    """Sum over people with these posteriors.

    `mean` is (D, N), `covariance` (N, D, D), and `complete_gradient` (S, N) the gradient of the log likelihood by
    completely pooled parameters.
    """
    precision, count = 1.0 / person_sds(population, group) ** 2, len(group.sigma)
    deviation = (mean - person_means(population, group.beta))[:count]
    design = population.design[:count]
    weight = np.eye(len(precision)) * precision - precision[:, None] * covariance * precision
    variance = np.diagonal(covariance, axis1=1, axis2=2).T[:count]
    lag = 1.0 - variance / group.sigma[:, None] ** 2  # share of a shift of the mean that theta does not follow
    scores = person_scores(population, group, mean, covariance, complete_gradient)
    return PersonSums(
        float(mean.shape[1]),
        scores.sum(axis=1),
        scores @ scores.T,
        np.einsum("dnk,nde,enl->kl", population.design, weight, population.design, optimize=True),
        (deviation**2 + variance).sum(axis=1),
        variance.sum(axis=1),
        np.einsum("dnk,dn,dnl->dkl", design, lag**2, design, optimize=True),
    )


def add_sums(parts: Iterable[PersonSums]) -> PersonSums:
    """Add the sums over the people of all parts."""
    return reduce(lambda one, other: PersonSums(*map(add, one, other)), parts)


def beta_covariance(population: LinearPopulation, group: Group, sums: PersonSums) -> np.ndarray:
    """Return the posterior covariance of beta (K, K), the other parameters being known."""
    return np.linalg.inv(sums.beta_information + np.diag(beta_prior_precision(population, group)))


def expected_squares(sums: PersonSums, beta_cov: np.ndarray) -> np.ndarray:
    """Return the expected sum over people of (theta - mean)^2, (P,), with theta and beta uncertain."""
    return sums.squared_deviations + np.einsum("dkl,kl->d", sums.beta_leverage, beta_cov)


def group_level_squares(
    population: LinearPopulation, group: Group, beta_cov: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the expected sum of squared deviations of the levels of each group, and their number, (G,) each."""
    squares = group.beta**2 + np.diag(beta_cov)
    in_group = population.group_of_beta == np.arange(len(group.sigma_u))[:, None]
    return (in_group * squares).sum(axis=1), in_group.sum(axis=1)


def marginal_score(population: LinearPopulation, group: Group, sums: PersonSums) -> np.ndarray:
    """Return the gradient of the group's log marginal posterior, (packed,)."""
    beta_cov = beta_covariance(population, group, sums)
    by_beta_uncertainty = np.einsum("dkl,kl->d", sums.beta_leverage, beta_cov) / group.sigma**2
    squares, count = group_level_squares(population, group, beta_cov)
    prior_mean, prior_sd = population.complete_prior
    prior_score = [
        -beta_prior_precision(population, group) * (group.beta - population.prior_mean),
        by_beta_uncertainty - (group.sigma / population.sigma_scale) ** 2 + 1.0,
        squares / group.sigma_u**2 - count - (group.sigma_u / population.sigma_u_scale) ** 2 + 1.0,
        -(group.complete - prior_mean) / prior_sd**2,
    ]
    return sums.score + np.concatenate(prior_score)


def marginal_log_density(population: LinearPopulation, group: Group, sums: PersonSums, log_evidence: float) -> float:
    """Return the group's log marginal posterior on the scale of `pack`, up to a constant.

    `log_evidence` is that of all people.
    """
    precision, (prior_mean, prior_sd) = beta_prior_precision(population, group), population.complete_prior
    beta_term = np.log(precision) - precision * (group.beta - population.prior_mean) ** 2
    beta_volume = np.linalg.slogdet(sums.beta_information + np.diag(precision))[1]
    sds = ((group.sigma, population.sigma_scale), (group.sigma_u, population.sigma_u_scale))
    sd_terms = np.concatenate([2.0 * np.log(sd) - (sd / scale) ** 2 for sd, scale in sds])
    complete_term = ((group.complete - prior_mean) / prior_sd) ** 2
    return float(log_evidence + (beta_term.sum() - beta_volume + sd_terms.sum() - complete_term.sum()) / 2.0)


def outer_curvature(population: LinearPopulation, group: Group, sums: PersonSums) -> np.ndarray:
    """Return the curvature of the group's log posterior from outer products of people's scores, (packed, packed).

    With many people it is good enough for steps. It is the exact curvature where the model is true and its people are
    known exactly: Berndt, Hall, Hall & Hausman (1974), Annals of Economic and Social Measurement 3(4), 653-665.
    """
    centred = sums.score_products - np.outer(sums.score, sums.score) / sums.n_people
    return centred + np.diag(prior_curvature(population, group))


def prior_curvature(population: LinearPopulation, group: Group) -> np.ndarray:
    """Return what the prior adds to the curvature of the group's log posterior, (packed,)."""
    by_log_sigma = 2.0 * (group.sigma / population.sigma_scale) ** 2
    by_log_sigma_u = 2.0 * (group.sigma_u / population.sigma_u_scale) ** 2
    by_complete = 1.0 / population.complete_prior[1] ** 2
    return np.concatenate([beta_prior_precision(population, group), by_log_sigma, by_log_sigma_u, by_complete])


def most_probable_sd(squares: np.ndarray, count: np.ndarray | float, scale: np.ndarray) -> np.ndarray:
    """Return the SD whose logarithm is most probable given a sum of `count` squares and a half-normal prior."""
    excess = count - 1.0
    return np.sqrt(scale**2 * (np.sqrt(excess**2 + 4.0 * squares / scale**2) - excess) / 2.0)


def em_step(population: LinearPopulation, group: Group, mean: np.ndarray, covariance: np.ndarray) -> Group:
    """Return the group after one step of expectation and maximisation; completely pooled parameters stay."""
    no_gradient = np.zeros((len(group.complete), mean.shape[1]))
    sums = person_sums(population, group, mean, covariance, no_gradient)
    beta_cov = beta_covariance(population, group, sums)
    group = group._replace(beta=group.beta + beta_cov @ marginal_score(population, group, sums)[: len(group.beta)])
    squares = expected_squares(person_sums(population, group, mean, covariance, no_gradient), beta_cov)
    sigma = most_probable_sd(squares, sums.n_people, population.sigma_scale)
    sigma_u = most_probable_sd(*group_level_squares(population, group, beta_cov), population.sigma_u_scale)
    return group._replace(sigma=sigma, sigma_u=sigma_u)
