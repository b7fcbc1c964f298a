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

from iwm_bayes.inference.laplace.hierarchy import Crowd, Group, beginning, beta_prior, centres, packed, unpacked
from iwm_bayes.inference.laplace.marginal_score import density, moved, outer_curvature, score, sums
from iwm_bayes.inference.laplace.person_posteriors import (
    STEP,
    People,
    Problem,
    curvature,
    evidence,
    falls,
    found,
    settled,
)
from iwm_bayes.inference.laplace.quadrature import Settle

ROUNDS = 4  # of expectation and maximisation
GENTLE = 0.2  # the slope, in units of how sure the group is, at which the ascent is over


def shared_step(problem: Problem, group: Group, people: People) -> np.ndarray:
    """What is shared, one Newton step on with everyone as they are."""
    middle, width = problem.shape.shared_prior

    def slope_at(shared: np.ndarray) -> np.ndarray:
        return problem.at(people.x, shared)[1][problem.shape.shared].sum(axis=1)

    curvature = falls(slope_at, group.shared, STEP)
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2.0 + np.diag(1.0 / width**2))
    slope = people.slope.sum(axis=1) - (group.shared - middle) / width**2
    step = vectors @ ((vectors.T @ slope) / np.maximum(values, 0.2 * (1.0 / width**2).min()))
    return group.shared + np.clip(0.5 * step, -0.5 * width, 0.5 * width)  # everyone follows: half the way


def first(problem: Problem, group: Group, x: np.ndarray, enough: float = -np.inf) -> People:
    """Everyone's Gaussian from their modes, which are looked for from `x` (D, N); `enough` as in `settled`."""
    x = found(problem, group, x)
    return settled(problem, group, x, np.linalg.inv(curvature(problem, group, x)), enough)


def round_on(problem: Problem, group: Group, people: People, enough: float = -np.inf) -> tuple[Group, People]:
    """One round of expectation and maximisation on; `enough` as in `settled`."""
    group = moved(problem.shape, group, people.x, people.variance)
    if len(group.shared):
        group = group._replace(shared=shared_step(problem, group, people))
    return group, settled(problem, group, people.x, people.variance, enough)


def approached(problem: Problem, group: Group, x: np.ndarray, enough: float = -np.inf) -> tuple[Group, People]:
    """A few rounds on from a group anywhere and people looked for from `x` (D, N); `enough` as in `settled`."""
    people = first(problem, group, x, enough)
    for _ in range(ROUNDS):
        group, people = round_on(problem, group, people, enough)
    return group, people


def climbed(problem: Problem, group: Group, x: np.ndarray) -> tuple[Group, People]:
    """A group near its most probable place, from one anywhere and people (D, N) looked for from `x`."""
    group, last = approached(problem, group, x)
    shape, begin = problem.shape, packed(group)
    root = np.linalg.cholesky(np.linalg.inv(outer_curvature(shape, group, sums(shape, group, *last))))

    def below(z: np.ndarray) -> tuple[float, np.ndarray]:
        """How far below, and its slope, at begin + root z; everyone is settled from where they last were."""
        nonlocal last
        there = unpacked(begin + root @ z, group)
        last = settled(problem, there, last.x, last.variance)
        said = sums(shape, there, *last)
        value = density(shape, there, said, evidence(problem, there, last).sum())
        return -value, -root.T @ score(shape, there, said)

    ended = minimize(below, np.zeros(len(begin)), jac=True, method="BFGS", options={"gtol": GENTLE})
    group = unpacked(begin + root @ ended.x, group)
    return group, settled(problem, group, last.x, last.variance)


MOST_STEPS, NEAR = 30, 0.01  # of Newton's method, and the farthest move, in sds, after which it is over
APART = 0.01  # of groups from whose scores a slope is taken
LOG_SCALE = 1.0  # sd of the logarithm of a half-normal, near enough


class Top(NamedTuple):
    """The most probable group: how sure of it one is, and whether the search ended there."""

    group: Group
    people: People
    covariance: np.ndarray
    converged: bool


def score_at(problem: Problem, group: Group, people: People) -> np.ndarray:
    """Slope of the group's log marginal posterior where everyone is known, as `packed`."""
    return score(problem.shape, group, sums(problem.shape, group, *people))


def slopes(problem: Problem, group: Group, people: People, settle: Settle = settled) -> np.ndarray:
    """How the score changes with each of the group's parameters, everyone following: (packed, packed)."""

    def score_of(vector: np.ndarray) -> np.ndarray:
        other = unpacked(vector, group)
        return score_at(problem, other, settle(problem, other, people.x, people.variance))

    found = -falls(score_of, packed(group), APART)
    return (found + found.T) / 2.0


def newton(problem: Problem, group: Group, people: People, covariance: np.ndarray, settle: Settle) -> Top:
    """Newton's method with one covariance throughout; `converged` says whether it ended near a score of 0."""
    sure = np.sqrt(np.diag(covariance))
    for _ in range(MOST_STEPS):
        step = covariance @ score_at(problem, group, people)
        if np.abs(step / sure).max() < NEAR:
            return Top(group, people, covariance, True)
        group = unpacked(packed(group) + np.clip(step, -sure, sure), group)
        people = settle(problem, group, people.x, people.variance)
    return Top(group, people, covariance, False)


def topped(problem: Problem, group: Group, people: People) -> Top:
    """The top by Newton's method from near it; how the score changes is taken at the beginning and the end."""
    for _ in range(2):
        covariance, sound = inverse(-slopes(problem, group, people), problem.shape, group)
        if sound:
            group, people, *_ = newton(problem, group, people, covariance, settled)
    return Top(group, people, covariance, sound and ended(problem, group, people, covariance))


def ended(problem: Problem, group: Group, people: People, covariance: np.ndarray) -> bool:
    """Whether no parameter of the group would move by as much as a twentieth of its sd."""
    left = covariance @ score_at(problem, group, people) / np.sqrt(np.diag(covariance))
    return bool(np.abs(left).max() < 5.0 * NEAR)


def solved(problem: Problem) -> Top:
    """The top of a problem from its priors."""
    begin = beginning(problem.shape)
    return topped(problem, *climbed(problem, begin, centres(problem.shape, begin.beta)))


def mended(problem: Problem, top: Top, settle: Settle) -> Top:
    """The top where everyone is settled in another way, from one where they were Gaussian."""
    people = settle(problem, top.group, top.people.x, top.people.variance)
    group, people, *_ = newton(problem, top.group, people, top.covariance, settle)
    covariance, sound = inverse(-slopes(problem, group, people, settle), problem.shape, group)
    return Top(group, people, covariance, sound and ended(problem, group, people, covariance))


def inverse(curvature: np.ndarray, shape: Crowd, group: Group) -> tuple[np.ndarray, bool]:
    """A covariance from a curvature, and whether every direction is at least half as sure as the prior alone is."""
    logarithms = np.full(len(group.spread) + len(group.between), LOG_SCALE)
    width = np.concatenate([1.0 / np.sqrt(beta_prior(shape, group)), logarithms, shape.shared_prior[1]])
    values, vectors = np.linalg.eigh(curvature * width[:, None] * width)
    covariance = (vectors / np.maximum(values, 0.5)) @ vectors.T
    return covariance * width[:, None] * width, bool(values.min() > 0.5)
