"""Gaussian approximations of everyone's posterior under a given group, for all people at once.

Newton's method finds every person's mode. Then the mean moves to where the gradient of the log posterior is 0, and the
precision to its curvature. Both are averages over the Gaussian itself, by cubature of the third degree. This is the
Gaussian nearest to the posterior in the sense of variational inference. It differs from Laplace's where a posterior is
skewed, such as that of a noise from 25 ratings. It also differs where ratings are all at the end of a scale.
Opper & Archambeau (2009), doi:10.1162/neco.2008.08-07-592. Shapes as in `hierarchy`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, person_means, person_sds

DIFFERENCE_STEP = 1e-4  # of finite differences of the gradient, link scale
MAX_NEWTON_STEPS, MAX_HALVINGS = 40, 8  # of Newton's method, and of a step that leads down
ARRIVED_STEP = 0.01  # a person has arrived whose step is at most so many SDs of the group,
LATE_SHARE = 0.1  # and the share of people who need not have arrived
N_UPDATES = 4  # of each Gaussian from the one before
ELBO_SLACK = 0.1  # by which an ELBO may fall, because cubature is inexact
MARGINAL_REACH = 3.0  # squared distance, in SDs, of the outer points of the Gauss-Hermite rule with three
MIN_PRECISION_SHARE = 0.2  # of the group's precision, which a person's precision has at least in any direction,
MAX_PRECISION_SHARE = 1e8  # and at most: beyond it, a matrix of both cannot be inverted in double precision


class PersonGaussians(NamedTuple):
    """Everyone's posterior under one group."""

    mean: np.ndarray  # (D, N)
    covariance: np.ndarray  # (N, D, D)
    complete_gradient: np.ndarray  # (S, N) gradient of the log likelihood by completely pooled parameters


class Problem(NamedTuple):
    """A hierarchy and the likelihood of its people."""

    population: LinearPopulation
    likelihood: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # see `compile.compile_person_likelihood`

    def log_likelihood(self, theta: np.ndarray, complete: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return everyone's log likelihood (N,) and its gradient (D + S, N) at `theta` (D, N) and `complete` (S,)."""
        population = self.population
        everything = np.empty((len(population.own) + len(population.complete), theta.shape[1]))
        everything[population.own], everything[population.complete] = theta, complete[:, None]
        return self.likelihood(everything)


def clip_precision(precision: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Return precisions (N, D, D) made symmetric, and in every direction within two multiples of 1 / `sd`^2."""
    relative = (precision + precision.transpose(0, 2, 1)) / 2.0 * sd[:, None] * sd
    values, vectors = np.linalg.eigh(relative)
    values = np.clip(values, MIN_PRECISION_SHARE, MAX_PRECISION_SHARE)
    return np.einsum("nij,nj,nkj->nik", vectors, values, vectors) / (sd[:, None] * sd)


def finite_difference_hessian(gradient: Callable[[np.ndarray], np.ndarray], at: np.ndarray, step: float) -> np.ndarray:
    """Return by how much a gradient (...) falls along each coordinate of `at` (S,): (S, ...), or (0,) where S is 0."""
    return np.array([(gradient(at - shift) - gradient(at + shift)) / (2.0 * step) for shift in step * np.eye(len(at))])


def person_precision(problem: Problem, group: Group, theta: np.ndarray) -> np.ndarray:
    """Return the precision of every person's posterior at `theta`, (N, D, D), from differences of the gradient."""
    population, sd = problem.population, person_sds(problem.population, group)

    def gradient(shift: np.ndarray) -> np.ndarray:
        return problem.log_likelihood(theta + shift[:, None], group.complete)[1][population.own]

    hessian = finite_difference_hessian(gradient, np.zeros(len(theta)), DIFFERENCE_STEP)
    by_person = hessian.reshape(len(theta), *theta.shape).transpose(2, 1, 0)
    return clip_precision(by_person + np.diag(1.0 / sd**2), sd)


def share_of_complete(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """Return how far everyone's posterior mean moves with each completely pooled parameter, (D, N, S).

    Where the gradient of a log posterior stays 0, the mean moves by the covariance times the mixed second derivatives.
    """

    def gradient(complete: np.ndarray) -> np.ndarray:
        return problem.log_likelihood(people.mean, complete)[1][problem.population.own]

    if not len(group.complete):
        return np.zeros((*people.mean.shape, 0))
    mixed = -finite_difference_hessian(gradient, group.complete, DIFFERENCE_STEP)  # (S, D, N)
    return np.einsum("nde,sen->dns", people.covariance, mixed)


def person_modes(problem: Problem, group: Group, theta: np.ndarray) -> np.ndarray:
    """Return everyone's posterior mode (D, N) by Newton's method from `theta`; no step lowers a person's density.

    The search ends when nine in ten of the people who moved have arrived. A few people need as many steps again;
    `fit_person_gaussians` continues with these.
    """
    population, sd = problem.population, person_sds(problem.population, group)[:, None]
    prior_mean = person_means(population, group.beta)

    def log_density(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, gradient = problem.log_likelihood(theta, group.complete)
        log_prior = -((theta - prior_mean) ** 2 / sd**2).sum(axis=0) / 2.0
        return value + log_prior, gradient[population.own] - (theta - prior_mean) / sd**2

    (value, gradient), most_moving = log_density(theta), 0
    for _ in range(MAX_NEWTON_STEPS):
        step = np.linalg.solve(person_precision(problem, group, theta), gradient.T[..., None])[..., 0].T
        step *= np.minimum(1.0, 3.0 / np.maximum(np.abs(step / sd).max(axis=0, initial=0.0), 1e-12))
        for _ in range(MAX_HALVINGS):
            new_value, new_gradient = log_density(theta + step)
            worse = ~(new_value >= value - 1e-10)
            if not worse.any():
                break
            step = np.where(worse, step / 4.0, step)
        step = np.where(worse, 0.0, step)
        theta = theta + step
        value, gradient = np.where(worse, value, new_value), np.where(worse, gradient, new_gradient)
        moving = int((np.abs(step / sd).max(axis=0, initial=0.0) > ARRIVED_STEP).sum())
        most_moving = max(most_moving, moving)
        if moving <= LATE_SHARE * most_moving:
            break
    return theta


class Cubature(NamedTuple):
    """Points around the mean, with weights, over which a cubic has the same average as over a Gaussian."""

    shifts: np.ndarray  # (point, D, N) from the mean
    weights: np.ndarray  # (point,)


def cubature(covariance: np.ndarray, has_innovations: bool) -> Cubature:
    """Return the cubature for Gaussians (N, D, D): two points in each direction, sqrt(D) SDs from the mean.

    Innovations, of which there are many, each change one event. So their points are sqrt(3) SDs away, which is exact
    up to the fourth power of each, and the mean is a point, too, with the weight that is left.
    """
    count = covariance.shape[-1]
    squared_reach = MARGINAL_REACH if has_innovations else float(max(count, 1))
    root = np.linalg.cholesky(covariance) * np.sqrt(squared_reach)
    shifts = [sign * root[:, :, column].T for column in range(count) for sign in (1, -1)]
    centre = [np.zeros(covariance.shape[1::-1])] if has_innovations or not count else []
    weights = np.full(len(shifts), 0.5 / squared_reach)
    return Cubature(np.array([*shifts, *centre]), np.append(weights, 1.0 - weights.sum()) if centre else weights)


class GaussianAverages(NamedTuple):
    """Averages over everyone's Gaussian."""

    elbo: np.ndarray  # (N,) lower bound of the log evidence
    gradient: np.ndarray  # (D + S, N) of the log likelihood
    precision: np.ndarray  # (N, D, D) average curvature of the log posterior


def average_over_gaussians(
    problem: Problem, group: Group, mean: np.ndarray, covariance: np.ndarray
) -> GaussianAverages:
    """Average the log likelihood, its gradient and its curvature over Gaussians (D, N), (N, D, D)."""
    population, sd = problem.population, person_sds(problem.population, group)
    shifts, weights = cubature(covariance, bool(population.names.get("innovation_row")))
    evaluated = [problem.log_likelihood(mean + shift, group.complete) for shift in shifts]
    values, gradients = (np.array(part) for part in zip(*evaluated, strict=True))
    finite = np.isfinite(values).all(axis=0) & np.isfinite(gradients).all(axis=(0, 1))  # far out they are not
    values, gradients = np.where(finite, values, 0.0), np.where(finite, gradients, 0.0)
    variance = np.diagonal(covariance, axis1=1, axis2=2).T
    squares = (mean - person_means(population, group.beta)) ** 2 + variance
    minus_log_prior = np.log(sd).sum() + (squares / sd[:, None] ** 2).sum(axis=0) / 2.0
    elbo = (
        np.where(finite, weights @ values, -np.inf)
        - minus_log_prior
        + (len(mean) + np.linalg.slogdet(covariance)[1]) / 2.0
    )
    products = np.einsum("k,kdn,ken->nde", weights, gradients[:, population.own], shifts, optimize=True)
    hessian = products @ np.linalg.inv(covariance)  # E[gradient shift'] = E[hessian] covariance
    gradient = np.einsum("k,kdn->dn", weights, gradients)
    return GaussianAverages(elbo, gradient, clip_precision(np.diag(1.0 / sd**2) - hessian, sd))


def fit_person_gaussians(
    problem: Problem, group: Group, mean: np.ndarray, covariance: np.ndarray, tolerance: float = -np.inf
) -> PersonGaussians:
    """Fit everyone's Gaussian, from a mean (D, N) and a covariance (N, D, D).

    Each update moves the mean to where the average gradient is 0, and the precision to the average curvature. A person
    whose ELBO falls stays, and next goes a quarter of the way: where a model fits badly, whole steps run away. The
    search ends sooner where the ELBO rises by less than `tolerance` on average over people.
    """
    population, sd = problem.population, person_sds(problem.population, group)[:, None]
    prior_mean, step_share = person_means(population, group.beta), np.ones(mean.shape[1])
    now = average_over_gaussians(problem, group, mean, covariance)
    for _ in range(N_UPDATES):
        precision = np.linalg.inv(covariance)
        new_covariance = np.linalg.inv(precision + step_share[:, None, None] * (now.precision - precision))
        gradient = now.gradient[population.own] - (mean - prior_mean) / sd**2
        step = step_share * np.einsum("nde,en->dn", new_covariance, gradient)
        step *= np.minimum(1.0, 1.0 / np.maximum(np.abs(step / sd).max(axis=0, initial=0.0), 1e-12))
        new = average_over_gaussians(problem, group, mean + step, new_covariance)
        better, elbo_before = new.elbo > now.elbo - ELBO_SLACK, now.elbo
        better_matrix = better[:, None, None]
        mean, covariance = np.where(better, mean + step, mean), np.where(better_matrix, new_covariance, covariance)
        now = GaussianAverages(
            np.where(better, new.elbo, now.elbo),
            np.where(better, new.gradient, now.gradient),
            np.where(better_matrix, new.precision, now.precision),
        )
        step_share = np.where(better, 1.0, step_share / 4.0)
        if now.elbo.mean() < elbo_before.mean() + tolerance:
            break
    return PersonGaussians(mean, covariance, now.gradient[population.complete])


def person_log_evidence(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """Return every person's log evidence under the group, (N,): the ELBO of their Gaussian."""
    return average_over_gaussians(problem, group, people.mean, people.covariance).elbo
