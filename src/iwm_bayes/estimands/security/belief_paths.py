"""Beliefs of people along observed, counterfactual and future sessions, for every draw of a posterior.

Everything runs through the NumPy filter. Draws are laid along the person axis, so that a draw of a person is a person.
Draws are processed in batches, so that memory stays bounded.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.criterion import BeliefPath, ruptures_and_repairs
from iwm_bayes.estimands.security.places import Places, own_events, with_known_outcomes
from iwm_bayes.filtering.arrays import (
    EVENT_FIELDS,
    event_array,
    figures_met,
    met_fields,
    new_innovations,
    no_innovations,
    restarts,
    with_innovations,
    with_restart,
)
from iwm_bayes.filtering.filter import FilteredEvent, filter_events, step
from iwm_bayes.filtering.supposed_events import event_with_figure, unresponsive_event
from iwm_bayes.model.priors import figure_names, with_new_figure
from iwm_bayes.simulation.care import Care, EventCare
from iwm_bayes.simulation.closed_loop import simulate_closed_loop
from iwm_bayes.simulation.draws import draws_as_people, innovations_as_people, posterior_batches
from iwm_bayes.types import GENERALISED, Event, InputError, ModelSpec, Params, State, rule_values


def session_mask(data: xr.Dataset, figure: str | None) -> np.ndarray:
    """Return which events are sessions with a figure, or with any figure, (event, person).

    An assessment without an outcome is not a session. Raises InputError if the data have no such figure.
    """
    sessions = data["present"].values & ~data["assessment"].values
    if figure is None:
        return sessions
    figures = figure_names(data)
    if figure not in figures:
        raise InputError([f"there is no figure {figure!r} in these data; the figures are {', '.join(figures)}"])
    return sessions & (data["figure_index"].values == figures.index(figure))


def median_gap(data: xr.Dataset, is_session: np.ndarray) -> float:
    """Return the median time between a session and the previous one among `is_session`; 1 if there is none."""
    time = np.cumsum(data["since_any"].values, axis=0)
    gaps = np.concatenate([np.diff(time[own, person]) for person, own in enumerate(is_session.T)])
    return float(np.median(gaps[gaps > 0])) if (gaps > 0).any() else 1.0


def beliefs_in_state(
    model: ModelSpec, p: Params, s: State, event: Event, general: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return availability (or the generalised expectation) and self-worth in one state, (person,) each."""
    beliefs = model.rule.beliefs(p, model.rule.drift(p, s, event) if general else s, event)
    worth = beliefs.worth.mean if beliefs.worth else np.full_like(beliefs.expected, np.inf)
    return (beliefs.expected if general else beliefs.availability.mean), worth


def collect_path(
    model: ModelSpec,
    p: Params,
    events: Iterable[FilteredEvent],
    is_session: np.ndarray,
    figure: int | None,
    figures: int,
    gap: float = 1.0,
    is_own: np.ndarray | None = None,
) -> BeliefPath:
    """Collect beliefs at the sessions among filtered events.

    Parameters
    ----------
    is_session
        Which events are sessions, (event, person).
    figure
        Index of the figure that beliefs are about. None is the generalised expectation: beliefs are then about the
        last of the figures, which nobody has met.
    figures
        Number of figures.
    gap
        Time until the unresponsive session that might come next.
    is_own
        Which events are the person's own and not those of a donor, (event, person); by default all.
    """
    general, about = figure is None, figures - 1 if figure is None else figure
    everybody = np.ones(is_session.shape[1], dtype=bool)
    anyone = is_session.any(axis=1)
    anyone[0] |= not anyone.any()  # a path has at least one row
    n_events = int(anyone.nonzero()[0][-1]) + 1  # later events change no session
    snapshots, history = [], []
    for filtered, is_needed in zip(islice(events, n_events), anyone[:n_events], strict=True):
        history.append((filtered.event.outcome, filtered.observed, filtered.event.figure))
        if not is_needed:
            continue
        event = event_with_figure(filtered.event, about, figures)
        _, unresponsive = step(model.rule, p, filtered.after, unresponsive_event(filtered.event, gap), everybody)
        states = (filtered.after, filtered.before, unresponsive)
        by_state = [belief for s in states for belief in beliefs_in_state(model, p, s, event, general)]
        snapshots.append((*by_state, model.rule.beliefs(p, filtered.before, filtered.event).expected))
    is_session = is_session[:n_events]
    outcome, observed, is_figure = (np.stack(column) for column in zip(*history, strict=True))
    ruptures = ruptures_and_repairs(outcome, observed & is_figure.any(axis=1), is_figure.argmax(axis=1))
    rupture, repair = (mask & is_session for mask in ruptures)
    own = is_session if is_own is None else is_own[:n_events] & is_session
    columns = [outcome, observed & is_session, rupture, repair, is_session, own]
    order = np.argsort(~is_session, axis=0, kind="stable")[: max(int(is_session.sum(axis=0).max()), 1)]
    snapshot = (np.cumsum(anyone[:n_events]) - 1)[order]  # rows that are no session of a person are not used
    beliefs = [np.take_along_axis(np.stack(column), snapshot, axis=0) for column in zip(*snapshots, strict=True)]
    return BeliefPath._make([*beliefs, *(np.take_along_axis(column, order, axis=0) for column in columns)])


class BeliefPaths(NamedTuple):
    """Some draws of all people, laid along one axis: their parameters, and the events that they experienced.

    Beliefs are about one figure, and paths have the sessions with this figure. Without a figure they are about the
    generalised expectation, and paths have all sessions.
    """

    model: ModelSpec
    values: dict[str, np.ndarray]  # natural scale, by parameter name
    event_array: np.ndarray  # (event, field, draw * person)
    is_session: np.ndarray  # (event, draw * person)
    met: np.ndarray  # (figure, draw * person): 1 where the figure was met at any event
    figure: int | None  # index of the figure; None is the generalised expectation
    figures: int  # number of figures
    gap: float  # median time between sessions with the same figure
    is_own: np.ndarray  # (event, draw * person): the person's own events, not those of a donor

    @property
    def p(self) -> Params:
        """Return the parameters of the rule."""
        return rule_values(self.model, self.values)

    def path(self, events: Iterable[FilteredEvent]) -> BeliefPath:
        """Collect beliefs at the sessions among filtered events."""
        return collect_path(
            self.model, self.p, events, self.is_session, self.figure, self.figures, self.gap, self.is_own
        )

    def observed_path(self) -> BeliefPath:
        """Return beliefs along the observed events."""
        return self.path(filter_events(self.model.rule, self.p, self.event_array, self.figures))

    def counterfactual(self, care: Care, generator: np.random.Generator) -> BeliefPath:
        """Return beliefs as they would be if this care had made the outcomes of the sessions.

        Which figures were met and which outcomes were observed stays the same.
        """
        outcome_field, observed_field = EVENT_FIELDS.index("outcome"), EVENT_FIELDS.index("observed")
        outcome, observed = self.event_array[:, outcome_field], self.event_array[:, observed_field] > 0
        order = np.maximum(np.cumsum(self.is_session, axis=0) - 1, 0)
        chance = care(int(order.max()) + 1)[order]
        drawn = chance if care.graded else (generator.random(chance.shape) < chance).astype(float)
        events = self.event_array.copy()
        events[:, outcome_field] = np.where(self.is_session & observed, drawn, outcome)
        events[:, EVENT_FIELDS.index("rated")] *= ~(self.is_session & observed)  # what care makes is not latent
        return self.path(filter_events(self.model.rule, self.p, events, self.figures))

    def last_events(self) -> np.ndarray:
        """Return each person's last session, (field, draw * person), without innovations."""
        last = len(self.is_session) - 1 - self.is_session[::-1].argmax(axis=0)
        n_fields = self.event_array.shape[1] - len(self.model.rule.innovations)
        return self.event_array[last, :n_fields, np.arange(len(last))].T

    def future_events(self, sessions: int) -> np.ndarray:
        """Return an event array of further sessions with the figure, `gap` apart, with observed outcomes.

        The terms of the study, such as covariates, stay what they were at a person's last session.
        """
        last = self.last_events()
        events = np.ones((sessions, *last.shape))
        events[:, [EVENT_FIELDS.index(name) for name in ("distress", "threat", "rated")]] = 0.0
        events[:, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")]] = self.gap
        figure = self.figures - 1 if self.figure is None else self.figure
        events[:, len(EVENT_FIELDS) : len(EVENT_FIELDS) + self.figures] = (np.arange(self.figures) == figure)[:, None]
        met = met_fields(self.figures)
        events[:, met] = self.met
        events[1:, met.start + figure] = 1.0
        events[:, met.stop :] = last[met.stop :]
        return with_restart(events, self.model.rule, self.figures, first=False)

    def constant_outcome(self, outcome: float, sessions: int) -> BeliefPath:
        """Return beliefs from the initial beliefs on, in sessions that all have the same outcome."""
        events = self._replace(met=np.zeros_like(self.met)).future_events(sessions)
        events[:, EVENT_FIELDS.index("outcome")] = outcome
        events = with_restart(
            events, self.model.rule, self.figures, first=True
        )  # the initial beliefs are those of a person's last wave
        events = with_innovations(events, no_innovations(self.model.rule, (sessions, events.shape[2])))
        every = np.ones((sessions, events.shape[2]), dtype=bool)
        paths = self._replace(is_session=every, is_own=every)
        return paths.path(filter_events(self.model.rule, self.p, events, self.figures))

    def forecast(self, care: Care, sessions: int, generator: np.random.Generator) -> BeliefPath:
        """Simulate beliefs in further sessions with the figure under a care schedule, in closed loop.

        Nobody leaves or chooses another figure. Carryover of responses, bids and distress start anew.
        """
        *_, last = filter_events(self.model.rule, self.p, self.event_array, self.figures)
        pull, threat = np.array([[care.pull]]), np.array([[care.threat]])
        graded = np.array([[care.graded]])
        cares = [EventCare(np.array([[chance]]), pull, threat, graded=graded) for chance in care(sessions)]
        staying = {name: r for name, r in self.model.responses.items() if r.effect in ("none", "withdraws")}
        model = self.model._replace(responses=staying)
        events = self.future_events(sessions)
        events = with_innovations(events, new_innovations(model.rule, (sessions, events.shape[2]), generator))
        simulated = simulate_closed_loop(model, self.values, events, cares, self.figures, last.after, generator)
        every = np.ones((sessions, self.event_array.shape[2]), dtype=bool)
        return self._replace(is_session=every, is_own=every).path(event for event, _ in simulated)


def belief_paths(
    model: ModelSpec,
    data: xr.Dataset,
    values: dict[str, np.ndarray],
    figure: str | None,
    places: Places | None = None,
    innovations: np.ndarray | None = None,
    outcomes: np.ndarray | None = None,
) -> BeliefPaths:
    """Lay people along one axis with the events of a data set.

    Parameters
    ----------
    values
        Natural-scale values by parameter name, with (draw, person) along their last axis.
    figure
        The figure that beliefs are about; None is the generalised expectation.
    places
        Whose events each of the (draw, person) experiences; by default everyone's own.
    innovations
        Of the model, (innovation, event, draw * person); by default 0: no belief moves by itself.
    outcomes
        Of rated events, as `outcomes_at_places` returns them; by default they follow from `values` and `innovations`.
    """
    added = figure is None and GENERALISED not in figure_names(data)  # else some assessments were about it
    figures = [*figure_names(data), *([GENERALISED] if added else [])]
    general = figures.index(GENERALISED) if GENERALISED in figures else None
    is_session, present = session_mask(data, figure), data["present"].values
    if places is None:
        places = own_events(data, next(iter(values.values())).shape[-1] // data.sizes["person"])
    here = (places.event, places.person)
    events = np.ascontiguousarray(
        np.moveaxis(event_array(data.assign_coords(figure=figures)), 1, 2)[here].swapaxes(1, 2)
    )
    if outcomes is not None:
        events = with_known_outcomes(events, outcomes)
    met = figures_met(events, present[here], restarts(data)[here], len(figures), general)
    events[:, met_fields(len(figures))] = met
    if innovations is None:
        innovations = no_innovations(model.rule, places.event.shape)
    events = with_innovations(events, innovations)
    ever_met = np.maximum(met[-1], events[-1, len(EVENT_FIELDS) : len(EVENT_FIELDS) + len(figures)] * present[here][-1])
    if general is not None:
        ever_met[general] = 0.0
    return BeliefPaths(
        model,
        with_new_figure(model, values) if added else values,
        events,
        is_session[here],
        ever_met,
        None if figure is None else figures.index(figure),
        len(figures),
        median_gap(data, is_session),
        places.is_own,
    )


def belief_path_batches(model: ModelSpec, fit: xr.DataTree, draws: int, figure: str | None) -> Iterator[BeliefPaths]:
    """Yield about `draws` draws of a fit in batches, in the order (chain, draw)."""
    data = fit["constant_data"].to_dataset()
    people = data.sizes["person"]
    for batch in posterior_batches(fit["unconstrained_posterior"].to_dataset(), draws, people):
        values = draws_as_people(model, batch, figure_names(data), people)
        yield belief_paths(model, data, values, figure, innovations=innovations_as_people(model, batch))
