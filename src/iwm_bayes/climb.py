"""The most probable group: a climb from its priors, by expectation and maximisation and then by Newton's method.

The group's parameters are moved until the score of their marginal posterior (see `scores`) is zero, and are Gaussian
around that point with the inverse of the score's slope as covariance. What everyone shares enters by the likelihood's
slope averaged over each person's posterior; deviations of a group's members are integrated out where their sd is
estimated. How each person's posterior is found is a function: `gaussians.settled`, or one of `quadrature`.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.crowd import Crowd, Group, beginning, beta_prior, centres, packed, unpacked
from iwm_bayes.gaussians import STEP, People, Problem, curvature, found, settled
from iwm_bayes.quadrature import Settle
from iwm_bayes.scores import moved, score, sums

MOST_ROUNDS, NEAR = 30, 0.01  # of the climb, and the farthest move (link scale, then in sds) after which it is over
LOG_SCALE = 1.0  # sd of the logarithm of a half-normal, near enough


class Top(NamedTuple):
    """The most probable group: how sure of it one is, and whether the search ended there."""

    group: Group
    people: People
    covariance: np.ndarray
    converged: bool


def shared_step(problem: Problem, group: Group, people: People) -> np.ndarray:
    """What is shared, one Newton step on with everyone as they are."""
    middle, width = problem.shape.shared_prior
    columns = []
    for row in range(len(group.shared)):
        step = STEP * (np.arange(len(group.shared)) == row)
        ahead, behind = (
            problem.at(people.x, group.shared + sign * step)[1][problem.shape.shared].sum(axis=1) for sign in (1, -1)
        )
        columns.append((behind - ahead) / (2.0 * STEP))
    curvature = np.stack(columns, axis=-1)
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2.0 + np.diag(1.0 / width**2))
    slope = people.slope.sum(axis=1) - (group.shared - middle) / width**2
    step = vectors @ ((vectors.T @ slope) / np.maximum(values, 0.2 * (1.0 / width**2).min()))
    return group.shared + np.clip(0.5 * step, -0.5 * width, 0.5 * width)  # everyone follows: half the way


def first(problem: Problem, group: Group, x: np.ndarray) -> People:
    """Everyone's Gaussian from their modes, which are looked for from `x` (D, N)."""
    x = found(problem, group, x)
    return settled(problem, group, x, np.linalg.inv(curvature(problem, group, x)))


def climbed(problem: Problem, group: Group, x: np.ndarray) -> tuple[Group, People]:
    """A group near its most probable place, by expectation and maximisation."""
    people = first(problem, group, x)
    for _ in range(MOST_ROUNDS):
        new = moved(problem.shape, group, people.x, people.variance)
        if len(group.shared):
            new = new._replace(shared=shared_step(problem, new, people))
        far = np.abs(packed(new) - packed(group)).max()
        group, people = new, settled(problem, new, people.x, people.variance)
        if far < NEAR:
            break
    return group, people


def score_at(problem: Problem, group: Group, people: People) -> np.ndarray:
    """Slope of the group's log marginal posterior where everyone is known, as `packed`."""
    return score(problem.shape, group, sums(problem.shape, group, *people))


def slopes(problem: Problem, group: Group, people: People, settle: Settle = settled) -> np.ndarray:
    """How the score changes with each of the group's parameters, everyone following: (packed, packed)."""
    here, columns = packed(group), []
    for index in range(len(here)):
        sides = []
        for sign in (1, -1):
            other = unpacked(here + sign * 0.01 * (np.arange(len(here)) == index), group)
            sides.append(score_at(problem, other, settle(problem, other, people.x, people.variance)))
        columns.append((sides[0] - sides[1]) / 0.02)
    found = np.stack(columns, axis=-1)
    return (found + found.T) / 2.0


def newton(problem: Problem, group: Group, people: People, covariance: np.ndarray, settle: Settle) -> Top:
    """Newton's method with one covariance throughout; `converged` says whether it ended near a score of 0."""
    sure = np.sqrt(np.diag(covariance))
    for _ in range(MOST_ROUNDS):
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
