"""From the priors to near the most probable group: a few rounds of expectation and maximisation, then BFGS.

The rounds are safe and bring everyone into place, but on a ridge, where what everyone shares trades against how people
differ, they creep and seem to have arrived. BFGS (by scipy) takes from its own steps how the ground bends.

The most probable group, from near it (see `ascent`), by Newton's method.

The group's parameters are moved until the score of their marginal posterior (see `scores`) is zero, and are Gaussian
around that point with the inverse of the score's slope as covariance. What everyone shares enters by the likelihood's
slope averaged over each person's posterior; deviations of a group's members are integrated out where their sd is
estimated. How each person's posterior is found is a function: `gaussians.settled`, or one of `quadrature`.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from iwm_bayes.inference.laplace.hierarchy import (
    Group,
    LinearPopulation,
    beta_prior_precision,
    initial_group,
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

EM_ROUNDS = 4  # of expectation and maximisation
BFGS_TOLERANCE = 0.2  # the slope, in units of how sure the group is, at which the ascent is over


def complete_pooling_step(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """What is shared, one Newton step on with everyone as they are."""
    middle, width = problem.shape.shared_prior

    def slope_at(shared: np.ndarray) -> np.ndarray:
        return problem.at(people.x, shared)[1][problem.shape.shared].sum(axis=1)

    curvature = finite_difference_hessian(slope_at, group.shared, DIFFERENCE_STEP)
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2.0 + np.diag(1.0 / width**2))
    slope = people.slope.sum(axis=1) - (group.shared - middle) / width**2
    step = vectors @ ((vectors.T @ slope) / np.maximum(values, 0.2 * (1.0 / width**2).min()))
    return group.shared + np.clip(0.5 * step, -0.5 * width, 0.5 * width)  # everyone follows: half the way


def initial_gaussians(problem: Problem, group: Group, x: np.ndarray, enough: float = -np.inf) -> PersonGaussians:
    """Everyone's Gaussian from their modes, which are looked for from `x` (D, N); `enough` as in `settled`."""
    x = person_modes(problem, group, x)
    return fit_person_gaussians(problem, group, x, np.linalg.inv(person_precision(problem, group, x)), enough)


def em_round(
    problem: Problem, group: Group, people: PersonGaussians, enough: float = -np.inf
) -> tuple[Group, PersonGaussians]:
    """One round of expectation and maximisation on; `enough` as in `settled`."""
    group = em_step(problem.shape, group, people.x, people.variance)
    if len(group.shared):
        group = group._replace(shared=complete_pooling_step(problem, group, people))
    return group, fit_person_gaussians(problem, group, people.x, people.variance, enough)


def expectation_maximisation(
    problem: Problem, group: Group, x: np.ndarray, enough: float = -np.inf
) -> tuple[Group, PersonGaussians]:
    """A few rounds on from a group anywhere and people looked for from `x` (D, N); `enough` as in `settled`."""
    people = initial_gaussians(problem, group, x, enough)
    for _ in range(EM_ROUNDS):
        group, people = em_round(problem, group, people, enough)
    return group, people


def em_then_bfgs(problem: Problem, group: Group, x: np.ndarray) -> tuple[Group, PersonGaussians]:
    """A group near its most probable place, from one anywhere and people (D, N) looked for from `x`."""
    group, last = expectation_maximisation(problem, group, x)
    shape, begin = problem.shape, pack(group)
    root = np.linalg.cholesky(np.linalg.inv(outer_curvature(shape, group, person_sums(shape, group, *last))))

    def below(z: np.ndarray) -> tuple[float, np.ndarray]:
        """How far below, and its slope, at begin + root z; everyone is settled from where they last were."""
        nonlocal last
        there = unpack(begin + root @ z, group)
        last = fit_person_gaussians(problem, there, last.x, last.variance)
        said = person_sums(shape, there, *last)
        value = marginal_log_density(shape, there, said, person_log_evidence(problem, there, last).sum())
        return -value, -root.T @ marginal_score(shape, there, said)

    ended = minimize(below, np.zeros(len(begin)), jac=True, method="BFGS", options={"gtol": BFGS_TOLERANCE})
    group = unpack(begin + root @ ended.x, group)
    return group, fit_person_gaussians(problem, group, last.x, last.variance)


MAX_NEWTON_STEPS, NEWTON_TOLERANCE = (
    30,
    0.01,
)  # of Newton's method, and the farthest move, in sds, after which it is over
SCORE_STEP = 0.01  # of groups from whose scores a slope is taken
LOG_SCALE = 1.0  # sd of the logarithm of a half-normal, near enough


class GroupMode(NamedTuple):
    """The most probable group: how sure of it one is, and whether the search ended there."""

    group: Group
    people: PersonGaussians
    covariance: np.ndarray
    converged: bool


def group_score(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """Slope of the group's log marginal posterior where everyone is known, as `packed`."""
    return marginal_score(problem.shape, group, person_sums(problem.shape, group, *people))


def score_jacobian(
    problem: Problem, group: Group, people: PersonGaussians, settle: PersonFit = fit_person_gaussians
) -> np.ndarray:
    """How the score changes with each of the group's parameters, everyone following: (packed, packed)."""

    def score_of(vector: np.ndarray) -> np.ndarray:
        other = unpack(vector, group)
        return group_score(problem, other, settle(problem, other, people.x, people.variance))

    found = -finite_difference_hessian(score_of, pack(group), SCORE_STEP)
    return (found + found.T) / 2.0


def newton(
    problem: Problem, group: Group, people: PersonGaussians, covariance: np.ndarray, settle: PersonFit
) -> GroupMode:
    """Newton's method with one covariance throughout; `converged` says whether it ended near a score of 0."""
    sure = np.sqrt(np.diag(covariance))
    for _ in range(MAX_NEWTON_STEPS):
        step = covariance @ group_score(problem, group, people)
        if np.abs(step / sure).max() < NEWTON_TOLERANCE:
            return GroupMode(group, people, covariance, True)
        group = unpack(pack(group) + np.clip(step, -sure, sure), group)
        people = settle(problem, group, people.x, people.variance)
    return GroupMode(group, people, covariance, False)


def newton_mode(problem: Problem, group: Group, people: PersonGaussians) -> GroupMode:
    """The top by Newton's method from near it; how the score changes is taken at the beginning and the end."""
    for _ in range(2):
        covariance, sound = covariance_from_curvature(-score_jacobian(problem, group, people), problem.shape, group)
        if sound:
            group, people, *_ = newton(problem, group, people, covariance, fit_person_gaussians)
    return GroupMode(group, people, covariance, sound and at_mode(problem, group, people, covariance))


def at_mode(problem: Problem, group: Group, people: PersonGaussians, covariance: np.ndarray) -> bool:
    """Whether no parameter of the group would move by as much as a twentieth of its sd."""
    left = covariance @ group_score(problem, group, people) / np.sqrt(np.diag(covariance))
    return bool(np.abs(left).max() < 5.0 * NEWTON_TOLERANCE)


def find_mode(problem: Problem) -> GroupMode:
    """The top of a problem from its priors."""
    begin = initial_group(problem.shape)
    return newton_mode(problem, *em_then_bfgs(problem, begin, person_means(problem.shape, begin.beta)))


def refine_by_quadrature(problem: Problem, top: GroupMode, settle: PersonFit) -> GroupMode:
    """The top where everyone is settled in another way, from one where they were Gaussian."""
    people = settle(problem, top.group, top.people.x, top.people.variance)
    group, people, *_ = newton(problem, top.group, people, top.covariance, settle)
    covariance, sound = covariance_from_curvature(-score_jacobian(problem, group, people, settle), problem.shape, group)
    return GroupMode(group, people, covariance, sound and at_mode(problem, group, people, covariance))


def covariance_from_curvature(curvature: np.ndarray, shape: LinearPopulation, group: Group) -> tuple[np.ndarray, bool]:
    """A covariance from a curvature, and whether every direction is at least half as sure as the prior alone is."""
    logarithms = np.full(len(group.spread) + len(group.between), LOG_SCALE)
    width = np.concatenate([1.0 / np.sqrt(beta_prior_precision(shape, group)), logarithms, shape.shared_prior[1]])
    values, vectors = np.linalg.eigh(curvature * width[:, None] * width)
    covariance = (vectors / np.maximum(values, 0.5)) @ vectors.T
    return covariance * width[:, None] * width, bool(values.min() > 0.5)
