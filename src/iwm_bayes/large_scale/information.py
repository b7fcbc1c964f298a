"""The information of people about their group: that of complete data less what is missing because theta is unknown.

    information = E[curvature of a person's complete log density] - Var[its gradient],   summed over people,

over each person's posterior; curvature and gradient are by the group's parameters. Louis (1982),
doi:10.1111/j.2517-6161.1982.tb01203.x. This needs everyone's posterior once, by quadrature. Differences of the score
(`score_jacobian`) need everyone's posterior under twice as many groups as there are parameters. With few people the
differences are better: they know that means are uncertain when they estimate SDs, and they contain no error of random
rotations. Shapes as in `laplace.hierarchy`; `packed` is the length of `pack(group)`.
"""

import numpy as np

from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, pack, person_means, person_sds
from iwm_bayes.inference.laplace.marginal_score import person_scores
from iwm_bayes.inference.laplace.person_posteriors import (
    DIFFERENCE_STEP,
    PersonGaussians,
    Problem,
    average_over_gaussians,
    finite_difference_hessian,
)
from iwm_bayes.inference.laplace.quadrature import WeightedNodes


def complete_pooling_curvature(problem: Problem, group: Group, near: PersonGaussians) -> np.ndarray:
    """Return the curvature of the log likelihood in completely pooled parameters (S, S).

    It is averaged over people's Gaussians `near` their posteriors, which stay where they are.
    """

    def gradient(complete: np.ndarray) -> np.ndarray:
        averages = average_over_gaussians(problem, group._replace(complete=complete), near.mean, near.covariance)
        return averages.gradient[problem.population.complete].sum(axis=1)

    count = len(group.complete)
    curvature = finite_difference_hessian(gradient, group.complete, DIFFERENCE_STEP).reshape(count, count)
    return (curvature + curvature.T) / 2.0


def complete_data_information(
    population: LinearPopulation, group: Group, mean: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """Return the expected curvature of people's density under their group, (packed, packed).

    The arguments are those of `person_sums`.
    """
    sd, count = person_sds(population, group)[:, None], len(group.sigma)
    deviation = mean - person_means(population, group.beta)
    variance = np.diagonal(covariance, axis1=1, axis2=2).T
    design, partial = population.design, population.design[:count]
    beta, log_sigma = np.arange(len(group.beta)), len(group.beta) + np.arange(count)
    information = np.zeros((len(pack(group)),) * 2)
    information[np.ix_(beta, beta)] = np.einsum("dnk,dnl->kl", design / sd[..., None] ** 2, design)
    information[np.ix_(beta, log_sigma)] = 2.0 * np.einsum("dnk,dn->kd", partial, (deviation / sd**2)[:count])
    information[np.ix_(log_sigma, beta)] = information[np.ix_(beta, log_sigma)].T
    information[log_sigma, log_sigma] = 2.0 * ((deviation**2 + variance) / sd**2)[:count].sum(axis=1)
    return information


def quadrature_correction(group: Group, near: PersonGaussians, nodes: WeightedNodes) -> np.ndarray:
    """Return by how much the nodes miss the variance of scores in log SDs, (P, P), summed over people.

    It is computed for people's Gaussians `near` their posteriors: randomly rotated axes have a Gaussian's fourth
    moments only on average, and miss as much of a posterior that is nearly Gaussian.
    """
    count = len(group.sigma)
    squares = (nodes.theta - near.mean)[:, :count] ** 2
    covariance = near.covariance[:, :count, :count]
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    weight = np.broadcast_to(nodes.normal_weight, nodes.weight.shape)
    by_nodes = np.einsum("kn,kpn,kqn->npq", weight, squares, squares, optimize=True)
    missed = 2.0 * covariance**2 + variance[:, :, None] * variance[:, None] - by_nodes
    return missed.sum(axis=0) / (group.sigma[:, None] * group.sigma) ** 2


def observed_information(
    problem: Problem, group: Group, near: PersonGaussians, nodes: WeightedNodes, exact: PersonGaussians
) -> np.ndarray:
    """Return the information of people about their group, (packed, packed), summed over them.

    `near` are people's Gaussians, `nodes` the weighted nodes around these, and `exact` the moments by the nodes.
    """
    population, no_covariance = problem.population, np.zeros_like(near.covariance)
    information = complete_data_information(population, group, exact.mean, exact.covariance)
    if count := len(group.complete):
        information[-count:, -count:] += complete_pooling_curvature(problem, group, near)
    by_node = zip(nodes.theta, nodes.complete_gradient, strict=True)
    scores = np.array([person_scores(population, group, theta, no_covariance, gradient) for theta, gradient in by_node])
    deviation = scores - person_scores(population, group, *exact)
    log_sigma = slice(len(group.beta), len(group.beta) + len(group.sigma))
    information[log_sigma, log_sigma] -= quadrature_correction(group, near, nodes)
    return information - np.einsum("kn,kan,kbn->ab", nodes.weight, deviation, deviation, optimize=True)
