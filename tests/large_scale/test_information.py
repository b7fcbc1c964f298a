"""The information of people about their group, against second differences of densities in closed form."""

import numpy as np
from gaussian_people import ANSWERS, NOISE, binary_study, gaussian_study, pooled_population
from scipy import special, stats

from iwm_bayes.inference.laplace.empirical_bayes import find_mode, initial_gaussians
from iwm_bayes.inference.laplace.hierarchy import initial_group, pack, person_means, unpack
from iwm_bayes.inference.laplace.person_posteriors import Problem
from iwm_bayes.inference.laplace.quadrature import posterior_moments, quadrature_nodes, weight_nodes
from iwm_bayes.large_scale.information import observed_information


def curvature(function, at, step=1e-3):
    """Return minus the matrix of second differences of a function."""
    shifts = np.eye(len(at)) * step

    def difference(one, two):
        near = function(at + one + two) + function(at - one - two)
        return (near - function(at + one - two) - function(at - one + two)) / (4 * step**2)

    return -np.array([[difference(one, two) for two in shifts] for one in shifts])


def information(problem, group, people):
    """Return the information by quadrature."""
    nodes = weight_nodes(problem, group, people, quadrature_nodes(people.mean, 1))
    return observed_information(problem, group, people, nodes, posterior_moments(nodes))


def test_information_of_gaussian_people_is_exact():
    """Means, a covariate, therapists, an SD and a completely pooled parameter, away from the mode."""
    population, observed, problem = gaussian_study(1)
    mode = find_mode(problem).group
    group = unpack(pack(mode) + 0.1, mode)

    def log_evidence(vector):
        there = unpack(vector, group)
        mean = person_means(population, there.beta)[0] + there.complete
        return stats.norm.logpdf(observed, mean, np.hypot(there.sigma, NOISE)).sum()

    found = information(problem, group, initial_gaussians(problem, group, np.zeros((1, len(observed)))))
    np.testing.assert_allclose(found, curvature(log_evidence, pack(group)), atol=1e-4 * np.abs(found).max())


def test_rotated_nodes_are_exact_for_gaussian_people():
    """Five person-level parameters, whose nodes lie on axes that are rotated at random."""
    population, noise = pooled_population(5, 40), np.linspace(0.2, 1.0, 5)[:, None]
    observed = np.random.default_rng(1).normal(0.3, 0.8, (5, 40))

    def likelihood(theta):
        return stats.norm.logpdf(observed, theta, noise).sum(axis=0), (observed - theta) / noise**2

    problem, group = Problem(population, likelihood), initial_group(population)

    def log_evidence(vector):
        there = unpack(vector, group)
        return stats.norm.logpdf(observed, there.beta[:, None], np.hypot(there.sigma[:, None], noise)).sum()

    found = information(problem, group, initial_gaussians(problem, group, np.zeros((5, 40))))
    np.testing.assert_allclose(found, curvature(log_evidence, pack(group)), atol=1e-4 * np.abs(found).max())


def test_information_of_people_with_skewed_posteriors():
    """Fifty binary answers of each of 3,000: mean and log SD, with every person integrated on a fine grid."""
    problem, yes = binary_study(1.5, 0.5, 1)
    mode = find_mode(problem)
    z = np.linspace(-7.0, 7.0, 281)

    def log_evidence(vector):
        theta = vector[0] + np.exp(vector[1]) * z
        log_likelihood = np.arange(ANSWERS + 1)[:, None] * theta - ANSWERS * np.logaddexp(0.0, theta)
        log_p = special.logsumexp(log_likelihood + stats.norm.logpdf(z), axis=1)
        return (np.bincount(yes, minlength=ANSWERS + 1) * log_p).sum()

    found = information(problem, mode.group, mode.people)
    exact = curvature(log_evidence, pack(mode.group))
    scale = np.sqrt(np.diag(exact))
    relative, exact_relative = (matrix / scale / scale[:, None] for matrix in (found, exact))
    np.testing.assert_allclose(relative, exact_relative, atol=5e-4)  # by seven nodes of each person
