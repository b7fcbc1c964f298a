"""Everyone's posterior mean and covariance under a given group, by quadrature.

Nodes are placed by each person's Gaussian (`fit_person_gaussians`) and weighted by the ratio of the posterior to it. Up
to three person-level parameters take the product of Gauss-Hermite rules (Naylor & Smith, 1982, doi:10.2307/2347995).
More take spheres, whose radii are those of a Gauss-Laguerre rule. The nodes of a sphere are both ends of axes that are
rotated at random for every person (Genz & Monahan, 1998, doi:10.1137/S1064827595286803). Both rules are exact where a
posterior is Gaussian. The error of the random rotations averages out over people.

Shapes as in `hierarchy`; M is the number of nodes.
"""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, roots_genlaguerre, roots_hermitenorm

from iwm_bayes.inference.laplace.hierarchy import Group, person_means, person_sds
from iwm_bayes.inference.laplace.person_posteriors import PersonGaussians, Problem, fit_person_gaussians

type PersonFit = Callable[[Problem, Group, np.ndarray, np.ndarray], PersonGaussians]  # as `fit_person_gaussians`

MAX_PRODUCT_DIMENSIONS = 3  # person-level parameters up to which the product rule is used
NODES_PER_DIMENSION = 7  # of the product rule: five are within .003 SD of eleven on fifty binary answers per person
N_SPHERES, N_ROTATIONS = 3, 2  # radii, and rotations of the axes on each


class Nodes(NamedTuple):
    """Nodes in units of a person's Gaussian, and the log of weight over standard normal density at each."""

    points: np.ndarray  # (M, D, N), or (M, D, 1) where they are the same for everyone
    log_weight: np.ndarray  # (M,)


def product_nodes(dimensions: int) -> Nodes:
    """Return all combinations of Gauss-Hermite nodes, the same for everyone."""
    hermite, weight = roots_hermitenorm(NODES_PER_DIMENSION)
    points = np.array(list(product(hermite, repeat=dimensions)))
    log_weight = np.array(list(product(np.log(weight), repeat=dimensions))).sum(axis=1)
    return Nodes(points[:, :, None], log_weight + (points**2).sum(axis=1) / 2.0)


def spherical_nodes(dimensions: int, people: int, generator: np.random.Generator) -> Nodes:
    """Return both ends of every axis on every sphere, rotated at random for every person."""
    half_squares, weight = roots_genlaguerre(N_SPHERES, dimensions / 2.0 - 1.0)  # of the radius of a standard normal
    rotations = np.linalg.qr(generator.normal(size=(N_ROTATIONS, people, dimensions, dimensions)))[0]
    axes = rotations.transpose(0, 3, 2, 1).reshape(-1, dimensions, people)
    ends = np.concatenate([axes, -axes])
    points = np.concatenate([np.sqrt(2.0 * half_square) * ends for half_square in half_squares])
    return Nodes(points, np.repeat(np.log(weight) + half_squares, len(ends)))


def quadrature_nodes(theta: np.ndarray, seed: int) -> Nodes:
    """Return nodes for people with person-level parameters `theta` (D, N); `seed` is that of the rotations, if any."""
    dimensions, people = theta.shape
    if dimensions <= MAX_PRODUCT_DIMENSIONS:
        return product_nodes(dimensions)
    return spherical_nodes(dimensions, people, np.random.default_rng(seed))


class WeightedNodes(NamedTuple):
    """Everyone's nodes on the link scale, with their weights."""

    theta: np.ndarray  # (M, D, N)
    complete_gradient: np.ndarray  # (M, S, N) gradient of the log likelihood by completely pooled parameters
    weight: np.ndarray  # (M, N) of a person's posterior; they add up to 1
    normal_weight: np.ndarray  # (M, N), or (M, 1), of the Gaussian around which the nodes were placed


def weight_nodes(problem: Problem, group: Group, near: PersonGaussians, nodes: Nodes) -> WeightedNodes:
    """Place nodes by everyone's Gaussian `near` their posterior, and weight them by the posterior."""
    population, sd = problem.population, person_sds(problem.population, group)[:, None]
    prior_mean, root = person_means(population, group.beta), np.linalg.cholesky(near.covariance)
    thetas, log_weights, gradients = [], [], []
    for point, log_weight in zip(nodes.points, nodes.log_weight, strict=True):
        theta = near.mean + np.einsum("nde,en->dn", root, np.broadcast_to(point, near.mean.shape))
        value, gradient = problem.log_likelihood(theta, group.complete)
        total = value - ((theta - prior_mean) ** 2 / sd**2).sum(axis=0) / 2.0 + log_weight
        finite = np.isfinite(total) & np.isfinite(gradient).all(axis=0)  # far out they are not
        thetas.append(theta)
        log_weights.append(np.where(finite, total, -np.inf))
        gradients.append(np.where(finite, gradient[population.complete], 0.0))
    weight = np.exp(np.array(log_weights) - logsumexp(log_weights, axis=0))
    normal = np.exp(nodes.log_weight[:, None] - (nodes.points**2).sum(axis=1) / 2.0)
    return WeightedNodes(np.array(thetas), np.array(gradients), weight, normal / normal.sum(axis=0))


def posterior_moments(nodes: WeightedNodes) -> PersonGaussians:
    """Return everyone's posterior mean and covariance, and the average gradient by completely pooled parameters."""
    mean = np.einsum("kn,kdn->dn", nodes.weight, nodes.theta)
    deviation = nodes.theta - mean
    covariance = np.einsum("kn,kdn,ken->nde", nodes.weight, deviation, deviation, optimize=True)
    return PersonGaussians(mean, covariance, np.einsum("kn,ksn->sn", nodes.weight, nodes.complete_gradient))


def fit_by_quadrature(nodes: Nodes) -> PersonFit:
    """Return a function like `fit_person_gaussians` that gives posterior moments by these nodes."""

    def fit_people(problem: Problem, group: Group, mean: np.ndarray, covariance: np.ndarray) -> PersonGaussians:
        near = fit_person_gaussians(problem, group, mean, covariance)
        return posterior_moments(weight_nodes(problem, group, near, nodes))

    return fit_people
