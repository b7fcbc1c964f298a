"""People and their lives, draw by draw: what they are like, what they lived through, and what they might.

Everything runs through the NumPy loop with draws laid along the person axis, a draw of a person being a person,
some draws at a time so that memory stays bounded.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.earned_security import BeliefPath, collect_path
from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array
from iwm_bayes.filtering.filter import FilteredEvent, filter_events
from iwm_bayes.model.priors import with_new_figure
from iwm_bayes.simulation.care import Care, EventCare
from iwm_bayes.simulation.closed_loop import simulate_closed_loop
from iwm_bayes.simulation.draws import draws_as_people, names, thin_draws
from iwm_bayes.types import GENERALISED, InputError, ModelSpec, Params, rule_values

MAX_PEOPLE_AT_ONCE = 20_000  # people in memory, a draw of a person being a person


def session_mask(data: xr.Dataset, figure: str | None) -> np.ndarray:
    """Which events (event, person) are sessions with a figure, or with anyone; an assessment is none."""
    happened = data["present"].values & ~data["assessment"].values
    if figure is None:
        return happened
    if figure not in names(data):
        raise InputError([f"there is no figure {figure!r} in these data, which have {', '.join(names(data))}"])
    return happened & (data["figure_index"].values == names(data).index(figure))


class BeliefPaths(NamedTuple):
    """Some draws of everyone, laid along one axis: what they are like and what they lived through."""

    model: ModelSpec
    values: dict[str, np.ndarray]
    course: np.ndarray  # (event, field, draw * person)
    counts: np.ndarray  # (event, draw * person): the sessions in view
    met: np.ndarray  # (figure, draw * person): who was met in all that happened
    figure: int | None  # the figure in view; None is the general model
    figures: int

    @property
    def p(self) -> Params:
        return rule_values(self.model, self.values)

    def path(self, moments: Iterable[FilteredEvent]) -> BeliefPath:
        return collect_path(self.model, self.p, moments, self.counts, self.figure, self.figures)

    def remembered(self) -> BeliefPath:
        """Beliefs along what happened."""
        return self.path(filter_events(self.model.rule, self.p, self.course, self.figures))

    def relived(self, care: Care, generator: np.random.Generator) -> BeliefPath:
        """Beliefs had every outcome seen in view come from this care; who was met and seen stays as it was."""
        outcome, seen = self.course[:, EVENT_FIELDS.index("outcome")], self.course[:, EVENT_FIELDS.index("seen")] > 0
        order = np.maximum(np.cumsum(self.counts, axis=0) - 1, 0)
        chance = care(int(order.max()) + 1)[order]
        instead = self.course.copy()
        redrawn = (generator.random(chance.shape) < chance).astype(float)
        instead[:, EVENT_FIELDS.index("outcome")] = np.where(self.counts & seen, redrawn, outcome)
        return self.path(filter_events(self.model.rule, self.p, instead, self.figures))

    def ahead(self, sessions: int) -> np.ndarray:
        """The course of so many further sessions with the figure in view, one unit of time apart, all seen."""
        rows = np.ones((sessions, *self.course.shape[1:]))
        rows[:, [EVENT_FIELDS.index(name) for name in ("distress", "threat", "reported")]] = 0.0
        figure = self.figures - 1 if self.figure is None else self.figure
        rows[:, len(EVENT_FIELDS) : len(EVENT_FIELDS) + self.figures] = (np.arange(self.figures) == figure)[:, None]
        rows[:, -self.figures :] = self.met
        rows[1:, figure - self.figures] = 1.0
        return rows

    def steadily(self, outcome: float, sessions: int) -> BeliefPath:
        """Beliefs from the very start in so many sessions that all bring this outcome."""
        course = self._replace(met=np.zeros_like(self.met)).ahead(sessions)
        course[:, EVENT_FIELDS.index("outcome")] = outcome
        everyone = np.ones((sessions, course.shape[2]), dtype=bool)
        return self._replace(counts=everyone).path(filter_events(self.model.rule, self.p, course, self.figures))

    def projected(self, care: Care, sessions: int, generator: np.random.Generator) -> BeliefPath:
        """Beliefs in so many more sessions with the figure in view under a plan of care, in closed loop.

        Nobody leaves or turns to others. What responses keep (fear, moods), bids and distress begin anew.
        """
        *_, last = filter_events(self.model.rule, self.p, self.course, self.figures)
        pull, threat = np.array([[care.pull]]), np.array([[care.threat]])
        offers = [EventCare(np.array([[chance]]), pull, threat) for chance in care(sessions)]
        staying = {name: r for name, r in self.model.responses.items() if r.effect in ("none", "withdraws")}
        model = self.model._replace(responses=staying)
        lived = simulate_closed_loop(
            model, self.values, self.ahead(sessions), offers, self.figures, last.after, generator
        )
        counts = np.ones((sessions, self.course.shape[2]), dtype=bool)
        return self._replace(counts=counts).path(moment for moment, _ in lived)


def belief_paths(model: ModelSpec, data: xr.Dataset, values: dict[str, np.ndarray], figure: str | None) -> BeliefPaths:
    """People by their values, with (draw, person) laid along one axis, in the course of a data set."""
    added = figure is None and GENERALISED not in names(data)  # else that is whom some assessments were about
    figures = [*names(data), *([GENERALISED] if added else [])]
    lived = event_array(data.assign_coords(figure=figures))
    met = [
        (data["present"] & (data["figure_index"] == index)).any("event").values & (name != GENERALISED)
        for index, name in enumerate(figures)
    ]
    repeats = next(iter(values.values())).shape[-1] // data.sizes["person"]
    return BeliefPaths(
        model,
        with_new_figure(model, values) if added else values,
        np.tile(lived, (1, 1, repeats)),
        np.tile(session_mask(data, figure), (1, repeats)),
        np.tile(np.array(met, dtype=float), (1, repeats)),
        None if figure is None else figures.index(figure),
        len(figures),
    )


def belief_path_batches(model: ModelSpec, fit: xr.DataTree, draws: int, figure: str | None) -> Iterator[BeliefPaths]:
    """The draws of a fit, so many at a time that memory stays bounded, in the order (chain, draw)."""
    data = fit["data"].to_dataset()
    posterior = thin_draws(fit["posterior"].to_dataset(), draws).stack(sample=("chain", "draw"))
    count = data.sizes["person"]
    step = max(1, MAX_PEOPLE_AT_ONCE // count)
    for first in range(0, posterior.sizes["sample"], step):
        part = posterior.isel(sample=slice(first, first + step))
        yield belief_paths(model, data, draws_as_people(model, part, names(data), count), figure)
