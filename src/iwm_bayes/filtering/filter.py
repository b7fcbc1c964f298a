"""Living through a sequence of events: one step, and a loop of it over arrays. In a graph, `scanning` does the same.

    before = drift(p, state, event)                  time passes, always
    after  = learn(p, before, event) where seen      an outcome teaches only if it was experienced

Both take a *course*, float64 (event, field, person): the fields of `Event` and whether the outcome was seen, in one
array, because every array that a compiled model can swap adds to its compilation. Both return what each reading sees
at every event. What a response keeps of its readings is summed up afterwards: it does not act on beliefs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.arrays import unpack_event
from iwm_bayes.filtering.readouts import READOUTS, Readout, View, required_readouts
from iwm_bayes.ops import Array, by_figure, constant, count_figures, where
from iwm_bayes.types import Event, Params, Response, Rule, State, map_tree


def step(rule: Rule, p: Params, s: State, event: Event, seen: Array) -> tuple[State, State]:
    """One event: the state before its outcome and the state after it."""
    before = rule.drift(p, s, event)
    learned = rule.learn(p, before, event)
    return before, map_tree(lambda new, old: where(seen, new, old), learned, before)


def about_figure(event: Event, figure: int) -> Event:
    """The same event with another figure."""
    nobody = 0.0 * event.outcome
    return event._replace(
        figure=by_figure([nobody + constant(f == figure) for f in range(count_figures(event.figure))])
    )


class FilteredEvent(NamedTuple):
    """One event of a walk: the states around it, and what happened."""

    last: State  # when the last event was over
    before: State
    after: State
    event: Event
    seen: Array


def read_out(rule: Rule, p: Params, moment: FilteredEvent, wanted: Iterable[Readout]) -> list[Array]:
    """What each reading sees at one event, (person,) each.

    Before an event nobody has been met, and a figure named by the reading is seen as it was left at the last event.
    """
    told = {"before": 0.0 * moment.event.outcome, "after": where(moment.seen, constant(1.0), constant(0.0))}
    found = []
    for about, when, figure in wanted:
        event = moment.event if figure is None else about_figure(moment.event, figure)
        first = rule.beliefs(p, moment.before if figure is None else moment.last, event)
        now = first if when == "before" else rule.beliefs(p, moment.after, event)
        found.append(READOUTS[about](View(first, now, event, told[when])))
    return found


def filter_events(rule: Rule, p: Params, course: np.ndarray, figures: int) -> Iterator[FilteredEvent]:
    """Filter arrays event by event; `p` has (person,) or (figure, person) leaves."""
    s = rule.start(p, figures)
    for row in course:
        event, seen = unpack_event(row, figures)
        before, after = step(rule, p, s, event, seen)
        yield FilteredEvent(s, before, after, event, seen)
        s = after


def filter_readouts(
    rule: Rule, p: Params, course: np.ndarray, figures: int, wanted: Sequence[Readout]
) -> list[np.ndarray]:
    """What each reading sees at every event, (event, person) per reading."""
    rows = [read_out(rule, p, moment, wanted) for moment in filter_events(rule, p, course, figures)]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def decaying_sum(share: np.ndarray, reading: np.ndarray) -> np.ndarray:
    """The sum of a reading so far, of which a `share` is left from each event to the next; all (event, person)."""
    total = np.zeros_like(reading)
    for event, (left, new) in enumerate(zip(share, reading, strict=True)):
        total[event] = left * total[event - 1] + new if event else new
    return total


def accumulated_readouts(
    response: Response,
    p: Params,
    found: Mapping[Readout, Array],
    since: Array,
    figures: int,
    summed: Callable = decaying_sum,
) -> dict[Readout, Array]:
    """A response's readings (event, person), with the sum in place of every one that it keeps.

    `since` is the time since the last event. Before an outcome, the sum is without what that outcome adds.
    """
    values = {reading: found[reading] for reading in required_readouts(response, figures)}
    for reading in [reading for reading in values if reading.about in response.accumulates]:
        total = summed(response.accumulates[reading.about](p, since), found[reading])
        values[reading] = total - found[reading] if response.timing == "before" else total
    return values
