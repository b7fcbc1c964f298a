"""What a response carries over from event to event: its last residual, sums of readouts, and earlier readouts."""

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
    earlier: Mapping[str, Array]  # by lagged readout: (session back, figure, person); NaN where there is none


def initial(response: Response, figures: int, people: int) -> Carryover:
    """Return the carryover before the first answer: zero."""
    zeros = np.zeros((figures, people))
    sums = {about: np.zeros(people) for about in response.accumulates}
    lagged = response.lagged if response.lag else {}
    return Carryover(
        zeros, zeros, sums, {about: np.full((response.lag + 1, figures, people), np.nan) for about in lagged}
    )


def decay(response: Response, p: Params, carryover: Carryover, elapsed: Array) -> Carryover:
    """Return the carryover after some time has passed."""
    sums = {about: response.accumulates[about](p, elapsed) * total for about, total in carryover.sums.items()}
    return carryover._replace(elapsed=carryover.elapsed + elapsed, sums=sums)


def restart(carryover: Carryover, restarts: Array) -> Carryover:
    """Return the carryover with nothing left of people whose beliefs restart: 1 in `restarts`, (person,)."""
    sums = {about: total * (1.0 - restarts) for about, total in carryover.sums.items()}
    earlier = {about: np.where(restarts > 0, np.nan, past) for about, past in carryover.earlier.items()}
    return carryover._replace(residual=carryover.residual * (1.0 - restarts), sums=sums, earlier=earlier)


def next_session(carryover: Carryover, figure: Array, begins: Array) -> Carryover:
    """Move the earlier readouts of the figure of an event, (figure, person) one-hot, where its session begins."""
    moves = (figure > 0) & (begins > 0)
    earlier = {
        about: np.where(moves, np.concatenate([np.full_like(past[:1], np.nan), past[:-1]]), past)
        for about, past in carryover.earlier.items()
    }
    return carryover._replace(earlier=earlier)


def accumulate(carryover: Carryover, figure: Array, readouts: Mapping[Readout, Array]) -> Carryover:
    """Add the readouts after an outcome to the sums, and keep them as those of this session with the figure."""
    sums = {about: total + readouts[Readout(about, "after")] for about, total in carryover.sums.items()}
    earlier = {
        about: np.concatenate([np.where(figure > 0, readouts[Readout(about, "after")], past[0])[None], past[1:]])
        for about, past in carryover.earlier.items()
    }
    return carryover._replace(sums=sums, earlier=earlier)


def earlier_readouts(
    response: Response, carryover: Carryover, figure: Array, readouts: Mapping[Readout, Array]
) -> dict[Readout, Array]:
    """Return the readouts of `lag` sessions before with the figure of an event, as `filter.lagged_readouts` does."""
    found = {}
    for about, past in carryover.earlier.items():
        value = np.where(figure > 0, past[response.lag], 0.0).sum(axis=0)  # NaN of other figures does not count
        before_first = readouts[Readout(response.lagged[about], response.timing)]
        found[Readout(about, "after")] = np.where(np.isnan(value), before_first, value)
    return found


def record_residual(carryover: Carryover, figure: Array, residual: Array) -> Carryover:
    """Replace the residual of the figures that an answer is about: (figure, person) one-hot, or 1 for all figures."""
    return carryover._replace(
        residual=carryover.residual + figure * (residual - carryover.residual),
        elapsed=carryover.elapsed * (1.0 - figure),
    )
