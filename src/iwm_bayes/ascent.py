"""From the priors to near the most probable group: a few rounds of expectation and maximisation, then BFGS.

The rounds are safe and bring everyone into place, but on a ridge, where what everyone shares trades against how people
differ, they creep and seem to have arrived. BFGS (by scipy) takes from its own steps how the ground bends.
"""

import numpy as np
from scipy.optimize import minimize

from iwm_bayes.crowd import Group, packed, unpacked
from iwm_bayes.gaussians import STEP, People, Problem, curvature, evidence, falls, found, settled
from iwm_bayes.scores import density, moved, outer_curvature, score, sums

ROUNDS = 4  # of expectation and maximisation
NEAR = 0.2  # the slope, in units of how sure the group is, at which the ascent is over


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

    ended = minimize(below, np.zeros(len(begin)), jac=True, method="BFGS", options={"gtol": NEAR})
    group = unpacked(begin + root @ ended.x, group)
    return group, settled(problem, group, last.x, last.variance)
