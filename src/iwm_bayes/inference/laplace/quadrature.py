"""Everyone's mean and covariance under a given group, by quadrature: what a Gaussian only comes near.

Nodes are placed by each person's Gaussian (`gaussians.settled`), and weighted by the posterior over it. Up to three
values of a person's own are gone through by the product of Gauss-Hermite rules (Naylor & Smith, 1982,
doi:10.2307/2347995); more by spheres whose radii are those of a Gauss-Laguerre rule, each with the ends of axes that
are turned at random for every person (Genz & Monahan, 1998, doi:10.1137/S1064827595286803). Both are exact where a
person is Gaussian; what the random turns leave averages out over people.
"""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, roots_genlaguerre, roots_hermitenorm

from iwm_bayes.inference.laplace.hierarchy import Group, person_means, person_sds
from iwm_bayes.inference.laplace.person_posteriors import PersonGaussians, Problem, fit_person_gaussians

type PersonFit = Callable[[Problem, Group, np.ndarray, np.ndarray], PersonGaussians]  # as `gaussians.settled`

MAX_PRODUCT_DIMENSIONS = 3  # values of a person's own up to which all combinations of nodes are gone through
NODES_PER_DIMENSION = 7  # nodes of each: five are within .003 sd of eleven on fifty yes-or-no answers per person
N_SPHERES, N_ROTATIONS = 3, 2  # radii, and how often their axes are turned


class Nodes(NamedTuple):
    """Where to look in units of a person's Gaussian, and the log weight of each node over the standard normal's."""

    spots: np.ndarray  # (node, D, N), or (node, D, 1) where they are everyone's
    log_weight: np.ndarray  # (node,)


def product_nodes(rows: int) -> Nodes:
    """All combinations of Gauss-Hermite nodes, the same for everyone."""
    one, weight = roots_hermitenorm(NODES_PER_DIMENSION)
    spots = np.array(list(product(one, repeat=rows)))
    log_weight = np.array(list(product(np.log(weight), repeat=rows))).sum(axis=1)
    return Nodes(spots[:, :, None], log_weight + (spots**2).sum(axis=1) / 2.0)


def spherical_nodes(rows: int, people: int, generator: np.random.Generator) -> Nodes:
    """Both ends of every axis on every sphere, turned at random for every person."""
    half_squares, weight = roots_genlaguerre(N_SPHERES, rows / 2.0 - 1.0)  # of the radius of a standard normal
    turned = np.linalg.qr(generator.normal(size=(N_ROTATIONS, people, rows, rows)))[0]
    axes = turned.transpose(0, 3, 2, 1).reshape(-1, rows, people)
    ends = np.concatenate([axes, -axes])
    spots = np.concatenate([np.sqrt(2.0 * square) * ends for square in half_squares])
    return Nodes(spots, np.repeat(np.log(weight) + half_squares, len(ends)))


def quadrature_nodes(x: np.ndarray, seed: int) -> Nodes:
    """The nodes for people whose own values are `x` (D, N); `seed` is of the turns, where there are any."""
    rows, people = x.shape
    if rows <= MAX_PRODUCT_DIMENSIONS:
        return product_nodes(rows)
    return spherical_nodes(rows, people, np.random.default_rng(seed))


class WeightedNodes(NamedTuple):
    """Places where everyone may be, and how probable each is."""

    x: np.ndarray  # (node, D, N)
    slope: np.ndarray  # (node, S, N) of the log likelihood by what is shared
    share: np.ndarray  # (node, N) of a person's posterior; they add up to 1
    normal: np.ndarray  # (node, N), or (node, 1), of the Gaussian around which they were placed


def weight_nodes(problem: Problem, group: Group, near: PersonGaussians, at: Nodes) -> WeightedNodes:
    """Nodes around everyone's Gaussian, weighted by their posterior."""
    shape, scale = problem.shape, person_sds(problem.shape, group)[:, None]
    centre, root = person_means(shape, group.beta), np.linalg.cholesky(near.variance)
    places, log_weight, slopes = [], [], []
    for spot, weight in zip(at.spots, at.log_weight, strict=True):
        x = near.x + np.einsum("nde,en->dn", root, np.broadcast_to(spot, near.x.shape))
        value, slope = problem.at(x, group.shared)
        whole = value - ((x - centre) ** 2 / scale**2).sum(axis=0) / 2.0 + weight
        known = np.isfinite(whole) & np.isfinite(slope).all(axis=0)  # not too far out to compute
        places.append(x)
        log_weight.append(np.where(known, whole, -np.inf))
        slopes.append(np.where(known, slope[shape.shared], 0.0))
    share = np.exp(np.array(log_weight) - logsumexp(log_weight, axis=0))
    normal = np.exp(at.log_weight[:, None] - (at.spots**2).sum(axis=1) / 2.0)
    return WeightedNodes(np.array(places), np.array(slopes), share, normal / normal.sum(axis=0))


def posterior_moments(there: WeightedNodes) -> PersonGaussians:
    """Everyone's mean and covariance, and the likelihood's slope by what is shared."""
    x = np.einsum("kn,kdn->dn", there.share, there.x)
    apart = there.x - x
    variance = np.einsum("kn,kdn,ken->nde", there.share, apart, apart, optimize=True)
    return PersonGaussians(x, variance, np.einsum("kn,ksn->sn", there.share, there.slope))


def fit_by_quadrature(at: Nodes) -> PersonFit:
    """Settle everyone by these nodes, around the Gaussian that each is settled at first."""

    def settle(problem: Problem, group: Group, x: np.ndarray, variance: np.ndarray) -> PersonGaussians:
        return posterior_moments(weight_nodes(problem, group, fit_person_gaussians(problem, group, x, variance), at))

    return settle
