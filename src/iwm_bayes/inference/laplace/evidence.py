"""The log evidence of a model for a whole study, people and group integrated out, by Laplace's method.

It has three terms, all at the group's mode (see `empirical_bayes`): everyone's log evidence, the log prior of the
group, and the log volume of the group's posterior. The SDs of the group are taken by their logarithms.
"""

import numpy as np

from iwm_bayes.inference.laplace.empirical_bayes import GroupMode
from iwm_bayes.inference.laplace.hierarchy import beta_prior_precision
from iwm_bayes.inference.laplace.person_posteriors import Problem, person_log_evidence


def normal_log_density(deviation: np.ndarray, sd: np.ndarray) -> float:
    """Return the log density of independent normals at deviations from their means."""
    return float(np.sum(-np.log(2.0 * np.pi) / 2.0 - np.log(sd) - (deviation / sd) ** 2 / 2.0))


def log_half_normal_density(sd: np.ndarray, scale: np.ndarray) -> float:
    """Return the log density of the logarithms of independent half-normals."""
    relative = sd / scale
    return float(np.sum(np.log(2.0 / np.pi) / 2.0 + np.log(relative) - relative**2 / 2.0))


def log_evidence(problem: Problem, mode: GroupMode) -> float:
    """Return the natural logarithm of the probability of all answers."""
    population, group = problem.population, mode.group
    complete_mean, complete_sd = population.complete_prior
    beta_sd = 1.0 / np.sqrt(beta_prior_precision(population, group))
    log_prior = normal_log_density(group.beta - population.prior_mean, beta_sd)
    log_prior += normal_log_density(group.complete - complete_mean, complete_sd)
    log_prior += log_half_normal_density(group.sigma, population.sigma_scale) + log_half_normal_density(
        group.sigma_u, population.sigma_u_scale
    )
    _, log_volume = np.linalg.slogdet(2.0 * np.pi * mode.covariance)
    return float(person_log_evidence(problem, group, mode.people).sum()) + log_prior + log_volume / 2.0
