"""The most probable group of very many people, who are asked about it round by round.

The ascent begins with a sample of a chunk's size, and goes on with Newton steps of everyone. In a round all chunks are
gone through once; what is needed of each are a few sums (see `scores`). How the ground bends is taken from outer
products of slopes, which cost nothing more; where a step does not bring everyone half of the way, as on a ridge, from
what is known by quadrature (see `information`), and from what the last step did.
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
from iwm_bayes.large_scale.runner import Work
from iwm_bayes.validation.sweep import Condition

NEAR_STEP = 0.3  # sds of the group: the step after which a round may be the last,
FINAL_STEP = 0.1  # and the step that a last round may leave; where it leaves more, it was not the last
MAX_ROUNDS = 15
FIRST_STEP, MAX_STEP = 1.0, 3.0  # sds of the sample's group that its own step may go, and a step of everyone
MAX_STRETCH = 20.0  # times as far as by outer products of slopes may a step go along any direction


def group_to_text(group: Group) -> str:
    return json.dumps(pack(group).tolist())


def sums_of_parts(parts: Iterable[Mapping[str, Any]]) -> PersonSums:
    """The sums of all parts, from what was written of each."""
    return add_sums(PersonSums(*(np.array(part[name]) for name in PersonSums._fields)) for part in parts)  # type: ignore[arg-type]


class Round(NamedTuple):
    """What everyone said of a group, and the Newton step to the top from there."""

    group: Group
    number: int  # of the round
    said: PersonSums
    covariance: np.ndarray  # (packed, packed) of the group
    sound: bool  # as in `climb.inverse`

    def step(self, shape: LinearPopulation) -> np.ndarray:
        """The step, (packed,)."""
        return self.covariance @ marginal_score(shape, self.group, self.said)

    def far(self, shape: LinearPopulation) -> float:
        """How many sds of the group the step would go."""
        return float(np.abs(self.step(shape) / np.sqrt(np.diag(self.covariance))).max())

    def next(self, shape: LinearPopulation, boldest: float) -> Group:
        """The group after the step, in which nothing goes farther than so many sds."""
        most = boldest * np.sqrt(np.diag(self.covariance))
        return unpack(pack(self.group) + np.clip(self.step(shape), -most, most), self.group)


def outer_product_round(shape: LinearPopulation, group: Group, number: int, said: PersonSums) -> Round:
    """A round in which outer products of people's slopes tell how the ground bends."""
    return Round(group, number, said, *covariance_from_curvature(outer_curvature(shape, group, said), shape, group))


def sample_round(work: Work, shape: LinearPopulation) -> Round:
    """A round of the sample alone."""
    found = work.with_sample(begin_with_sample, "beginning with a sample", {})
    return outer_product_round(
        shape, unpack(np.array(found["group"]), initial_group(shape)), 0, sums_of_parts([found["said"]])
    )


def score_round(work: Work, shape: LinearPopulation, group: Group, number: int) -> Round:
    """A round: everyone asked about a group."""
    found = work.each(score_chunk, f"round {number + 1}", {"round": number, "group": group_to_text(group)})
    return outer_product_round(shape, group, number, sums_of_parts(found["said"]))


def quadrature_round(
    work: Work, shape: LinearPopulation, group: Group, number: int, people: Path
) -> tuple[Round, PersonSums]:
    """A round in which all else is found, too: what everyone says by quadrature, and tables of them in a folder.

    Outer products of slopes are good enough for most steps; how sure one is of the group has to be known better.
    """
    cell: Condition = {"round": number, "group": group_to_text(group), "at people": str(people)}
    found = work.each(score_chunk_by_quadrature, f"round {number + 1}, by quadrature", cell)
    information = np.sum([np.array(part) for part in found["information"]], axis=0)
    sure = covariance_from_curvature(information + np.diag(prior_curvature(shape, group)), shape, group)
    return Round(group, number, sums_of_parts(found["said"]), *sure), sums_of_parts(found["exact"])


def bfgs_update(here: Round, before: Round, shape: LinearPopulation) -> Round:
    """A round that knows what became of the score on the way from the one before, by BFGS's formula.

    Gaussian people follow their group otherwise than people as they are, of whom quadrature tells: where they change
    twice as fast, steps by its information go to and fro without an end.
    """
    way = pack(here.group) - pack(before.group)
    fall = marginal_score(shape, before.group, before.said) - marginal_score(shape, here.group, here.said)
    if way @ fall <= 0.0:
        return here
    rest = np.eye(len(way)) - np.outer(way, fall) / (way @ fall)
    return here._replace(covariance=rest @ here.covariance @ rest.T + np.outer(way, way) / (way @ fall))


def limit_step(here: Round, shape: LinearPopulation) -> Round:
    """A round on the way, whose step does not run away where the ground seems flat: see `MAX_STRETCH`."""
    outer = outer_product_round(shape, here.group, here.number, here.said).covariance
    longer, directions = eigh(here.covariance, outer)
    ways = outer @ directions
    return here._replace(covariance=(ways * np.minimum(longer, MAX_STRETCH)) @ ways.T)


def find_group_mode(work: Work, shape: LinearPopulation, times: float, people: Path) -> tuple[Round, PersonSums]:
    """The last round, under a group next to the most probable one of everyone, so many `times` the sample."""
    boldest, slow = MAX_STEP * np.sqrt(times), False
    here = before = score_round(work, shape, sample_round(work, shape).next(shape, FIRST_STEP), 0)
    while here.far(shape) > NEAR_STEP and here.number < MAX_ROUNDS - 2:
        before, group, number = here, here.next(shape, boldest), here.number + 1
        if slow:
            here = limit_step(
                bfgs_update(quadrature_round(work, shape, group, number, people)[0], before, shape), shape
            )
        else:
            here = score_round(work, shape, group, number)
        slow = slow or here.far(shape) > before.far(shape) / 2.0
    before, (here, exact) = here, quadrature_round(work, shape, here.next(shape, boldest), here.number + 1, people)
    while here.far(shape) > FINAL_STEP and here.number < MAX_ROUNDS - 1:
        group = bfgs_update(here, before, shape).next(shape, boldest)
        before, (here, exact) = here, quadrature_round(work, shape, group, here.number + 1, people)
    return here, exact
