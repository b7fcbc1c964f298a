"""Simulate responses in open loop: figures, outcomes and times of a data set stay as they were.

In `closed_loop`, answers decide what happens next. Here, as in the likelihood, events are given. Only residuals and
sums of readouts are carried over from event to event. As in the likelihood, a residual is that of the last answer.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.ops import Array
from iwm_bayes.simulation.closed_loop import (
    EVERY_EVENT,
    PersonHistory,
    accumulated_carryovers,
    decayed_carryovers,
    draw_responses,
    empty_history,
)
from iwm_bayes.types import ModelSpec, rule_values

type Answered = Mapping[str, np.ndarray]  # by response: where people answer


def without_residuals(
    drawn: PersonHistory, before: PersonHistory, answered: Answered, names: list[str]
) -> PersonHistory:
    """Return the history after some responses, with the last residual of people who did not answer."""
    kept = dict(drawn.carryovers)
    for name in (name for name in names if name in answered):
        now, then = kept[name], before.carryovers[name]
        residual, elapsed = (
            np.where(answered[name], *pair) for pair in ((now.residual, then.residual), (now.elapsed, then.elapsed))
        )
        kept[name] = now._replace(residual=residual, elapsed=elapsed)
    return drawn._replace(carryovers=kept)


def simulate_open_loop(
    model: ModelSpec,
    people: Mapping[str, Array],
    event_array: np.ndarray,
    figures: int,
    others: int,
    rng: np.random.Generator,
    answered: Answered = MappingProxyType({}),
    begins: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Return answers (event, person) by response, of people with natural-scale values `people`.

    `event_array` is (event, field, person). `others` is the number of figures that people can turn to, without the
    generalised expectation. `answered` is (event, person) by response; without it, everybody always answers. `begins`
    is where a session with the figure of an event begins, (event, person); without it, at every event.
    """
    history = empty_history(model, figures, event_array.shape[2])._replace(others=others)
    early = [name for name, response in model.responses.items() if response.timing == "before"]
    late = [name for name in model.responses if name not in early]
    by_event: list[dict[str, np.ndarray]] = []
    filtered_events = filter_events(model.rule, rule_values(model, people), event_array, figures)
    for index, filtered in enumerate(filtered_events):
        answered_now = {name: given[index] for name, given in answered.items()}
        begins_now = EVERY_EVENT if begins is None else begins[index]
        history = history._replace(
            carryovers=decayed_carryovers(model, people, model.responses, history, filtered.event, begins_now)
        )
        unlearned = filtered._replace(after=filtered.before, observed=np.zeros_like(filtered.observed))
        drawn_before, drawn = draw_responses(model, people, early, unlearned, history, rng)
        history = without_residuals(drawn, history, answered_now, early)
        accumulated = accumulated_carryovers(model, people, history, filtered)
        history = history._replace(carryovers=history.carryovers | accumulated)
        drawn_after, drawn = draw_responses(model, people, late, filtered, history, rng)
        history = without_residuals(drawn, history, answered_now, late)
        by_event.append(drawn_before | drawn_after)
    return {name: np.stack([answers[name] for answers in by_event]) for name in model.responses}
