"""The mode of the group's marginal posterior, in three stages.

1. A few rounds of expectation and maximisation (EM) from the priors. They are safe and place everyone roughly. On a
   ridge, where completely pooled parameters trade against differences between people, they become too slow.
2. BFGS (by scipy), which learns the curvature from its own steps, leads close to the mode.
3. Newton's method ends at the mode, where the score of the marginal posterior (see `marginal_score`) is zero.

The group is Gaussian around its mode; the covariance is the inverse of the score's slope. Completely pooled parameters
enter by the gradient of the likelihood averaged over each person's posterior. Deviations of group levels are integrated
out where their SD is estimated. Everyone's posterior is found by a function: `fit_person_gaussians`, or one of
`fit_by_quadrature`. Shapes as in `hierarchy`; `packed` is the length of `pack(group)`.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.inference.laplace.hierarchy import (
    Group,
    LinearPopulation,
    beta_prior_precision,
    initial_group,
    is_within_reach,
    pack,
    person_means,
    unpack,
)
from iwm_bayes.inference.laplace.marginal_score import (
    em_step,
    marginal_log_density,
    marginal_score,
    outer_curvature,
    person_sums,
)
from iwm_bayes.inference.laplace.person_posteriors import (
    DIFFERENCE_STEP,
    PersonGaussians,
    Problem,
    finite_difference_hessian,
    fit_person_gaussians,
    person_log_evidence,
    person_modes,
    person_precision,
)
from iwm_bayes.inference.laplace.quadrature import PersonFit
from iwm_bayes.lazy import lazy_module

optimize = lazy_module("scipy.optimize")

EM_ROUNDS = 4
BFGS_TOLERANCE = 0.2  # of the gradient in units of the group's SDs, at which BFGS ends
MAX_NEWTON_STEPS = 30
NEWTON_TOLERANCE = 0.01  # SDs of the group: Newton's method ends when no parameter moves farther
SCORE_STEP = 0.01  # of finite differences of the score
MIN_CURVATURE = 0.5  # of the prior's: a mode with less in any direction is none
LOG_SD_SCALE = 1.0  # SD of the logarithm of a half-normal, near enough


class GroupMode(NamedTuple):
    """The mode of the group, its covariance, everyone's posterior there, and whether the search ended at a mode."""

    group: Group
    people: PersonGaussians
    covariance: np.ndarray  # (packed, packed)
    converged: bool


def find_mode(problem: Problem) -> GroupMode:
    """Find the mode of the group, from its priors."""
    group = initial_group(problem.population)
    return newton_mode(problem, *em_then_bfgs(problem, group, person_means(problem.population, group.beta)))


def complete_pooling_step(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """Return completely pooled parameters (S,) after half a Newton step, with everyone where they are.

    It is half a step because people will follow.
    """
    prior_mean, prior_sd = problem.population.complete_prior

    def gradient_at(complete: np.ndarray) -> np.ndarray:
        return problem.log_likelihood(people.mean, complete)[1][problem.population.complete].sum(axis=1)

    curvature = finite_difference_hessian(gradient_at, group.complete, DIFFERENCE_STEP)
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2.0 + np.diag(1.0 / prior_sd**2))
    gradient = people.complete_gradient.sum(axis=1) - (group.complete - prior_mean) / prior_sd**2
    step = vectors @ ((vectors.T @ gradient) / np.maximum(values, 0.2 * (1.0 / prior_sd**2).min()))
    return group.complete + np.clip(0.5 * step, -0.5 * prior_sd, 0.5 * prior_sd)


def initial_gaussians(problem: Problem, group: Group, theta: np.ndarray, tolerance: float = -np.inf) -> PersonGaussians:
    """Fit everyone's Gaussian from their modes, which are searched from `theta` (D, N).

    `tolerance` is that of `fit_person_gaussians`.
    """
    modes = person_modes(problem, group, theta)
    covariance = np.linalg.inv(person_precision(problem, group, modes))
    return fit_person_gaussians(problem, group, modes, covariance, tolerance)


def em_round(
    problem: Problem, group: Group, people: PersonGaussians, tolerance: float = -np.inf
) -> tuple[Group, PersonGaussians]:
    """Do one round of expectation and maximisation; `tolerance` as in `fit_person_gaussians`."""
    group = em_step(problem.population, group, people.mean, people.covariance)
    if len(group.complete):
        group = group._replace(complete=complete_pooling_step(problem, group, people))
    return group, fit_person_gaussians(problem, group, people.mean, people.covariance, tolerance)


def expectation_maximisation(
    problem: Problem, group: Group, theta: np.ndarray, tolerance: float = -np.inf
) -> tuple[Group, PersonGaussians]:
    """Do `EM_ROUNDS` rounds from any group, with people searched from `theta` (D, N)."""
    people = initial_gaussians(problem, group, theta, tolerance)
    for _ in range(EM_ROUNDS):
        group, people = em_round(problem, group, people, tolerance)
    return group, people


def em_then_bfgs(problem: Problem, group: Group, theta: np.ndarray) -> tuple[Group, PersonGaussians]:
    """Return a group near its mode, from any group, with people searched from `theta` (D, N)."""
    group, people = expectation_maximisation(problem, group, theta)
    population, start = problem.population, pack(group)
    curvature = outer_curvature(population, group, person_sums(population, group, *people))
    root = np.linalg.cholesky(np.linalg.inv(curvature))

    def loss(z: np.ndarray) -> tuple[float, np.ndarray]:
        """Return minus the log density and its gradient at start + root z; people start where they were last.

        Where a model fits badly, the line search also tries groups that cannot be computed: infinitely bad ones.
        """
        nonlocal people
        trial = unpack(start + root @ z, group)
        if not is_within_reach(trial):
            return np.inf, np.zeros_like(z)
        try:
            people = fit_person_gaussians(problem, trial, people.mean, people.covariance)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(z)
        sums = person_sums(population, trial, *people)
        value = marginal_log_density(population, trial, sums, person_log_evidence(problem, trial, people).sum())
        return -value, -root.T @ marginal_score(population, trial, sums)

    optimum = optimize.minimize(loss, np.zeros(len(start)), jac=True, method="BFGS", options={"gtol": BFGS_TOLERANCE})
    group = unpack(start + root @ optimum.x, group)
    return group, fit_person_gaussians(problem, group, people.mean, people.covariance)


def group_score(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """Return the score of the group's log marginal posterior, (packed,), given everyone's posterior."""
    return marginal_score(problem.population, group, person_sums(problem.population, group, *people))


def score_jacobian(
    problem: Problem, group: Group, people: PersonGaussians, fit_people: PersonFit = fit_person_gaussians
) -> np.ndarray:
    """Return the slope of the score, (packed, packed): people's posteriors follow each of the group's parameters."""

    def score_at(vector: np.ndarray) -> np.ndarray:
        other = unpack(vector, group)
        return group_score(problem, other, fit_people(problem, other, people.mean, people.covariance))

    jacobian = -finite_difference_hessian(score_at, pack(group), SCORE_STEP)
    return (jacobian + jacobian.T) / 2.0


def without_group_levels(curvature: np.ndarray, is_level: np.ndarray) -> np.ndarray:
    """Return the curvature of the group with the deviations of group levels integrated out: a Schur complement."""
    others, cross = curvature[np.ix_(~is_level, ~is_level)], curvature[np.ix_(is_level, ~is_level)]
    return others - cross.T @ np.linalg.solve(curvature[np.ix_(is_level, is_level)], cross)


def covariance_from_curvature(
    curvature: np.ndarray, population: LinearPopulation, group: Group
) -> tuple[np.ndarray, bool]:
    """Return a covariance from a curvature, and whether the curvature is positive definite.

    It counts as positive definite if it is at least half that of the prior in every direction. The SD of a group and
    the deviations of its levels have a prior with a funnel. Jointly, a direction may be flatter than the prior where
    the posterior is well determined. So the criterion is about the levels, and about what is left when they are
    integrated out. Half the prior's is also the floor of a curvature that is not positive definite.
    """
    log_sd_scales = np.full(len(group.sigma) + len(group.sigma_u), LOG_SD_SCALE)
    beta_sd = 1.0 / np.sqrt(beta_prior_precision(population, group))
    prior_sd = np.concatenate([beta_sd, log_sd_scales, population.complete_prior[1]])
    relative = curvature * prior_sd[:, None] * prior_sd
    is_level = np.concatenate([population.group_of_beta >= 0, np.zeros(len(prior_sd) - len(beta_sd), dtype=bool)])
    of_levels = np.linalg.eigvalsh(relative[np.ix_(is_level, is_level)])
    is_definite = of_levels.min(initial=np.inf) > MIN_CURVATURE and bool(
        np.linalg.eigvalsh(without_group_levels(relative, is_level)).min() > MIN_CURVATURE
    )
    values, vectors = np.linalg.eigh(relative)
    covariance = (vectors / (values if is_definite else np.maximum(values, MIN_CURVATURE))) @ vectors.T
    return covariance * prior_sd[:, None] * prior_sd, bool(is_definite)


def newton(
    problem: Problem, group: Group, people: PersonGaussians, covariance: np.ndarray, fit_people: PersonFit
) -> GroupMode:
    """Do Newton's method with the same covariance at all steps; `converged` says whether it ended."""
    sd = np.sqrt(np.diag(covariance))
    for _ in range(MAX_NEWTON_STEPS):
        step = covariance @ group_score(problem, group, people)
        if np.abs(step / sd).max() < NEWTON_TOLERANCE:
            return GroupMode(group, people, covariance, True)
        group = unpack(pack(group) + np.clip(step, -sd, sd), group)
        people = fit_people(problem, group, people.mean, people.covariance)
    return GroupMode(group, people, covariance, False)


def newton_mode(problem: Problem, group: Group, people: PersonGaussians) -> GroupMode:
    """Find the mode by Newton's method from near it; the slope of the score is computed at the start and the end."""
    for _ in range(2):
        curvature = -score_jacobian(problem, group, people)
        covariance, positive_definite = covariance_from_curvature(curvature, problem.population, group)
        if positive_definite:
            group, people, *_ = newton(problem, group, people, covariance, fit_person_gaussians)
    return GroupMode(group, people, covariance, positive_definite and is_at_mode(problem, group, people, covariance))


def is_at_mode(problem: Problem, group: Group, people: PersonGaussians, covariance: np.ndarray) -> bool:
    """Return whether a Newton step would move no parameter of the group by as much as a twentieth of its SD."""
    step = covariance @ group_score(problem, group, people) / np.sqrt(np.diag(covariance))
    return bool(np.abs(step).max() < 5.0 * NEWTON_TOLERANCE)


def refine_by_quadrature(problem: Problem, mode: GroupMode, fit_people: PersonFit) -> GroupMode:
    """Find the mode under other posteriors of people (`fit_people`), from the one where they were Gaussian."""
    people = fit_people(problem, mode.group, mode.people.mean, mode.people.covariance)
    group, people, *_ = newton(problem, mode.group, people, mode.covariance, fit_people)
    curvature = -score_jacobian(problem, group, people, fit_people)
    covariance, positive_definite = covariance_from_curvature(curvature, problem.population, group)
    return GroupMode(group, people, covariance, positive_definite and is_at_mode(problem, group, people, covariance))
