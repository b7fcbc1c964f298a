"""What a response carries over from one event to the next: its last residual, and decaying sums of readouts."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.ops import Array
from iwm_bayes.types import Params, Response


class Carryover(NamedTuple):
    """What a response carries over, at one event."""

    residual: Array  # (figure, person): the last answer about each figure minus its expected value
    elapsed: Array  # (figure, person): time since that answer
    sums: Mapping[str, Array]  # (person,): decaying sums, by key of `READOUTS`


def initial(response: Response, figures: int, people: int) -> Carryover:
    """Return the carryover before the first answer: zero."""
    zeros = np.zeros((figures, people))
    return Carryover(zeros, zeros, {about: np.zeros(people) for about in response.accumulates})


def decay(response: Response, p: Params, carryover: Carryover, elapsed: Array) -> Carryover:
    """Return the carryover after some time has passed."""
    sums = {about: response.accumulates[about](p, elapsed) * total for about, total in carryover.sums.items()}
    return carryover._replace(elapsed=carryover.elapsed + elapsed, sums=sums)


def restart(carryover: Carryover, restarts: Array) -> Carryover:
    """Return the carryover with nothing left of people whose beliefs restart: 1 in `restarts`, (person,)."""
    sums = {about: total * (1.0 - restarts) for about, total in carryover.sums.items()}
    return carryover._replace(residual=carryover.residual * (1.0 - restarts), sums=sums)


def accumulate(carryover: Carryover, readouts: Mapping[Readout, Array]) -> Carryover:
    """Add the readouts after an outcome to the sums."""
    sums = {about: total + readouts[Readout(about, "after")] for about, total in carryover.sums.items()}
    return carryover._replace(sums=sums)


def record_residual(carryover: Carryover, figure: Array, residual: Array) -> Carryover:
    """Replace the residual of the figures that an answer is about: (figure, person) one-hot, or 1 for all figures."""
    return carryover._replace(
        residual=carryover.residual + figure * (residual - carryover.residual),
        elapsed=carryover.elapsed * (1.0 - figure),
    )
