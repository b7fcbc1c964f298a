"""Simulate a study: people go through phases of care, and answer as in a real study.

A simulation returns the same Dataset as `data.dataset.read_data`. So parameter recovery is
`fit(model, simulate(model, ...))`.
"""

from collections.abc import Hashable, Mapping, Sequence
from itertools import groupby
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.dataset import events_to_dataset
from iwm_bayes.data.raters import has_latent_outcome, outcome_ratings
from iwm_bayes.data.waves import model_with_waves, waves_for, with_wave_terms
from iwm_bayes.filtering.arrays import event_array, true_innovations, with_innovations, with_true_innovations
from iwm_bayes.rules.modifiers.waves import Waves
from iwm_bayes.simulation.care import Care, DistressProcess, EventCare
from iwm_bayes.simulation.closed_loop import simulate_closed_loop
from iwm_bayes.simulation.population import draw_people, given_people
from iwm_bayes.types import GENERALISED, InputError, ModelSpec, rule_values


class Phase(NamedTuple):
    """Some sessions in each of which every figure of `care` is met once, in order.

    Where the model has a response that chooses a figure, each session is one event, with the figure that is chosen.
    A phase that is assessed may have no sessions.
    """

    care: Mapping[str, Care]  # by figure
    sessions: int
    assessed: bool = False  # whether the phase begins with an assessment of each figure, without any outcome
    distress: DistressProcess = DistressProcess()
    wave: str = ""  # the wave to which its sessions belong; the parameters of people then differ between waves
    gap: float = 0.0  # time without anyone before the phase, in addition to that from one session to the next


class PlannedEvent(NamedTuple):
    """One event to come: its session, its figure (unless a response chooses it), and the care at it."""

    session: int
    figure: str
    care: EventCare
    wave: str = ""
    time: float = 0.0  # in sessions, with the gaps before


def phase_waves(model: ModelSpec, phases: Sequence[Phase], beliefs: Literal["restarted", "carried"]) -> Waves | None:
    """Return the waves of phases, None where they name none; InputError unless all name one, each wave at one time."""
    runs = [wave for wave, _ in groupby(phase.wave for phase in phases)]
    if not any(runs):
        return None
    if not all(runs) or len(set(runs)) < max(len(runs), 2):
        raise InputError(["phases: name the wave of every phase, of two waves or more, one wave after the other"])
    return waves_for(model, runs, beliefs)


def phase_figures(phases: Sequence[Phase], chosen: bool) -> list[str]:
    """Return all figures in order; with `chosen`, `GENERALISED` comes last, for events with nobody."""
    return [*dict.fromkeys(figure for phase in phases for figure in phase.care), *([GENERALISED] if chosen else [])]


def care_at_event(phase: Phase, figures: Sequence[str], chances: Mapping[str, float]) -> EventCare:
    """Return the care of all figures at an event of a phase; a figure that is not in the phase does not respond."""
    absent = Care(lambda sessions: np.zeros(sessions))
    cares = [phase.care.get(figure, absent) for figure in figures]
    chance, pull, threat, graded = (
        np.array(column, dtype=float)[:, None]
        for column in (
            [chances.get(figure, 0.0) for figure in figures],
            [care.pull for care in cares],
            [care.threat for care in cares],
            [care.graded for care in cares],
        )
    )
    return EventCare(chance, pull, threat, phase.distress, graded > 0)


def schedule(phases: Sequence[Phase], chosen: bool = False) -> list[PlannedEvent]:
    """Return the events in order; with `chosen`, one event per session, whose figure a response chooses.

    InputError for a phase without sessions or figures.
    """
    if any(phase.sessions < 1 - phase.assessed or not phase.care for phase in phases):
        raise InputError(["a phase needs at least one session and one figure; with an assessment, a figure"])
    figures = phase_figures(phases, chosen)
    events: list[PlannedEvent] = []
    session, gaps = 0, 0.0
    for phase in phases:
        gaps += phase.gap
        met = [GENERALISED] if chosen else list(phase.care)
        if phase.assessed:
            session += 1
            no_outcome = care_at_event(phase, figures, dict.fromkeys(figures, np.nan))
            assessment = no_outcome._replace(distress=DistressProcess())
            events += [PlannedEvent(session, figure, assessment, phase.wave, session + gaps) for figure in phase.care]
        chances = {figure: care(phase.sessions) for figure, care in phase.care.items()}
        for index in range(phase.sessions):
            session += 1
            now = {figure: float(by_session[index]) for figure, by_session in chances.items()}
            care = care_at_event(phase, figures, now)
            events += [PlannedEvent(session, figure, care, phase.wave, session + gaps) for figure in met]
    return events


def empty_table(
    plan: Sequence[PlannedEvent], model: ModelSpec, people: int, waves: Waves | None = None
) -> pd.DataFrame:
    """Return the table of a plan before any outcome and answer, one row per event and person."""
    events = pd.DataFrame(
        {
            "session": [planned.session for planned in plan],
            "figure": [planned.figure for planned in plan],
            "time": [planned.time for planned in plan],
            "assessment": [bool(np.isnan(planned.care.chance).all()) for planned in plan],
            **({} if waves is None else {"wave": [planned.wave for planned in plan]}),
        }
    )
    frame = events.merge(pd.DataFrame({"person": [f"p{index + 1:03d}" for index in range(people)]}), how="cross")
    frame = frame.assign(outcome=0.0, observed=False)
    frame = frame.assign(rated=~frame["assessment"] * float(has_latent_outcome(model)))
    frame = frame.assign(distress=0.0, threat=0.0)
    if waves is not None:
        wave = frame["wave"].map(waves.names.index)
        first = frame.groupby("wave")["session"].transform("min")
        frame = frame.assign(wave=wave, session_of_wave=frame["session"] - first + 1.0)
        frame = frame.assign(sequence=wave) if waves.beliefs == "restarted" else frame
    frame = frame.assign(**{f"answer_{name}": np.nan for name in model.responses})
    return frame.sort_values(["person", "session"], kind="stable")


def simulate(
    model: ModelSpec,
    phases: Sequence[Phase],
    people: int | Mapping[str, np.ndarray | float],
    seed: int | np.random.Generator,
    beliefs: Literal["restarted", "carried"] = "restarted",
) -> xr.Dataset:
    """Simulate the sessions of people in closed loop.

    Where the outcome of a model is latent, it comes from the model: people's own responsiveness decides it, and care
    says only which sessions there are. The true outcomes are then in `outcome`.

    Parameters
    ----------
    model
        The model.
    phases
        Phases of care, in order.
    people
        How many people to draw from the model's priors, or their natural-scale values by parameter: (person,), or
        (figure, person) where a parameter differs by figure. A number counts for everybody. Fixed parameters may be
        left out.
    seed
        The seed, or the source of random numbers.
    beliefs
        Whether beliefs start anew in each wave, where the phases name waves.

    Returns
    -------
    xr.Dataset
        Sessions, in the form of `data.dataset`. People who leave are absent afterwards.

    Raises
    ------
    InputError
        If a phase has no sessions or no figures, values of people are missing, or the model reads event terms.

    Examples
    --------
    >>> data = simulate(load_model("kalman"), [Phase({"therapist": constant_care(0.8)}, sessions=12)], 40, seed=1)
    """
    waves = phase_waves(model, phases, beliefs)
    model = model_with_waves(model, waves)
    if missing := [name for name in model.rule.terms if waves is None or name not in waves.terms]:
        names = ", ".join(missing)
        raise InputError([f"{model.name} reads {names} at every event, and phases have none. Use a study's own events"])
    generator = np.random.default_rng(seed)
    leaving = [name for name, response in model.responses.items() if response.effect == "leaves"]
    chosen = any(response.effect == "chooses" for response in model.responses.values())
    plan, figures = schedule(phases, chosen), phase_figures(phases, chosen)
    values = draw_people(model, figures, people, generator) if isinstance(people, int) else given_people(model, people)
    count = max(value.shape[-1] for value in values.values())
    data = events_to_dataset(empty_table(plan, model, count, waves), model.responses, "session", figures)
    data = data if waves is None else with_wave_terms(data, waves)
    for name, response in model.responses.items():
        data[f"answer_{name}"].attrs["effect"] = response.effect
    for name in outcome_ratings(model):
        data[f"answer_{name}"].attrs["rates_outcome"] = 1
    start = model.rule.start(rule_values(model, values), len(figures))
    cares = [planned.care for planned in plan]
    data = with_true_innovations(model.rule, data, generator)
    events = with_innovations(event_array(data), true_innovations(model.rule, data))
    simulated = simulate_closed_loop(model, values, events, cares, len(figures), start, generator)
    present = np.ones(count, dtype=bool)
    for index, (filtered, answers) in enumerate(simulated):
        event = filtered.event
        variables = {name: getattr(event, name) for name in ("outcome", "rated", "distress", "threat", "since_figure")}
        variables |= {"observed": filtered.observed, "figure_index": event.figure.argmax(axis=0), "present": present}
        variables |= {f"answer_{name}": answer for name, answer in answers.items()}
        for name, value in variables.items():
            data[name][index] = value
        present = present & ~np.any([answers[name] == 1 for name in leaving], axis=0)
    return drop_absent(data) if leaving else data


def drop_absent(data: xr.Dataset) -> xr.Dataset:
    """Return the data without what would have happened to absent people, and without events of nobody."""
    present = data["present"]
    empty: dict[Hashable, float | str] = {name: "" for name, own in data.items() if own.dtype.kind in "OU"}
    empty |= {name: np.nan for name in data if str(name).startswith("answer_") or name in ("session", "time")}
    kept = {
        name: variable.where(present, empty.get(name, 0)).astype(variable.dtype)
        for name, variable in data.items()
        if variable.dims == ("event", "person")
    }
    return data.assign(kept).isel(event=present.any("person").values)
