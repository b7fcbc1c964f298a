"""The mode of the group of very many people, found in rounds over all chunks.

The search starts with a sample of the size of a chunk, and continues with Newton steps of everyone. A round processes
all chunks once and needs a few sums of each (see `marginal_score`). The curvature comes from outer products of scores,
which cost nothing more. On a ridge these are not enough, and a step does not bring the group half of the way. Then the
curvature comes from the information by quadrature (see `information`) and from what the last step changed (BFGS).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import eigh

from iwm_bayes.inference.laplace.empirical_bayes import covariance_from_curvature
from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, initial_group, pack, unpack
from iwm_bayes.inference.laplace.marginal_score import (
    PersonSums,
    add_sums,
    marginal_score,
    outer_curvature,
    prior_curvature,
)
from iwm_bayes.large_scale.chunk_tasks import begin_with_sample, score_chunk, score_chunk_by_quadrature
from iwm_bayes.large_scale.runner import Runner
from iwm_bayes.validation.sweep import Condition

NEAR_STEP = 0.3  # SDs of the group: after a step of this size, the next round may be the last
FINAL_STEP = 0.1  # SDs of the group: after the last round, a larger step may not remain
MAX_ROUNDS = 15
FIRST_STEP, MAX_STEP = 1.0, 3.0  # SDs of the sample's group: largest step of the sample, and of everyone
MAX_STRETCH = 20.0  # times that a step may be longer than by outer products of scores, along any direction


class Round(NamedTuple):
    """The sums of everyone under a group, and the covariance by which a Newton step is made."""

    group: Group
    number: int
    sums: PersonSums
    covariance: np.ndarray  # (packed, packed) of the group
    positive_definite: bool  # as in `covariance_from_curvature`

    def newton_step(self, population: LinearPopulation) -> np.ndarray:
        """Return the Newton step from the group to its mode, (packed,)."""
        return self.covariance @ marginal_score(population, self.group, self.sums)

    def largest_step(self, population: LinearPopulation) -> float:
        """Return the largest entry of the Newton step in SDs of the group."""
        return float(np.abs(self.newton_step(population) / np.sqrt(np.diag(self.covariance))).max())

    def next_group(self, population: LinearPopulation, max_step: float) -> Group:
        """Return the group after the Newton step, in which no entry is larger than `max_step` SDs."""
        limit = max_step * np.sqrt(np.diag(self.covariance))
        return unpack(pack(self.group) + np.clip(self.newton_step(population), -limit, limit), self.group)


def group_to_text(group: Group) -> str:
    """Return a group as text, which can stand in a condition."""
    return json.dumps(pack(group).tolist())


def sums_of_parts(parts: Iterable[Mapping[str, Any]]) -> PersonSums:
    """Return the sums of all parts, each as `sums_as_lists` made it."""
    return add_sums(PersonSums._make(np.array(part[name]) for name in PersonSums._fields) for part in parts)


def outer_product_round(population: LinearPopulation, group: Group, number: int, sums: PersonSums) -> Round:
    """Return a round whose curvature comes from outer products of people's scores."""
    curvature = outer_curvature(population, group, sums)
    return Round(group, number, sums, *covariance_from_curvature(curvature, population, group))


def sample_round(runner: Runner, population: LinearPopulation) -> Round:
    """Fit the sample, and return its round."""
    result = runner.run_once(begin_with_sample, "fitting the sample")
    group = unpack(np.array(result["group"]), initial_group(population))
    return outer_product_round(population, group, 0, sums_of_parts([result["sums"]]))


def score_round(runner: Runner, population: LinearPopulation, group: Group, number: int) -> Round:
    """Do a round over all chunks under a group."""
    results = runner.run_chunks(score_chunk, f"round {number + 1}", {"round": number, "group": group_to_text(group)})
    return outer_product_round(population, group, number, sums_of_parts(results["sums"]))


def quadrature_round(
    runner: Runner, population: LinearPopulation, group: Group, number: int, people_folder: Path
) -> tuple[Round, PersonSums]:
    """Do a round that also computes exact sums and the information by quadrature, and writes tables of people.

    Outer products of scores are good enough for most steps; the covariance of the result must be known better.
    """
    condition: Condition = {"round": number, "group": group_to_text(group), "at people": str(people_folder)}
    results = runner.run_chunks(score_chunk_by_quadrature, f"round {number + 1}, by quadrature", condition)
    information = np.sum([np.array(part) for part in results["information"]], axis=0)
    curvature = information + np.diag(prior_curvature(population, group))
    covariance, positive_definite = covariance_from_curvature(curvature, population, group)
    sums, exact_sums = (sums_of_parts(results[name]) for name in ("sums", "exact_sums"))
    return Round(group, number, sums, covariance, positive_definite), exact_sums


def bfgs_update(now: Round, before: Round, population: LinearPopulation) -> Round:
    """Return a round whose covariance is updated by the change of the score since the round before, as in BFGS.

    Gaussian people follow their group differently from exact ones, which the information is about. Where they follow
    twice as fast, steps by the information alone would alternate without end.
    """
    step = pack(now.group) - pack(before.group)
    before_score = marginal_score(population, before.group, before.sums)
    fall = before_score - marginal_score(population, now.group, now.sums)
    if step @ fall <= 0.0:
        return now
    projection = np.eye(len(step)) - np.outer(step, fall) / (step @ fall)
    covariance = projection @ now.covariance @ projection.T + np.outer(step, step) / (step @ fall)
    return now._replace(covariance=covariance)


def limit_step(now: Round, population: LinearPopulation) -> Round:
    """Return a round whose step cannot run away where the density seems flat: see `MAX_STRETCH`."""
    outer = outer_product_round(population, now.group, now.number, now.sums).covariance
    stretches, directions = eigh(now.covariance, outer)
    axes = outer @ directions
    return now._replace(covariance=(axes * np.minimum(stretches, MAX_STRETCH)) @ axes.T)


def find_group_mode(
    runner: Runner, population: LinearPopulation, size_ratio: float, people_folder: Path
) -> tuple[Round, PersonSums]:
    """Return the last round, under a group next to the mode, and the exact sums of that round.

    `size_ratio` is the number of people per person of the sample.
    """
    max_step, on_ridge = MAX_STEP * np.sqrt(size_ratio), False
    first_group = sample_round(runner, population).next_group(population, FIRST_STEP)
    now = before = score_round(runner, population, first_group, 0)
    while now.largest_step(population) > NEAR_STEP and now.number < MAX_ROUNDS - 2:
        before, group, number = now, now.next_group(population, max_step), now.number + 1
        if on_ridge:
            now, _ = quadrature_round(runner, population, group, number, people_folder)
            now = limit_step(bfgs_update(now, before, population), population)
        else:
            now = score_round(runner, population, group, number)
        on_ridge = on_ridge or now.largest_step(population) > before.largest_step(population) / 2.0
    group, before = now.next_group(population, max_step), now
    now, exact = quadrature_round(runner, population, group, now.number + 1, people_folder)
    while now.largest_step(population) > FINAL_STEP and now.number < MAX_ROUNDS - 1:
        group, before = bfgs_update(now, before, population).next_group(population, max_step), now
        now, exact = quadrature_round(runner, population, group, now.number + 1, people_folder)
    return now, exact
