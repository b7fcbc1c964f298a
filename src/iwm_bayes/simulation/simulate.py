"""A population lives through phases of care, and leaves sessions like those of a real study.

A simulation returns the Dataset that `data.read` returns, so that recovery is `fit(model, simulate(model, ...))`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.dataset import to_dataset
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.simulation.care import Care, DistressProcess, EventCare
from iwm_bayes.simulation.closed_loop import simulate_closed_loop
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.types import GENERALISED, InputError, ModelSpec, rule_values


class Phase(NamedTuple):
    """A stretch of sessions in each of which every figure of `care` is met once, in order.

    Where the theory has a response that chooses, each session is one event, with the figure that is turned to.
    """

    care: Mapping[str, Care]
    sessions: int
    assessed: bool = False  # begins with an assessment of each figure, before any outcome
    strain: DistressProcess = DistressProcess()


class PlannedEvent(NamedTuple):
    """One event to come: when, with whom (unless that is chosen), and what it holds."""

    session: int
    figure: str
    offer: EventCare


def phase_figures(phases: Sequence[Phase], chosen: bool) -> list[str]:
    """Everyone who is met, in order, and nobody in particular where people may turn to nobody."""
    return [*dict.fromkeys(figure for phase in phases for figure in phase.care), *([GENERALISED] if chosen else [])]


def care_at_event(phase: Phase, figures: Sequence[str], chances: Mapping[str, float]) -> EventCare:
    """What an event of a phase holds; who is not there does not respond."""
    absent = Care(lambda sessions: np.zeros(sessions))
    cares = [phase.care.get(figure, absent) for figure in figures]
    chance, pull, threat = (
        np.array(column, dtype=float)[:, None]
        for column in (
            [chances.get(figure, 0.0) for figure in figures],
            [care.pull for care in cares],
            [care.threat for care in cares],
        )
    )
    return EventCare(chance, pull, threat, phase.strain)


def schedule(phases: Sequence[Phase], chosen: bool = False) -> list[PlannedEvent]:
    """The events in order; `chosen`: one event per session, with a figure that is chosen then."""
    if any(phase.sessions < 1 or not phase.care for phase in phases):
        raise InputError(["a phase needs at least one session and one figure"])
    figures = phase_figures(phases, chosen)
    found: list[PlannedEvent] = []
    session = 0
    for phase in phases:
        met = [GENERALISED] if chosen else list(phase.care)
        if phase.assessed:
            session += 1
            unknown = care_at_event(phase, figures, dict.fromkeys(figures, np.nan))._replace(strain=DistressProcess())
            found += [PlannedEvent(session, figure, unknown) for figure in phase.care]
        courses = {figure: care(phase.sessions) for figure, care in phase.care.items()}
        for index in range(phase.sessions):
            session += 1
            now = care_at_event(phase, figures, {figure: float(course[index]) for figure, course in courses.items()})
            found += [PlannedEvent(session, figure, now) for figure in met]
    return found


def empty_table(plan: Sequence[PlannedEvent], model: ModelSpec, people: int) -> pd.DataFrame:
    """The table of a plan before anything happens, one row per event and person."""
    events = pd.DataFrame(
        {
            "session": [planned.session for planned in plan],
            "figure": [planned.figure for planned in plan],
            "assessment": [bool(np.isnan(planned.offer.chance).all()) for planned in plan],
        }
    )
    frame = events.merge(pd.DataFrame({"person": [f"p{index + 1:03d}" for index in range(people)]}), how="cross")
    frame = frame.assign(time=frame["session"].astype(float), outcome=0.0, seen=False, reported=0.0)
    frame = frame.assign(distress=0.0, threat=0.0)
    frame = frame.assign(**{f"answer_{name}": np.nan for name in model.responses})
    return frame.sort_values(["person", "session"], kind="stable")


def simulate(
    model: ModelSpec,
    phases: Sequence[Phase],
    people: int | Mapping[str, np.ndarray],
    seed: int | np.random.Generator,
) -> xr.Dataset:
    """Simulated sessions. `people` is how many to draw from the theory's priors, or their values by name.

    Who leaves is absent afterwards, and nothing of what they would have lived through is kept.
    """
    generator = np.random.default_rng(seed)
    leaving = [name for name, response in model.responses.items() if response.effect == "leaves"]
    chosen = any(response.effect == "chooses" for response in model.responses.values())
    plan, figures = schedule(phases, chosen), phase_figures(phases, chosen)
    drawn = draw_people(model, figures, people, generator) if isinstance(people, int) else dict(people)
    count = max(value.shape[-1] for value in drawn.values())
    data = to_dataset(empty_table(plan, model, count), model.responses, "session", figures)
    for name, response in model.responses.items():
        data[f"answer_{name}"].attrs["effect"] = response.effect
    start = model.rule.start(rule_values(model, drawn), len(figures))
    offers = [planned.offer for planned in plan]
    here = np.ones(count, dtype=bool)
    for index, (moment, given) in enumerate(
        simulate_closed_loop(model, drawn, event_array(data), offers, len(figures), start, generator)
    ):
        event = moment.event
        lived = {name: getattr(event, name) for name in ("outcome", "distress", "threat", "since_figure")}
        lived |= {"seen": moment.seen, "figure_index": event.figure.argmax(axis=0)}
        lived |= {f"answer_{name}": value for name, value in given.items()}
        for name, value in lived.items():
            data[name][index] = value
        data["present"][index] = here
        here = here & ~np.any([given[name] == 1 for name in leaving], axis=0)
    return drop_absent(data) if leaving else data


def drop_absent(data: xr.Dataset) -> xr.Dataset:
    """Nothing happens where nobody is present, and events to which nobody comes are none."""
    present = data["present"]
    empty = {name: np.nan for name in data if str(name).startswith("answer_") or name in ("session", "time")}
    kept = {
        name: variable.where(present, empty.get(name, 0)).astype(variable.dtype)
        for name, variable in data.items()
        if variable.dims == ("event", "person")
    }
    return data.assign(kept).isel(event=present.any("person").values)
