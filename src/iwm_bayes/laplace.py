"""Empirical Bayes with Gaussian people: fast, and approximate.

Every person's link-scale values are taken to be Gaussian under the group (see `gaussians`). The group's parameters are
moved until the score of their marginal posterior is zero, by Fisher's identity an expectation over people, and are
Gaussian around that point with the inverse of the score's slope as covariance, as in Laplace's method. What everyone
shares enters by the likelihood's slope averaged over each person's Gaussian; deviations of a group's members are
integrated out where their sd is estimated. With few yes-or-no answers per person people are not Gaussian.
Huys et al. (2011), doi:10.1371/journal.pcbi.1002028; Piray et al. (2019), doi:10.1371/journal.pcbi.1007043.
"""

from typing import NamedTuple

import numpy as np
import pymc as pm
import xarray as xr

from iwm_bayes.build import likelihood, swappable
from iwm_bayes.core import InputError, Model
from iwm_bayes.crowd import (
    Crowd,
    Group,
    beginning,
    beta_prior,
    centres,
    crowd,
    draws_of,
    moved,
    packed,
    score,
    unpacked,
)
from iwm_bayes.gaussians import STEP, People, Problem, curvature, found, settled
from iwm_bayes.method import Compiled, Settings, check, compiled

MOST_ROUNDS, NEAR = 30, 0.01  # of the climb, and the farthest move (link scale, then in sds) after which it is over
LOG_SCALE = 1.0  # sd of the logarithm of a half-normal, near enough


def compile_likelihood(model: Model, data: xr.Dataset) -> Compiled:
    """Compile a theory's likelihood for the shape of a data set; InputError for what this method does not know."""
    if model.correlated:
        raise InputError([f"{model.name}: `laplace` knows no correlated parameters. Use `nuts`"])
    graph, function = likelihood(model, data)
    function(np.zeros(graph["level"].shape.eval()))  # numba compiles at the first call
    return compiled(model, graph, function, data)


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
    slope = people.slope - (group.shared - middle) / width**2
    step = vectors @ ((vectors.T @ slope) / np.maximum(values, 0.2 * (1.0 / width**2).min()))
    return group.shared + np.clip(0.5 * step, -0.5 * width, 0.5 * width)  # everyone follows: half the way


def climbed(problem: Problem, group: Group, x: np.ndarray) -> tuple[Group, People]:
    """A group near its most probable place, by expectation and maximisation."""
    x = found(problem, group, x)
    people = settled(problem, group, x, np.linalg.inv(curvature(problem, group, x)))
    for _ in range(MOST_ROUNDS):
        new = moved(problem.shape, group, people.x, people.variance)
        if len(group.shared):
            new = new._replace(shared=shared_step(problem, new, people))
        far = np.abs(packed(new) - packed(group)).max()
        group, people = new, settled(problem, new, people.x, people.variance)
        if far < NEAR:
            break
    return group, people


def slopes(problem: Problem, group: Group, people: People) -> np.ndarray:
    """How the score changes with each of the group's parameters, everyone following: (packed, packed)."""
    here, columns = packed(group), []
    for index in range(len(here)):
        sides = []
        for sign in (1, -1):
            other = unpacked(here + sign * 0.01 * (np.arange(len(here)) == index), group)
            there = settled(problem, other, people.x, people.variance)
            sides.append(score(problem.shape, other, *there)[0])
        columns.append((sides[0] - sides[1]) / 0.02)
    found = np.stack(columns, axis=-1)
    return (found + found.T) / 2.0


class Top(NamedTuple):
    """The most probable group: how sure of it one is, and whether the search ended there."""

    group: Group
    people: People
    covariance: np.ndarray
    converged: bool


def topped(problem: Problem, group: Group, people: People) -> Top:
    """The top by Newton's method from near it; how the score changes is taken at the beginning and the end."""
    for _ in range(2):
        covariance, sound = inverse(-slopes(problem, group, people), problem.shape, group)
        sure = np.sqrt(np.diag(covariance))
        for _ in range(MOST_ROUNDS if sound else 0):
            step = covariance @ score(problem.shape, group, *people)[0]
            if np.abs(step / sure).max() < NEAR:
                break
            group = unpacked(packed(group) + np.clip(step, -sure, sure), group)
            people = settled(problem, group, people.x, people.variance)
    left = np.abs(covariance @ score(problem.shape, group, *people)[0] / sure).max()
    return Top(group, people, covariance, sound and bool(left < 5.0 * NEAR))


def posed(ready: Compiled, data: xr.Dataset) -> Problem:
    """The hierarchy of these data and the likelihood, which from now on is that of these data."""
    check(ready, data)
    with ready.graph:
        pm.set_data({name: value for name, value in swappable(ready.model, data).items() if name in ready.graph})
    return Problem(crowd(ready.model, data), ready.engine)


def solved(problem: Problem) -> Top:
    """The top of a problem from its priors."""
    begin = beginning(problem.shape)
    return topped(problem, *climbed(problem, begin, centres(problem.shape, begin.beta)))


def laplace(ready: Compiled, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior by empirical Bayes, drawn from; its attribute `converged` says whether the top was found."""
    problem = posed(ready, data)
    top = solved(problem)
    posterior = draws_of(problem.shape, top.group, top.covariance, top.people.x, top.people.variance, settings)
    binary = all(response.family.whole and response.family.levels == 2 for response in ready.model.responses.values())
    method = "laplace, from answers of yes or no alone: spreads may come out too small" if binary else "laplace"
    posterior = posterior.assign_attrs(approximate=method, converged=int(top.converged))
    return xr.DataTree.from_dict({"posterior": posterior, "data": data, "constant_data": xr.Dataset()})


def inverse(curvature: np.ndarray, shape: Crowd, group: Group) -> tuple[np.ndarray, bool]:
    """A covariance from a curvature, and whether every direction is at least half as sure as the prior alone is."""
    logarithms = np.full(len(group.spread) + len(group.between), LOG_SCALE)
    width = np.concatenate([1.0 / np.sqrt(beta_prior(shape, group)), logarithms, shape.shared_prior[1]])
    values, vectors = np.linalg.eigh(curvature * width[:, None] * width)
    covariance = (vectors / np.maximum(values, 0.5)) @ vectors.T
    return covariance * width[:, None] * width, bool(values.min() > 0.5)
