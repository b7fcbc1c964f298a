"""Simulate a scenario: many people with the same parameters, from an early caregiver to the last session of a therapy.

People differ at random only: in which events are responsive, and in who withdraws and so does not observe the outcome.
The same seed gives the same random numbers, so that two plots differ only because of what was changed. Beliefs are
about the self, and about the figure that is met: first the caregiver, then the therapist.
`estimands.security.criterion` defines earned security.

A *position* is a point along the path of a person. Positive positions are sessions with the therapist, and 0 is before
the first of them. Negative positions are events of childhood: -1 is the last one, and the first position is before the
first event.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.belief_paths import collect_path
from iwm_bayes.estimands.security.criterion import (
    DEFAULT_CRITERION,
    BeliefPath,
    Judgement,
    judge,
    ruptures_and_repairs,
)
from iwm_bayes.estimands.security.survival import incidence_until, last_assessable
from iwm_bayes.estimands.trajectories import belief_array
from iwm_bayes.explorer.people import identical_people, withdrawal_only
from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import FilteredEvent
from iwm_bayes.simulation.care import constant_care, rupture_and_repair
from iwm_bayes.simulation.closed_loop import simulate_closed_loop
from iwm_bayes.simulation.simulate import Phase, PlannedEvent, phase_figures, schedule
from iwm_bayes.types import ModelSpec, Params, State, rule_values

N_PEOPLE = 300  # the Monte Carlo standard error of a share is then at most 3%
CAREGIVER, THERAPIST = "caregiver", "therapist"


class Scenario(NamedTuple):
    """The care that a person receives."""

    caregiver_rate: float = 0.1  # probability that an event with the caregiver is responsive
    therapist_rate: float = 0.9  # probability that a session with the therapist is responsive
    caregiver_events: int = 12  # events with an early caregiver
    sessions: int = 28  # with the therapist
    rupture_every: int = 6  # sessions between planned ruptures; 0: none is planned
    repair_rate: float = 0.9  # probability that the session after a planned rupture repairs it
    gap: int = 0  # time without sessions, half-way through the therapy; the unit is the time between two sessions


class ScenarioResult(NamedTuple):
    """Beliefs and earned security of the simulated people."""

    trajectory: xr.Dataset  # by position: see `scenario_trajectory`
    judgement: Judgement  # (person,)
    incidence: np.ndarray  # (session,) share earned secure of people insecure at baseline; NaN where not assessable
    horizon: int  # the last session at which the share can be assessed; 0 if there is none


def scenario_phases(scenario: Scenario) -> list[Phase]:
    """Return the phases of a scenario: a childhood, unless it has no events, and a therapy."""
    therapist = (
        rupture_and_repair(scenario.therapist_rate, scenario.rupture_every, scenario.repair_rate)
        if scenario.rupture_every
        else constant_care(scenario.therapist_rate)
    )
    therapy = Phase({THERAPIST: therapist}, scenario.sessions)
    if not scenario.caregiver_events:
        return [therapy]
    return [Phase({CAREGIVER: constant_care(scenario.caregiver_rate)}, scenario.caregiver_events), therapy]


def positions(scenario: Scenario) -> np.ndarray:
    """Return the positions of a scenario, (position,); without a childhood the first is 0."""
    first = -(scenario.caregiver_events + 1) if scenario.caregiver_events else 0
    return np.arange(first, scenario.sessions + 1)


def scenario_events(plan: Sequence[PlannedEvent], figures: Sequence[str], scenario: Scenario) -> np.ndarray:
    """Return the events of a scenario as an event array of one person, (event, field, 1).

    Events are one unit of time apart, except for the gap. Outcomes are simulated later.
    """
    is_figure = np.array([[planned.figure == figure for figure in figures] for planned in plan], dtype=float)
    met = np.cumsum(is_figure, axis=0) > is_figure
    elapsed = np.ones(len(plan))
    elapsed[scenario.caregiver_events + scenario.sessions // 2] += scenario.gap
    fields = dict.fromkeys(EVENT_FIELDS, np.zeros(len(plan))) | {"since_figure": elapsed, "since_any": elapsed}
    return np.column_stack([*fields.values(), is_figure, met])[..., None]


def beliefs_in(model: ModelSpec, p: Params, s: State, filtered: FilteredEvent) -> np.ndarray:
    """Return availability of the figure of an event and self-worth, (belief, person); NaN without self-worth."""
    beliefs = model.rule.beliefs(p, s, filtered.event)
    availability = beliefs.availability.mean
    return np.stack([availability, beliefs.worth.mean if beliefs.worth else np.full_like(availability, np.nan)])


def childhood_beliefs(model: ModelSpec, p: Params, filtered: Sequence[FilteredEvent]) -> list[np.ndarray]:
    """Return the initial beliefs and those after each event with the caregiver, (belief, person) each."""
    before = [beliefs_in(model, p, filtered[0].before, filtered[0])] if filtered else []
    return before + [beliefs_in(model, p, one.after, one) for one in filtered]


def care_by_position(filtered: Sequence[FilteredEvent], at: np.ndarray, first: int) -> dict[str, np.ndarray]:
    """Return the mean observed outcome and the shares of people with a rupture and a repair, (position,) by name.

    The outcome is NaN where nobody observed it, and before the first event and the first session. `first` is the
    position of the first event.
    """
    outcome, observed = np.stack([one.event.outcome for one in filtered]), np.stack([one.observed for one in filtered])
    figure = np.stack([one.event.figure.argmax(axis=0) for one in filtered])
    rupture, repair = ruptures_and_repairs(outcome, observed, figure)
    n_observed = observed.sum(axis=1)
    mean = np.where(n_observed > 0, (outcome * observed).sum(axis=1) / np.maximum(n_observed, 1), np.nan)
    by_event = {"outcome": mean, "rupture": rupture.mean(axis=1), "repair": repair.mean(axis=1)}
    is_event = (at != 0) & (at >= first)
    by_position = {name: np.full(len(at), np.nan) for name in by_event}
    for name, values in by_event.items():
        by_position[name][is_event] = values
    return by_position


def scenario_trajectory(
    childhood: list[np.ndarray], path: BeliefPath, care: Mapping[str, np.ndarray], at: np.ndarray
) -> xr.Dataset:
    """Summarise beliefs over people.

    Returns
    -------
    xr.Dataset
        `low`, `middle`, `high` (belief, position): median and range of 90% of people. `mean` (position, belief) and
        `covariance` (position, belief, other). `outcome`, `rupture`, `repair` (position): see `care_by_position`.
    """
    therapy = belief_array(path, 1, True)[..., 0]  # (belief, person, session)
    by_person = np.concatenate([*(now[..., None] for now in childhood), therapy], axis=2)
    has_belief = np.isfinite(by_person).all(axis=(1, 2))
    by_person, names = by_person[has_belief], np.array(["availability", "worth"])[has_belief]
    low, median, high = np.quantile(by_person, [0.05, 0.5, 0.95], axis=1)
    deviation = by_person - by_person.mean(axis=1, keepdims=True)
    covariance = np.einsum("bip,cip->pbc", deviation, deviation) / max(by_person.shape[1] - 1, 1)
    variables = {
        "low": (("belief", "position"), low),
        "middle": (("belief", "position"), median),
        "high": (("belief", "position"), high),
        "mean": (("position", "belief"), by_person.mean(axis=1).T),
        "covariance": (("position", "belief", "other"), covariance),
    }
    care_at = {name: ("position", values) for name, values in care.items()}
    return xr.Dataset(variables | care_at, {"belief": names, "position": at})


def simulate_scenario(
    model: ModelSpec, chosen: Mapping[str, float], scenario: Scenario, n_people: int = N_PEOPLE, seed: int = 1
) -> ScenarioResult:
    """Simulate people with the same parameters through a scenario.

    Parameters
    ----------
    chosen
        Values by parameter name, natural scale; other parameters have their prior median.
    """
    model = withdrawal_only(model)
    phases, at = scenario_phases(scenario), positions(scenario)
    plan, figures = schedule(phases), phase_figures(phases, False)
    people = identical_people(model, chosen, figures, n_people)
    events = np.repeat(scenario_events(plan, figures, scenario), n_people, axis=2)
    p, cares = rule_values(model, people), [planned.care for planned in plan]
    initial, generator = model.rule.start(p, len(figures)), np.random.default_rng(seed)
    simulated = simulate_closed_loop(model, people, events, cares, len(figures), initial, generator)
    filtered = [event for event, _ in simulated]
    with_caregiver, with_therapist = filtered[: scenario.caregiver_events], filtered[scenario.caregiver_events :]
    is_session = np.ones((scenario.sessions, n_people), dtype=bool)
    path = collect_path(model, p, with_therapist, is_session, figures.index(THERAPIST), len(figures))
    judgement = judge(path, DEFAULT_CRITERION)
    childhood = childhood_beliefs(model, p, with_caregiver)
    care = care_by_position(filtered, at, -scenario.caregiver_events)
    horizon = last_assessable(judgement, np.arange(1, scenario.sessions + 1))
    incidence = incidence_until(judgement, scenario.sessions, horizon)
    return ScenarioResult(scenario_trajectory(childhood, path, care, at), judgement, incidence, horizon)
