"""The log evidence of a study against an integral: everything but one SD is Gaussian there."""

import numpy as np
from scipy import integrate, stats

from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.hierarchy import LinearPopulation
from iwm_bayes.inference.laplace.person_posteriors import Problem

NOISE, PRIOR_SD, SCALE = 0.4, 1.0, 0.5  # of observations, of the group mean, of the between-person SD


def study(people):
    """Return observations of people, with a known noise around a person-level parameter, and their problem."""
    generator = np.random.default_rng(1)
    observed = generator.normal(0.7, 0.5, people) + generator.normal(0.0, NOISE, people)
    population = LinearPopulation(
        names={},
        own=np.array([0]),
        complete=np.zeros(0, dtype=int),
        design=np.ones((1, people, 1)),
        offset=np.zeros(1),
        no_pooling_sd=np.zeros(0),
        prior_mean=np.zeros(1),
        prior_sd=np.array([PRIOR_SD]),
        group_of_beta=np.array([-1]),
        sigma_scale=np.array([SCALE]),
        sigma_u_scale=np.zeros(0),
        complete_prior=np.zeros((2, 0)),
    )

    def likelihood(theta):
        return stats.norm.logpdf(observed, theta[0], NOISE), (observed - theta) / NOISE**2

    return observed, Problem(population, likelihood)


def exact_log_evidence(observed):
    """Integrate the group mean in closed form, and the SD on a grid of its logarithm."""

    def log_density(log_sigma):
        variance, count, mean = np.exp(2.0 * log_sigma) + NOISE**2, len(observed), observed.mean()
        rest = -0.5 * ((observed - mean) ** 2).sum() / variance - count / 2.0 * np.log(2.0 * np.pi * variance)
        rest += 0.5 * np.log(2.0 * np.pi * variance / count)
        of_mean = stats.norm.logpdf(mean, 0.0, np.sqrt(PRIOR_SD**2 + variance / count))
        return rest + of_mean + stats.halfnorm.logpdf(np.exp(log_sigma), scale=SCALE) + log_sigma

    grid = np.linspace(-6.0, 2.0, 8001)
    values = np.array([log_density(log_sigma) for log_sigma in grid])
    return values.max() + np.log(integrate.trapezoid(np.exp(values - values.max()), grid))


def error(people):
    """Return by how much Laplace's method is wrong for a study of this size."""
    observed, problem = study(people)
    mode = find_mode(problem)
    assert mode.converged
    return abs(log_evidence(problem, mode) - exact_log_evidence(observed))


def test_error_of_the_log_evidence():
    """Laplace's method is wrong by about one over the number of people: sixteen times as many, a sixteenth.

    The search ends within .05 of an SD of the mode, which costs up to .00125 more.
    """
    few, many = error(50), error(800)
    assert few < 0.1
    assert many < few / 8.0 + 0.00125
