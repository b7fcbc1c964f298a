"""Small hierarchies whose posterior is known."""

import numpy as np
from scipy import special, stats

from iwm_bayes.inference.laplace.hierarchy import LinearPopulation
from iwm_bayes.inference.laplace.person_posteriors import Problem

PEOPLE, NOISE = 40, 0.4  # the noise is the known SD of observations
MEMBERSHIP = np.repeat(np.eye(8), 5, axis=1)  # eight therapists of five people each
MANY, ANSWERS = 3000, 50  # people with binary answers, and answers of each


def gaussian_study(seed):
    """Return population, observations and problem of people who are normal in every respect.

    An observation is a person-level parameter plus a completely pooled one, with a known noise. A covariate and
    therapists shift people's means.
    """
    generator = np.random.default_rng(seed)
    arm = np.tile([0.0, 1.0], PEOPLE // 2)
    population = LinearPopulation(
        names={},
        own=np.array([1]),
        complete=np.array([0]),
        design=np.concatenate([np.ones((1, PEOPLE, 1)), arm[None, :, None], MEMBERSHIP.T[None]], axis=2),
        offset=np.zeros(1),
        no_pooling_sd=np.zeros(0),
        prior_mean=np.array([0.5, *[0.0] * 9]),
        prior_sd=np.array([1.0, 1.0, *[1.0] * 8]),
        group_of_beta=np.array([-1, -1, *[0] * 8]),
        sigma_scale=np.array([0.5]),
        sigma_u_scale=np.array([0.5]),
        complete_prior=np.array([[0.0], [0.3]]),
    )
    theta = 0.3 + 0.8 * arm + generator.normal(0, 0.6, 8) @ MEMBERSHIP + generator.normal(0, 0.5, PEOPLE)
    observed = theta + generator.normal(0, NOISE, PEOPLE)

    def likelihood(theta):
        gradient = (observed - theta.sum(axis=0)) / NOISE**2
        return stats.norm.logpdf(observed, theta.sum(axis=0), NOISE), np.stack([gradient, gradient])

    return population, observed, Problem(population, likelihood)


def exact_marginal(population, observed, log_sds):
    """Return the log posterior of sigma and sigma_u, and the posterior mean and covariance of (beta, complete)."""
    sigma, sigma_u = np.exp(log_sds)
    design = np.concatenate([population.design[0], np.ones((PEOPLE, 1))], axis=1)
    prior = np.diag([1.0, 1.0, *[sigma_u**2] * 8, 0.3**2])
    prior_mean = np.array([*population.prior_mean, 0.0])
    noise = (sigma**2 + NOISE**2) * np.eye(PEOPLE)
    value = stats.multivariate_normal.logpdf(observed, design @ prior_mean, noise + design @ prior @ design.T)
    value += stats.halfnorm.logpdf([sigma, sigma_u], scale=0.5).sum() + log_sds.sum()
    gain = prior @ design.T @ np.linalg.inv(noise + design @ prior @ design.T)
    return value, prior_mean + gain @ (observed - design @ prior_mean), prior - gain @ design @ prior


def pooled_population(parameters, people):
    """Return a population with partially pooled parameters only, without covariates."""
    names = [f"parameter {number}" for number in range(parameters)]
    return LinearPopulation(
        names={"parameter": names, "parameter_partial": names, "parameter_person": names},
        own=np.arange(parameters),
        complete=np.array([], dtype=int),
        design=np.repeat(np.eye(parameters)[:, None, :], people, axis=1),
        offset=np.zeros(parameters),
        no_pooling_sd=np.zeros(0),
        prior_mean=np.zeros(parameters),
        prior_sd=np.ones(parameters),
        group_of_beta=np.full(parameters, -1),
        sigma_scale=np.full(parameters, 0.5),
        sigma_u_scale=np.zeros(0),
        complete_prior=np.zeros((2, 0)),
    )


def binary_study(mu, sigma, seed):
    """Return the problem of many people with 50 binary answers each by a log-odds of their own, and their sums."""
    theta = mu + sigma * np.random.default_rng(seed).normal(size=MANY)
    yes = np.random.default_rng(seed + 1).binomial(ANSWERS, special.expit(theta))

    def likelihood(theta):
        value = yes * theta[0] - ANSWERS * np.logaddexp(0.0, theta[0])
        return value, (yes - ANSWERS * special.expit(theta[0]))[None]

    return Problem(pooled_population(1, MANY), likelihood), yes
