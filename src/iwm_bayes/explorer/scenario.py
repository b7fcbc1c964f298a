"""Playing with a theory: many lives of one kind of person, from an early caregiver to the last session of a therapy.

Everyone has the same parameters. Lives differ by chance alone: in which acts are responsive, and in who withdraws and
so does not see them. The same seed gives the same chances, so that what changes between two pictures is what was moved.
Beliefs are those about the therapist and oneself; security is earned as in `earned`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.earned_security import DEFAULT_CRITERION, BeliefPath, Judgement, collect_path, judge
from iwm_bayes.estimands.survival import incidence_by_session, median_sessions
from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import FilteredEvent
from iwm_bayes.model.priors import LINKS, free_parameters, natural_values
from iwm_bayes.simulation.care import constant_care, rupture_and_repair
from iwm_bayes.simulation.closed_loop import simulate_closed_loop
from iwm_bayes.simulation.simulate import Phase, PlannedEvent, phase_figures, schedule
from iwm_bayes.types import ModelSpec, Parameter, parameters, rule_values
from iwm_bayes.viz.trajectories import belief_array, ci90, joint_beliefs, session_events

N_PEOPLE = 300  # a share is then known to 3 of 100 (its Monte-Carlo standard error at one half)
THERAPIST = "therapist"


class Story(NamedTuple):
    """The care that a person meets."""

    childhood: int = 12  # events with an early caregiver
    caregiver: float = 0.2  # chance that an act of the caregiver is responsive
    sessions: int = 30  # with the therapist
    therapist: float = 0.9  # chance that an act of the therapist is responsive
    rupture_every: int = 6  # sessions from one rupture to the next; 0: none is planned
    repair: float = 0.9  # chance that the session after a rupture repairs it
    gap: int = 0  # time without a session half-way through the therapy, in sessions' worth


class Scenario(NamedTuple):
    """What many lives of one kind of person came to."""

    trajectory: xr.Dataset  # beliefs by session with the therapist, and what happened, as in `trajectories`
    judged: Judgement  # (life,)
    by_session: np.ndarray  # (session,) share earned secure of those who start insecure; NaN if nobody does


def scenario_phases(story: Story) -> list[Phase]:
    """A childhood, unless it has no events, and a therapy."""
    therapist = (
        rupture_and_repair(story.therapist, story.rupture_every, story.repair)
        if story.rupture_every
        else constant_care(story.therapist)
    )
    early = [Phase({"caregiver": constant_care(story.caregiver)}, story.childhood)] if story.childhood else []
    return [*early, Phase({THERAPIST: therapist}, story.sessions)]


def withdrawal_only(model: ModelSpec) -> ModelSpec:
    """The theory with those responses alone that decide what is seen: the others move no belief."""
    return model._replace(responses={name: r for name, r in model.responses.items() if r.effect == "withdraws"})


def free_parameters_of(model: ModelSpec) -> dict[str, Parameter]:
    """The free parameters that move beliefs, by name."""
    return {name: declared for name, declared in parameters(withdrawal_only(model)).items() if declared.fixed is None}


def prior_median(parameter: Parameter) -> float:
    """The value of the average person before any data, natural scale: the prior's middle."""
    link, unlink = LINKS[parameter.support]
    low, high = (link(np.float64(end)) for end in parameter.prior_90)
    return float(unlink((low + high) / 2.0))


def identical_people(
    model: ModelSpec, chosen: Mapping[str, float], figures: list[str], lives: int
) -> dict[str, np.ndarray]:
    """One kind of person so many times: what was chosen by name, natural scale, and the prior's middle elsewhere."""
    levels = {}
    for row in free_parameters(model, figures):
        link, _ = LINKS[row.parameter.support]
        level = link(np.float64(chosen[row.name])) if row.name in chosen else row.prior_mean
        levels[row.label] = np.full(lives, level)
    return natural_values(model, levels, figures, lives)


def event_sequence(plan: Sequence[PlannedEvent], figures: Sequence[str], story: Story) -> np.ndarray:
    """Who is met when, (event, field, 1) as `filtering.course`: one unit of time apart, but for the gap."""
    met_now = np.array([[planned.figure == figure for figure in figures] for planned in plan], dtype=float)
    met_before = np.cumsum(met_now, axis=0) > met_now
    fields = dict.fromkeys(EVENT_FIELDS, np.zeros(len(plan)))
    elapsed = np.ones(len(plan))
    elapsed[story.childhood + story.sessions // 2] += story.gap
    fields |= {"since_figure": elapsed, "since_any": elapsed}
    return np.column_stack([*fields.values(), met_now, met_before])[..., None]


def therapy_events(moments: Sequence[FilteredEvent], figures: Sequence[str]) -> xr.Dataset:
    """Mean outcome and shares of ruptures and repairs by session with the therapist, as in `trajectories`."""
    seen = np.stack([moment.seen for moment in moments])
    events = {
        "outcome": np.stack([moment.event.outcome for moment in moments]),
        "seen": seen,
        "figure_index": np.stack([moment.event.figure.argmax(axis=0) for moment in moments]),
        "present": np.ones_like(seen),
        "assessment": np.zeros_like(seen),
    }
    data = xr.Dataset(
        {name: (("event", "person"), values) for name, values in events.items()},
        {"figure": list(figures), "person": np.arange(seen.shape[1])},
    )
    return session_events(data, THERAPIST).mean("person")


def belief_trajectory(along: BeliefPath, met: xr.Dataset) -> xr.Dataset:
    """Beliefs over lives and what they met, by session from 0 (the start), as in `trajectories`."""
    drawn = belief_array(along, 1, True)[..., 0]
    coordinates = {"belief": ["availability", "worth"], "session": np.arange(drawn.shape[2])}
    held = xr.DataArray(drawn, coordinates, ("belief", "sample", "session")).dropna("belief", how="all")
    low, middle, high = ci90(held)
    beliefs = xr.Dataset({"low": low, "middle": middle, "high": high})
    found = xr.merge([beliefs, joint_beliefs(held), met], join="outer")
    return found.assign_coords(response=[]).assign_attrs(who="the group")


def play(model: ModelSpec, chosen: Mapping[str, float], story: Story, lives: int = N_PEOPLE, seed: int = 1) -> Scenario:
    """Live through a story so many times. `chosen` are values by parameter name, natural scale."""
    model = withdrawal_only(model)
    plan, figures = schedule(scenario_phases(story)), phase_figures(scenario_phases(story), False)
    people = identical_people(model, chosen, figures, lives)
    course = np.repeat(event_sequence(plan, figures, story), lives, axis=2)
    p, offers = rule_values(model, people), [planned.offer for planned in plan]
    start, generator = model.rule.start(p, len(figures)), np.random.default_rng(seed)
    moments = [
        moment for moment, _ in simulate_closed_loop(model, people, course, offers, len(figures), start, generator)
    ]
    counts = np.repeat([[planned.figure == THERAPIST] for planned in plan], lives, axis=1)
    along = collect_path(model, p, moments, counts, figures.index(THERAPIST), len(figures))
    judged = judge(along, DEFAULT_CRITERION)
    found = belief_trajectory(along, therapy_events(moments, figures))
    return Scenario(found, judged, incidence_by_session(judged, story.sessions))


def scenario_sentence(played: Scenario) -> str:
    """What a picture shows, in sentences."""
    judged, last = played.judged, len(played.by_session)
    ends = played.trajectory.isel(session=-1)
    beliefs = " and ".join(
        f"{belief} {float(ends['middle'].sel(belief=belief)):.2f}" for belief in map(str, ends["belief"].values)
    )
    met = played.trajectory[["rupture", "repair"]].sum("session")
    happened_ = f"A life has {float(met['rupture']):.1f} ruptures and {float(met['repair']):.1f} repairs on average."
    end = f"After session {last}, {beliefs} in the middle."
    if not judged.insecure.any():
        return f"Nobody begins the therapy insecure, so there is no security to be earned. {end} {happened_}"
    median = float(median_sessions(judged, last))
    until = f"after {median:.0f} sessions" if median <= last else f"not within {last} sessions"
    return (
        f"{100 * judged.insecure.mean():.0f} of 100 begin the therapy insecure. Of these, "
        f"{100 * played.by_session[-1]:.0f} of 100 are earned secure by session {last}; in the middle {until}. "
        f"{end} {happened_}"
    )
