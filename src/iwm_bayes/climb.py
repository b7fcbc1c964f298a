"""The most probable group, from near it (see `ascent`), by Newton's method.

The group's parameters are moved until the score of their marginal posterior (see `scores`) is zero, and are Gaussian
around that point with the inverse of the score's slope as covariance. What everyone shares enters by the likelihood's
slope averaged over each person's posterior; deviations of a group's members are integrated out where their sd is
estimated. How each person's posterior is found is a function: `gaussians.settled`, or one of `quadrature`.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ascent import climbed
from iwm_bayes.crowd import Crowd, Group, beginning, beta_prior, centres, packed, unpacked
from iwm_bayes.gaussians import People, Problem, falls, settled
from iwm_bayes.quadrature import Settle
from iwm_bayes.scores import score, sums

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
