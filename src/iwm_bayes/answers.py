"""What people answered, as the array that enters a graph: (event, field, person).

Every response has two fields, its value and whether it was recorded. One that carries its last surprise over
(`Response.carry`) has three more: the event of the last answer about the same figure (about worth: of the last answer
at all), the time since, and whether there was one.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.core import Model, Params, Response
from iwm_bayes.ops import Array
from iwm_bayes.reading import Reading

EVEN = 0.5  # what stands for an answer that was not given, where 0 is none that could be


def last_answer(data: xr.Dataset, recorded: np.ndarray, response: Response) -> tuple[np.ndarray, np.ndarray]:
    """The event of every person's last answer, -1 where there was none, and the time since; (event, person) each."""
    met = data["figure_index"].values if response.about != "worth" else np.zeros_like(data["figure_index"].values)
    time = np.cumsum(data["since_any"].values, axis=0)
    everyone = np.arange(data.sizes["person"])
    latest = np.full((data.sizes["figure"], len(everyone)), -1)
    found = np.empty(recorded.shape, dtype=int)
    for event, figure in enumerate(met):
        found[event] = latest[figure, everyone]
        latest[figure, everyone] = np.where(recorded[event], event, found[event])
    return found, np.where(found >= 0, time - np.take_along_axis(time, np.maximum(found, 0), axis=0), 0.0)


def columns(model: Model, data: xr.Dataset) -> Iterator[tuple[str, np.ndarray]]:
    """Every field by name, (event, person) each."""
    for name, response in model.responses.items():
        given = data[f"answer_{name}"].values.astype(float)
        recorded = ~np.isnan(given)
        value = given if response.family.inside is None else np.clip(given, *response.family.inside)
        yield f"{name} value", np.where(recorded, value, EVEN if response.family.inside else 0.0)
        yield f"{name} recorded", recorded.astype(float)
        if response.carry is not None:
            last, since = last_answer(data, recorded, response)
            yield f"{name} last", np.maximum(last, 0).astype(float)
            yield f"{name} since", since
            yield f"{name} had", (last >= 0).astype(float)


def answers(model: Model, data: xr.Dataset) -> np.ndarray:
    """Everything that was answered, (event, field, person)."""
    return np.stack([column for _, column in columns(model, data)], axis=1)


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
