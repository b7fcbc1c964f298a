"""What people answered, as the array that enters a graph: (field, event, person), so that each field lies by itself.

Every response has two fields, its value and whether it was recorded. One that carries its last surprise over
(`Response.carry`) has three more: the event of the last answer about the same figure (about worth: of the last answer
at all), the time since, and whether there was one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.core import Model, Params, Response
from iwm_bayes.ops import Array
from iwm_bayes.reading import Reading

EVEN = 0.5  # what stands for an answer that was not given, where 0 is none that could be


def turns(data: xr.Dataset) -> np.ndarray:
    """Which of a person's sessions each event belongs to, from 0 on, (event, person); -1 where there is none."""
    session, present = data["session"].values, data["present"].values
    began = np.ones(session.shape, dtype=bool)
    began[1:] = session[1:] != session[:-1]
    return np.where(present, np.cumsum(began & present, axis=0) - 1, -1)


def last_where(alike: Callable[[int], np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The last event before each that is `alike` it, (event, person); -1 where there was none.

    `alike(event)` says of every event before it whether it is, (event, person).
    """
    found = np.full(shape, -1)
    for event in range(1, len(found)):
        before = alike(event)
        found[event] = np.where(before.any(axis=0), event - 1 - before[::-1].argmax(axis=0), -1)
    return found


def last_answer(
    data: xr.Dataset, recorded: np.ndarray, response: Response, ahead: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The event of every person's last answer, -1 where there was none, and the time since; (event, person) each.

    To someone who foretells so many sessions ahead: of the answers before, those of this session are known, and those
    of sessions at least so long ago.
    """
    met = data["figure_index"].values if response.about != "worth" else np.zeros_like(data["figure_index"].values)
    time, turn = np.cumsum(data["since_any"].values, axis=0), turns(data)

    def known(event: int) -> np.ndarray:
        near = (turn[:event] == turn[event]) | (turn[:event] <= turn[event] - ahead)
        return recorded[:event] & (met[:event] == met[event]) & near

    found = last_where(known, recorded.shape)
    return found, np.where(found >= 0, time - np.take_along_axis(time, np.maximum(found, 0), axis=0), 0.0)


def columns(model: Model, data: xr.Dataset, ahead: int) -> Iterator[tuple[str, np.ndarray]]:
    """Every field by name, (event, person) each."""
    for name, response in model.responses.items():
        given = data[f"answer_{name}"].values.astype(float)
        recorded = ~np.isnan(given)
        value = given if response.family.inside is None else np.clip(given, *response.family.inside)
        yield f"{name} value", np.where(recorded, value, EVEN if response.family.inside else 0.0)
        yield f"{name} recorded", recorded.astype(float)
        if response.carry is not None:
            last, since = last_answer(data, recorded, response, ahead)
            yield f"{name} last", np.maximum(last, 0).astype(float)
            yield f"{name} since", since
            yield f"{name} had", (last >= 0).astype(float)


def answers(model: Model, data: xr.Dataset, ahead: int = 1) -> np.ndarray:
    """Everything that was answered, (field, event, person), to someone who foretells so many sessions ahead."""
    return np.stack([column for _, column in columns(model, data, ahead)])


def fields(model: Model) -> list[str]:
    """Names along the field axis."""
    kinds = {False: ("value", "recorded"), True: ("value", "recorded", "last", "since", "had")}
    return [f"{name} {kind}" for name, r in model.responses.items() for kind in kinds[r.carry is not None]]


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
