"""The arrays that a data set becomes: events (event, field, person), and responses (field, event, person).

The fields of events are `EVENT_FIELDS`, then which figure is met and which were met before. The event terms of the data
follow, such as covariates that change from session to session, and at last the innovations of the model. The fields of
a response are its value and whether it was recorded. A response that carries over its last residual (`Response.carry`)
has three more. They are the event of the last answer about the same figure, the time since, and whether there was such
an answer. A response about self-worth carries over the last answer, whatever the figure. A response that follows the
beliefs of an earlier session (`Response.lag`) has two more: the event that is read, and whether there is one.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from iwm_bayes.ops import Array, stack_figures
from iwm_bayes.rules.modifiers.waves import RESTART
from iwm_bayes.types import GENERALISED, Event, ModelSpec, Response, Rule

EVENT_FIELDS = ("outcome", "observed", "since_figure", "since_any", "distress", "threat", "rated")
PLACEHOLDER = 0.5  # in place of a missing answer, where 0 is not a possible answer


def event_fields(figures: Sequence[str], terms: Sequence[str] = ()) -> list[str]:
    """Return the names along the field axis of `event_array`; `terms` are those of the data."""
    return [*EVENT_FIELDS, *(f"is {figure}" for figure in figures), *(f"met {figure}" for figure in figures), *terms]


def event_terms(data: xr.Dataset) -> tuple[str, ...]:
    """Return the names of the event terms of a data set, such as covariates that change from session to session."""
    return tuple(str(name) for name in data["event_term"].values) if "event_terms" in data else ()


def restarts(data: xr.Dataset) -> np.ndarray:
    """Return the events at which beliefs restart, because a wave of the study begins, (event, person)."""
    if RESTART not in event_terms(data):
        return np.zeros(data["present"].shape, dtype=bool)
    return data["event_terms"].sel(event_term=RESTART).transpose("event", "person").values > 0


def met_before(is_figure: np.ndarray, restart: np.ndarray) -> np.ndarray:
    """Return which figures were met before each event and since the last restart, (event, figure, person).

    `is_figure` is 1 for the figure of an event that there is, and `restart` is (event, person).
    """
    before = np.cumsum(is_figure, axis=0) - is_figure
    earlier = np.maximum.accumulate(np.where(restart[:, None], before, 0.0), axis=0)
    return (before > earlier).astype(float)


def figures_met(
    event_array: np.ndarray, present: np.ndarray, restart: np.ndarray, figures: int, general: int | None
) -> np.ndarray:
    """Return which figures were met before each event, (event, figure, place); nobody meets the figure `general`."""
    is_present = event_array[:, len(EVENT_FIELDS) : len(EVENT_FIELDS) + figures] * present[:, None]
    met = met_before(is_present, restart)
    if general is not None:
        met[:, general] = 0.0
    return met


def met_fields(figures: int) -> slice:
    """Return where an event array says which figures were met before."""
    return slice(len(EVENT_FIELDS) + figures, len(EVENT_FIELDS) + 2 * figures)


def with_restart(events: np.ndarray, rule: Rule, figures: int, first: bool) -> np.ndarray:
    """Return an event array in which beliefs restart at the `first` event or at none, in place.

    Nothing changes where beliefs never restart, because the study has no waves or they are carried on.
    """
    if RESTART in rule.terms:
        field = met_fields(figures).stop + rule.terms.index(RESTART)
        events[:, field] = 0.0
        events[0, field] = float(first)
    return events


def event_array(data: xr.Dataset) -> np.ndarray:
    """Return what happens to every person, (event, field, person)."""
    is_figure = (data["figure_index"].values[:, None, :] == np.arange(data.sizes["figure"])[:, None]).astype(float)
    is_present = is_figure * data["present"].values[:, None, :]
    met = met_before(is_present, restarts(data))
    met[:, data["figure"].values == GENERALISED] = 0.0
    scalars = np.stack([data[name].values.astype(float) for name in EVENT_FIELDS], axis=1)
    terms = [data["event_terms"].transpose("event", "event_term", "person").values] if event_terms(data) else []
    return np.concatenate([scalars, is_figure, met, *terms], axis=1)


def with_innovations(events: np.ndarray, innovations: np.ndarray) -> np.ndarray:
    """Return an event array with the innovations (innovation, event, person) of a model as its last fields."""
    return np.concatenate([events, innovations.swapaxes(0, 1)], axis=1) if len(innovations) else events


def new_innovations(rule: Rule, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Draw the innovations of a rule, (innovation, event, person), for `shape` (event, person)."""
    return generator.normal(size=(len(rule.innovations), *shape))


def true_innovations(rule: Rule, data: xr.Dataset) -> np.ndarray:
    """Return the innovations with which data were simulated, (innovation, event, person)."""
    if not rule.innovations:
        return no_innovations(rule, data["outcome"].shape)
    return data["true_innovation"].transpose("innovation_name", "event", "person").values


def with_true_innovations(rule: Rule, data: xr.Dataset, generator: np.random.Generator) -> xr.Dataset:
    """Return data with the innovations with which to simulate them; the same data for a rule without any."""
    if not rule.innovations:
        return data
    drawn = new_innovations(rule, data["outcome"].shape, generator)
    named = data.drop_vars(["true_innovation", "innovation_name"], errors="ignore")
    variable = (("innovation_name", "event", "person"), drawn)
    return named.assign(true_innovation=variable).assign_coords(innovation_name=list(rule.innovations))


def no_innovations(rule: Rule, shape: tuple[int, ...]) -> np.ndarray:
    """Return innovations of 0, (innovation, event, person), for `shape` (event, person)."""
    return np.zeros((len(rule.innovations), *shape))


def unpack_event(rule: Rule, row: Array, figures: int) -> tuple[Event, Array]:
    """Return one event of a rule, and whether its outcome is observed, from a row (field, person) of `event_array`."""
    outcome, observed, since_figure, since_any, distress, threat, rated = (
        row[index] for index in range(len(EVENT_FIELDS))
    )
    first = len(EVENT_FIELDS)
    # With one figure the indicator is a constant, which simplifies the graph.
    is_figure = stack_figures(
        [row[first + figure] if figures > 1 else 1.0 + 0.0 * outcome for figure in range(figures)]
    )
    met = stack_figures([row[first + figures + figure] for figure in range(figures)])
    of_figures = first + 2 * figures
    terms = {name: row[of_figures + index] for index, name in enumerate(rule.terms)}
    latent = {name: row[of_figures + len(terms) + index] for index, name in enumerate(rule.innovations)}
    event = Event(outcome, is_figure, met, since_figure, since_any, distress, threat, rated, terms, latent)
    return event, observed > 0


def session_index(data: xr.Dataset) -> np.ndarray:
    """Number each person's sessions from 0, (event, person); -1 where there is no event."""
    session, present = data["session"].values, data["present"].values
    is_first = np.ones(session.shape, dtype=bool)
    is_first[1:] = session[1:] != session[:-1]
    return np.where(present, np.cumsum(is_first & present, axis=0) - 1, -1)


def last_of_figure(marked: np.ndarray, figure: np.ndarray) -> np.ndarray:
    """Find the last earlier event that is marked and has the same figure, (event, person); -1 where none is.

    `marked` and `figure` are (event, person). Time is linear in the number of events.
    """
    last, everyone = np.full(figure.shape, -1), np.arange(figure.shape[1])
    latest = np.full((int(figure.max(initial=0)) + 1, len(everyone)), -1)  # of each figure, (figure, person)
    for event, (is_marked, index) in enumerate(zip(marked, figure, strict=True)):
        last[event] = latest[index, everyone]
        latest[index, everyone] = np.where(is_marked, event, last[event])
    return last


def last_before_session(marked: np.ndarray, figure: np.ndarray, session: np.ndarray, horizon: int) -> np.ndarray:
    """Find the last event that is marked, has the same figure and is at least `horizon` sessions before; -1 if none is.

    All arrays are (event, person); `session` is that of `session_index`.
    """
    event = np.arange(len(session))[:, None]
    begins = (session >= 0) & (np.diff(session, axis=0, prepend=-1) != 0)
    first_event = np.zeros((int(session.max(initial=0)) + 1, session.shape[1]), dtype=int)  # (session, person)
    first_event[session[begins], np.nonzero(begins)[1]] = np.nonzero(begins)[0]
    n_known = np.take_along_axis(first_event, np.maximum(session - horizon + 1, 0), axis=0)
    last = np.full(session.shape, -1)
    for index in np.unique(figure):
        is_figure = figure == index
        latest = np.maximum.accumulate(np.where(marked & is_figure, event, -1), axis=0)
        known = np.where(n_known > 0, np.take_along_axis(latest, np.maximum(n_known - 1, 0), axis=0), -1)
        last = np.where(is_figure, known, last)
    return last


def apart_by_wave(wave: np.ndarray, figure: np.ndarray) -> np.ndarray:
    """Number the figures of each wave apart, (event, person): where beliefs restart, nothing is carried over."""
    return wave * (int(figure.max(initial=0)) + 1) + figure


def session_begins(data: xr.Dataset) -> np.ndarray:
    """Return whether a session with the figure of an event begins with it, (event, person)."""
    session, figure = session_index(data), data["figure_index"].values
    last = last_of_figure(data["present"].values, figure)
    return (last < 0) | (np.take_along_axis(session, np.maximum(last, 0), axis=0) != session)


def sessions_before(session: np.ndarray, figure: np.ndarray, lag: int) -> np.ndarray:
    """Find the last event of the session `lag` sessions before with the same figure, (event, person); -1 if none is.

    `session` is that of `session_index`, and `figure` has the index of the figure of each event.
    """
    found, everyone = np.full(figure.shape, -1), np.arange(figure.shape[1])
    shape = (int(figure.max(initial=0)) + 1, len(everyone))
    latest, current = np.full((lag + 1, *shape), -1), np.full(shape, -1)  # last events by session back, and its number
    for event, (number, index) in enumerate(zip(session, figure, strict=True)):
        own, present = latest[:, index, everyone], number >= 0
        moved = np.concatenate([np.full_like(own[:1], -1), own[:-1]])
        own = np.where(present & (number != current[index, everyone]), moved, own)
        found[event] = np.where(present, own[lag], -1)
        own[0] = np.where(present, event, own[0])
        latest[:, index, everyone] = own
        current[index, everyone] = np.where(present, number, current[index, everyone])
    return found


def last_answer(
    data: xr.Dataset, recorded: np.ndarray, response: Response, horizon: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Find the event of the last known answer, -1 where there is none, and the time since; (event, person) each.

    For a prediction `horizon` sessions ahead, the known answers are those of the same session and those of sessions
    at least `horizon` sessions before.
    """
    figure = data["figure_index"].values
    figure = np.zeros_like(figure) if response.carries_across_figures else figure
    time, session = np.cumsum(data["since_any"].values, axis=0), session_index(data)
    wave = np.cumsum(restarts(data), axis=0)
    last = last_of_figure(recorded, apart_by_wave(wave, figure))
    if horizon > 1:
        same_session = (last >= 0) & (np.take_along_axis(session, np.maximum(last, 0), axis=0) == session)
        before = last_before_session(recorded, figure, session, horizon)
        same_wave = np.take_along_axis(wave, np.maximum(before, 0), axis=0) == wave
        last = np.where(same_session, last, np.where(same_wave, before, -1))
    return last, np.where(last >= 0, time - np.take_along_axis(time, np.maximum(last, 0), axis=0), 0.0)


def response_columns(model: ModelSpec, data: xr.Dataset, horizon: int) -> Iterator[tuple[str, np.ndarray]]:
    """Iterate over the fields of all responses by name, (event, person) each."""
    for name, response in model.responses.items():
        answers, clip_range = data[f"answer_{name}"].values.astype(float), response.family.clip_range
        recorded = ~np.isnan(answers)
        value = answers if clip_range is None else np.clip(answers, *clip_range)
        yield f"{name} value", np.where(recorded, value, PLACEHOLDER if clip_range else 0.0)
        yield f"{name} recorded", recorded.astype(float)
        if response.carry is not None:
            last, elapsed = last_answer(data, recorded, response, horizon)
            yield f"{name} last", np.maximum(last, 0).astype(float)
            yield f"{name} elapsed", elapsed
            yield f"{name} has_last", (last >= 0).astype(float)
        if response.lag:
            figure = apart_by_wave(np.cumsum(restarts(data), axis=0), data["figure_index"].values)
            earlier = sessions_before(session_index(data), figure, response.lag)
            yield f"{name} earlier", np.maximum(earlier, 0).astype(float)
            yield f"{name} has_earlier", (earlier >= 0).astype(float)


def response_array(model: ModelSpec, data: xr.Dataset, horizon: int = 1) -> np.ndarray:
    """Return all responses, (field, event, person), for a prediction `horizon` sessions ahead (see `last_answer`)."""
    return np.stack([column for _, column in response_columns(model, data, horizon)])


def response_fields(model: ModelSpec) -> list[str]:
    """Return the names along the field axis of `response_array`."""
    return [
        f"{name} {field}"
        for name, response in model.responses.items()
        for field, is_there in (
            ("value", True),
            ("recorded", True),
            ("last", response.carry is not None),
            ("elapsed", response.carry is not None),
            ("has_last", response.carry is not None),
            ("earlier", response.lag > 0),
            ("has_earlier", response.lag > 0),
        )
        if is_there
    ]
