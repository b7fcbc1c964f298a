"""What people answered, as the array that enters a graph: (field, event, person), so that each field lies by itself.

Every response has two fields, its value and whether it was recorded. One that carries its last surprise over
(`Response.carry`) has three more: the event of the last answer about the same figure (about worth: of the last answer
at all), the time since, and whether there was one.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import xarray as xr

from iwm_bayes.ops import Array, by_figure
from iwm_bayes.types import GENERALISED, Event, ModelSpec, Response

PLACEHOLDER = 0.5  # what stands for an answer that was not given, where 0 is none that could be


def session_index(data: xr.Dataset) -> np.ndarray:
    """Which of a person's sessions each event belongs to, from 0 on, (event, person); -1 where there is none."""
    session, present = data["session"].values, data["present"].values
    began = np.ones(session.shape, dtype=bool)
    began[1:] = session[1:] != session[:-1]
    return np.where(present, np.cumsum(began & present, axis=0) - 1, -1)


def last_matching_event(alike: Callable[[int], np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
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
    time, turn = np.cumsum(data["since_any"].values, axis=0), session_index(data)

    def known(event: int) -> np.ndarray:
        near = (turn[:event] == turn[event]) | (turn[:event] <= turn[event] - ahead)
        return recorded[:event] & (met[:event] == met[event]) & near

    found = last_matching_event(known, recorded.shape)
    return found, np.where(found >= 0, time - np.take_along_axis(time, np.maximum(found, 0), axis=0), 0.0)


def response_columns(model: ModelSpec, data: xr.Dataset, ahead: int) -> Iterator[tuple[str, np.ndarray]]:
    """Every field by name, (event, person) each."""
    for name, response in model.responses.items():
        given = data[f"answer_{name}"].values.astype(float)
        recorded = ~np.isnan(given)
        value = given if response.family.inside is None else np.clip(given, *response.family.inside)
        yield f"{name} value", np.where(recorded, value, PLACEHOLDER if response.family.inside else 0.0)
        yield f"{name} recorded", recorded.astype(float)
        if response.carry is not None:
            last, since = last_answer(data, recorded, response, ahead)
            yield f"{name} last", np.maximum(last, 0).astype(float)
            yield f"{name} since", since
            yield f"{name} had", (last >= 0).astype(float)


def response_array(model: ModelSpec, data: xr.Dataset, ahead: int = 1) -> np.ndarray:
    """Everything that was answered, (field, event, person), to someone who foretells so many sessions ahead."""
    return np.stack([column for _, column in response_columns(model, data, ahead)])


def response_fields(model: ModelSpec) -> list[str]:
    """Names along the field axis."""
    kinds = {False: ("value", "recorded"), True: ("value", "recorded", "last", "since", "had")}
    return [f"{name} {kind}" for name, r in model.responses.items() for kind in kinds[r.carry is not None]]


EVENT_FIELDS = ("outcome", "seen", "since_figure", "since_any", "distress", "threat", "reported")


def event_fields(figures: Sequence[str]) -> list[str]:
    """Names along a course's field axis."""
    return [*EVENT_FIELDS, *(f"is {figure}" for figure in figures), *(f"met {figure}" for figure in figures)]


def event_array(data: xr.Dataset) -> np.ndarray:
    """What every person lives through, (event, field, person), from a data set."""
    is_figure = (data["figure_index"].values[:, None, :] == np.arange(data.sizes["figure"])[:, None]).astype(float)
    lived = is_figure * data["present"].values[:, None, :]
    met = np.zeros_like(lived)
    met[1:] = np.cumsum(lived, axis=0)[:-1] > 0
    met[:, data["figure"].values == GENERALISED] = 0.0
    scalars = np.stack([data[name].values.astype(float) for name in EVENT_FIELDS], axis=1)
    return np.concatenate([scalars, is_figure, met], axis=1)


def unpack_event(row: Array, figures: int) -> tuple[Event, Array]:
    """One event and whether its outcome was seen, from one row (field, person) of a course."""
    outcome, seen, since_figure, since_any, distress, threat, reported = (
        row[index] for index in range(len(EVENT_FIELDS))
    )
    first = len(EVENT_FIELDS)
    is_figure = by_figure([row[first + figure] if figures > 1 else 1.0 + 0.0 * outcome for figure in range(figures)])
    met = by_figure([row[first + figures + figure] for figure in range(figures)])
    return Event(outcome, is_figure, met, since_figure, since_any, distress, threat, reported), seen > 0
