"""What a response carries over from one answer to the next: the last residual, and sums of readings."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.ops import Array
from iwm_bayes.types import Params, Response


class Carryover(NamedTuple):
    """What a response leaves behind, as people live."""

    last: Array  # (figure, person): how far the last answer about each figure was from what was expected of it
    since: Array  # (figure, person): how long ago that was
    kept: Mapping[str, Array]  # the sum of every reading that is kept, (person,)


def initial(response: Response, figures: int, people: int) -> Carryover:
    """Before any answer."""
    nothing = np.zeros((figures, people))
    return Carryover(nothing, nothing, {about: np.zeros(people) for about in response.accumulates})


def decay(response: Response, p: Params, echo: Carryover, elapsed: Array) -> Carryover:
    """After some time."""
    kept = {about: response.accumulates[about](p, elapsed) * total for about, total in echo.kept.items()}
    return echo._replace(since=echo.since + elapsed, kept=kept)


def accumulate(echo: Carryover, found: Mapping[Readout, Array]) -> Carryover:
    """After an outcome of which `found` was read."""
    return echo._replace(kept={about: total + found[Readout(about, "after")] for about, total in echo.kept.items()})


def record_residual(echo: Carryover, about: Array, surprise: Array) -> Carryover:
    """After an answer about some figures, (figure, person) one-hot or 1 for all."""
    return echo._replace(last=echo.last + about * (surprise - echo.last), since=echo.since * (1.0 - about))
