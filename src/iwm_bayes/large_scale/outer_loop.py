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

from iwm_bayes.inference.laplace.empirical_bayes import inverse
from iwm_bayes.inference.laplace.hierarchy import Crowd, Group, beginning, packed, unpacked
from iwm_bayes.inference.laplace.marginal_score import Sums, outer_curvature, prior_curvature, score, total
from iwm_bayes.large_scale.chunk_tasks import begin, finish_chunk, settle_chunk
from iwm_bayes.large_scale.runner import Work
from iwm_bayes.validation.sweep import Cell

NEARLY = 0.3  # sds of the group: the step after which a round may be the last,
ENOUGH = 0.1  # and the step that a last round may leave; where it leaves more, it was not the last
MOST_ROUNDS = 15
FIRST, BOLDEST = 1.0, 3.0  # sds of the sample's group that its own step may go, and a step of everyone
LONGEST = 20.0  # times as far as by outer products of slopes may a step go along any direction


def as_text(group: Group) -> str:
    return json.dumps(packed(group).tolist())


def summed(parts: Iterable[Mapping[str, Any]]) -> Sums:
    """The sums of all parts, from what was written of each."""
    return total(Sums(*(np.array(part[name]) for name in Sums._fields)) for part in parts)  # type: ignore[arg-type]


class Round(NamedTuple):
    """What everyone said of a group, and the Newton step to the top from there."""

    group: Group
    number: int  # of the round
    said: Sums
    covariance: np.ndarray  # (packed, packed) of the group
    sound: bool  # as in `climb.inverse`

    def step(self, shape: Crowd) -> np.ndarray:
        """The step, (packed,)."""
        return self.covariance @ score(shape, self.group, self.said)

    def far(self, shape: Crowd) -> float:
        """How many sds of the group the step would go."""
        return float(np.abs(self.step(shape) / np.sqrt(np.diag(self.covariance))).max())

    def next(self, shape: Crowd, boldest: float) -> Group:
        """The group after the step, in which nothing goes farther than so many sds."""
        most = boldest * np.sqrt(np.diag(self.covariance))
        return unpacked(packed(self.group) + np.clip(self.step(shape), -most, most), self.group)


def by_slopes(shape: Crowd, group: Group, number: int, said: Sums) -> Round:
    """A round in which outer products of people's slopes tell how the ground bends."""
    return Round(group, number, said, *inverse(outer_curvature(shape, group, said), shape, group))


def begun(work: Work, shape: Crowd) -> Round:
    """A round of the sample alone."""
    found = work.with_sample(begin, "beginning with a sample", {})
    return by_slopes(shape, unpacked(np.array(found["group"]), beginning(shape)), 0, summed([found["said"]]))


def asked(work: Work, shape: Crowd, group: Group, number: int) -> Round:
    """A round: everyone asked about a group."""
    found = work.each(settle_chunk, f"round {number + 1}", {"round": number, "group": as_text(group)})
    return by_slopes(shape, group, number, summed(found["said"]))


def asked_closely(work: Work, shape: Crowd, group: Group, number: int, people: Path) -> tuple[Round, Sums]:
    """A round in which all else is found, too: what everyone says by quadrature, and tables of them in a folder.

    Outer products of slopes are good enough for most steps; how sure one is of the group has to be known better.
    """
    cell: Cell = {"round": number, "group": as_text(group), "at people": str(people)}
    found = work.each(finish_chunk, f"round {number + 1}, by quadrature", cell)
    information = np.sum([np.array(part) for part in found["information"]], axis=0)
    sure = inverse(information + np.diag(prior_curvature(shape, group)), shape, group)
    return Round(group, number, summed(found["said"]), *sure), summed(found["exact"])


def learned(here: Round, before: Round, shape: Crowd) -> Round:
    """A round that knows what became of the score on the way from the one before, by BFGS's formula.

    Gaussian people follow their group otherwise than people as they are, of whom quadrature tells: where they change
    twice as fast, steps by its information go to and fro without an end.
    """
    way = packed(here.group) - packed(before.group)
    fall = score(shape, before.group, before.said) - score(shape, here.group, here.said)
    if way @ fall <= 0.0:
        return here
    rest = np.eye(len(way)) - np.outer(way, fall) / (way @ fall)
    return here._replace(covariance=rest @ here.covariance @ rest.T + np.outer(way, way) / (way @ fall))


def held(here: Round, shape: Crowd) -> Round:
    """A round on the way, whose step does not run away where the ground seems flat: see `LONGEST`."""
    outer = by_slopes(shape, here.group, here.number, here.said).covariance
    longer, directions = eigh(here.covariance, outer)
    ways = outer @ directions
    return here._replace(covariance=(ways * np.minimum(longer, LONGEST)) @ ways.T)


def asked_to_the_top(work: Work, shape: Crowd, times: float, people: Path) -> tuple[Round, Sums]:
    """The last round, under a group next to the most probable one of everyone, so many `times` the sample."""
    boldest, slow = BOLDEST * np.sqrt(times), False
    here = before = asked(work, shape, begun(work, shape).next(shape, FIRST), 0)
    while here.far(shape) > NEARLY and here.number < MOST_ROUNDS - 2:
        before, group, number = here, here.next(shape, boldest), here.number + 1
        if slow:
            here = held(learned(asked_closely(work, shape, group, number, people)[0], before, shape), shape)
        else:
            here = asked(work, shape, group, number)
        slow = slow or here.far(shape) > before.far(shape) / 2.0
    before, (here, exact) = here, asked_closely(work, shape, here.next(shape, boldest), here.number + 1, people)
    while here.far(shape) > ENOUGH and here.number < MOST_ROUNDS - 1:
        group = learned(here, before, shape).next(shape, boldest)
        before, (here, exact) = here, asked_closely(work, shape, group, here.number + 1, people)
    return here, exact
