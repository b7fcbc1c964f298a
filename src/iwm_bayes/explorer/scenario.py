"""Simulate a scenario: many people with the same parameters, from an early caregiver to the last session of a therapy.

People differ at random only: in which events are responsive, and in who withdraws and so does not observe the outcome.
The same seed gives the same random numbers, so that two plots differ only because of what was changed. Beliefs are
about the therapist and the self. `estimands.security.criterion` defines earned security.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.belief_paths import collect_path
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, BeliefPath, Judgement, judge
from iwm_bayes.estimands.security.survival import incidence_by_session, median_sessions
from iwm_bayes.estimands.trajectories import GROUP, belief_array, ci90, joint_beliefs, session_events
from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import FilteredEvent
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.simulation.care import constant_care, rupture_and_repair
from iwm_bayes.simulation.closed_loop import simulate_closed_loop
from iwm_bayes.simulation.simulate import Phase, PlannedEvent, phase_figures, schedule
from iwm_bayes.types import ModelSpec, Parameter, parameters, rule_values
from iwm_bayes.viz.palette import BELIEF_LABELS

N_PEOPLE = 300  # the Monte Carlo standard error of a share is then at most 3%
CAREGIVER, THERAPIST = "caregiver", "therapist"


class Scenario(NamedTuple):
    """The care that a person receives."""

    caregiver_events: int = 12  # events with an early caregiver
    caregiver_rate: float = 0.2  # probability that an event with the caregiver is responsive
    sessions: int = 30  # with the therapist
    therapist_rate: float = 0.9  # probability that a session with the therapist is responsive
    rupture_every: int = 6  # sessions between planned ruptures; 0: none is planned
    repair_rate: float = 0.9  # probability that the session after a planned rupture repairs it
    gap: int = 0  # time without sessions, half-way through the therapy; the unit is the time between two sessions


class ScenarioResult(NamedTuple):
    """Beliefs and earned security of the simulated people."""

    trajectory: xr.Dataset  # of the group, by session with the therapist; see `estimands.trajectories`
    judgement: Judgement  # (person,)
    incidence: np.ndarray  # (session,) share earned secure of people insecure at baseline; NaN if nobody is


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


def withdrawal_only(model: ModelSpec) -> ModelSpec:
    """Keep only the responses that decide whether an outcome is observed; other responses do not affect beliefs."""
    return model._replace(responses={name: r for name, r in model.responses.items() if r.effect == "withdraws"})


def belief_parameters(model: ModelSpec) -> dict[str, Parameter]:
    """Return the free parameters that affect beliefs, by name."""
    return {
        name: parameter for name, parameter in parameters(withdrawal_only(model)).items() if parameter.fixed is None
    }


def prior_median(parameter: Parameter) -> float:
    """Return the prior median of the group median of a parameter, on its natural scale."""
    link, inverse_link = LINKS[parameter.support]
    low, high = (link(np.float64(end)) for end in parameter.prior_90)
    return float(inverse_link((low + high) / 2.0))


def identical_people(
    model: ModelSpec, chosen: Mapping[str, float], figures: list[str], n_people: int
) -> dict[str, np.ndarray]:
    """Return the parameters of people who are all the same, on the natural scale.

    Parameters
    ----------
    chosen
        Values by parameter name, natural scale; other parameters have their prior median.
    """
    theta = {}
    for free in free_parameters(model, figures):
        link, _ = LINKS[free.parameter.support]
        value = link(np.float64(chosen[free.name])) if free.name in chosen else free.prior_mean
        theta[free.label] = np.full(n_people, value)
    return natural_values(model, theta, figures, n_people)


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


def therapy_events(filtered: Sequence[FilteredEvent], figures: Sequence[str]) -> xr.Dataset:
    """Return the mean outcome and the shares of ruptures and repairs, by session with the therapist, (session)."""
    observed = np.stack([one.observed for one in filtered])
    variables = {
        "outcome": np.stack([one.event.outcome for one in filtered]),
        "observed": observed,
        "figure_index": np.stack([one.event.figure.argmax(axis=0) for one in filtered]),
        "present": np.ones_like(observed),
        "assessment": np.zeros_like(observed),
    }
    data = xr.Dataset(
        {name: (("event", "person"), values) for name, values in variables.items()},
        {"figure": list(figures), "person": np.arange(observed.shape[1])},
    )
    return session_events(data, THERAPIST).mean("person")


def scenario_trajectory(path: BeliefPath, events: xr.Dataset) -> xr.Dataset:
    """Summarise beliefs over people as a trajectory: medians and ranges of 90% of people, from session 0."""
    by_person = belief_array(path, 1, True)[..., 0]
    coordinates = {"belief": ["availability", "worth"], "session": np.arange(by_person.shape[2])}
    beliefs = xr.DataArray(by_person, coordinates, ("belief", "sample", "session")).dropna("belief", how="all")
    low, median, high = ci90(beliefs)
    ranges = xr.Dataset({"low": low, "middle": median, "high": high})
    trajectory = xr.merge([ranges, joint_beliefs(beliefs), events], join="outer")
    return trajectory.assign_coords(response=[]).assign_attrs(about=GROUP)


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
    phases = scenario_phases(scenario)
    plan, figures = schedule(phases), phase_figures(phases, False)
    people = identical_people(model, chosen, figures, n_people)
    events = np.repeat(scenario_events(plan, figures, scenario), n_people, axis=2)
    p, cares = rule_values(model, people), [planned.care for planned in plan]
    initial, generator = model.rule.start(p, len(figures)), np.random.default_rng(seed)
    simulated = simulate_closed_loop(model, people, events, cares, len(figures), initial, generator)
    filtered = [event for event, _ in simulated]
    is_session = np.repeat([[planned.figure == THERAPIST] for planned in plan], n_people, axis=1)
    path = collect_path(model, p, filtered, is_session, figures.index(THERAPIST), len(figures))
    judgement = judge(path, DEFAULT_CRITERION)
    trajectory = scenario_trajectory(path, therapy_events(filtered, figures))
    return ScenarioResult(trajectory, judgement, incidence_by_session(judgement, scenario.sessions))


def scenario_summary(result: ScenarioResult) -> str:
    """Summarise a result in sentences."""
    judgement, last = result.judgement, len(result.incidence)
    final = result.trajectory["middle"].isel(session=-1)
    beliefs = " and ".join(
        f"median {BELIEF_LABELS[name]} is {float(final.sel(belief=name)):.2f}"
        for name in map(str, final["belief"].values)
    )
    counts = result.trajectory[["rupture", "repair"]].sum("session")
    end = (
        f"After session {last}, {beliefs}. A person has {float(counts['rupture']):.1f} ruptures and "
        f"{float(counts['repair']):.1f} repairs on average."
    )
    if not judgement.insecure.any():
        return f"Nobody is insecure at the start of the therapy, so nobody can become earned secure. {end}"
    median = float(median_sessions(judgement, last))
    time = f"the median is {median:.0f} sessions" if median <= last else "this is fewer than half"
    return (
        f"{judgement.insecure.mean():.0%} of people are insecure at the start of the therapy. "
        f"Of these, {result.incidence[-1]:.0%} are earned secure by session {last}; {time}. {end}"
    )
