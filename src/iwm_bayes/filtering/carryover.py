"""What a response carries over from one answer to the next: the last residual, and sums of readings."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.readouts import Reading
from iwm_bayes.ops import Array
from iwm_bayes.types import Params, Response


class Echo(NamedTuple):
    """What a response leaves behind, as people live."""

    last: Array  # (figure, person): how far the last answer about each figure was from what was expected of it
    since: Array  # (figure, person): how long ago that was
    kept: Mapping[str, Array]  # the sum of every reading that is kept, (person,)


def silence(response: Response, figures: int, people: int) -> Echo:
    """Before any answer."""
    nothing = np.zeros((figures, people))
    return Echo(nothing, nothing, {about: np.zeros(people) for about in response.keeps})


def faded(response: Response, p: Params, echo: Echo, elapsed: Array) -> Echo:
    """After some time."""
    kept = {about: response.keeps[about](p, elapsed) * total for about, total in echo.kept.items()}
    return echo._replace(since=echo.since + elapsed, kept=kept)


def added(echo: Echo, found: Mapping[Reading, Array]) -> Echo:
    """After an outcome of which `found` was read."""
    return echo._replace(kept={about: total + found[Reading(about, "after")] for about, total in echo.kept.items()})


def heard(echo: Echo, about: Array, surprise: Array) -> Echo:
    """After an answer about some figures, (figure, person) one-hot or 1 for all."""
    return echo._replace(last=echo.last + about * (surprise - echo.last), since=echo.since * (1.0 - about))
