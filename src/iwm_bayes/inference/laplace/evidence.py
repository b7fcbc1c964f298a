"""The probability of a whole study under a theory, people and group integrated out, by Laplace's method.

Everyone's evidence under the most probable group, the group's prior there, and the volume around it in which the group
might as well be (see `laplace`). The group is taken on the scale on which it is climbed, sds by their logarithms.
"""

import numpy as np

from iwm_bayes.inference.laplace.empirical_bayes import GroupMode
from iwm_bayes.inference.laplace.hierarchy import beta_prior_precision
from iwm_bayes.inference.laplace.person_posteriors import Problem, person_log_evidence


def normal_log_density(apart: np.ndarray, sd: np.ndarray) -> float:
    """Log density of independent normals."""
    return float(np.sum(-np.log(2.0 * np.pi) / 2.0 - np.log(sd) - (apart / sd) ** 2 / 2.0))


def log_half_normal_density(sd: np.ndarray, scale: np.ndarray) -> float:
    """Log density of the logarithms of independent half-normals."""
    relative = sd / scale
    return float(np.sum(np.log(2.0 / np.pi) / 2.0 + np.log(relative) - relative**2 / 2.0))


def log_evidence(problem: Problem, top: GroupMode) -> float:
    """Natural logarithm of the probability of all answers."""
    shape, group = problem.shape, top.group
    middle, width = shape.shared_prior
    prior = normal_log_density(group.beta - shape.prior_mean, 1.0 / np.sqrt(beta_prior_precision(shape, group)))
    prior += normal_log_density(group.shared - middle, width)
    prior += log_half_normal_density(group.spread, shape.spread) + log_half_normal_density(group.between, shape.between)
    _, volume = np.linalg.slogdet(2.0 * np.pi * top.covariance)
    return float(person_log_evidence(problem, group, top.people).sum()) + prior + volume / 2.0
