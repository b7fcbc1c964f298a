"""The filter: a step for one event, and a loop of it over arrays. `graph` takes the same step in a PyTensor graph.

    event  = experienced(p, event)                         a latent outcome takes its value
    before = drift(p, state, event)                        time passes at every event
    after  = learn(p, before, event) where observed        only an observed outcome changes beliefs

Both take an event array, float64 (event, field, person): the fields of `Event`, and whether the outcome is observed.
It is a single array because each array that can be swapped adds to the compile time of a model. Both return the value
of each readout at every event. Sums of readouts are computed afterwards, because they do not affect beliefs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.arrays import unpack_event
from iwm_bayes.filtering.readouts import Readout, ReadoutContext, readout_value, required_readouts
from iwm_bayes.ops import Array, at_event_of_person, constant, count_figures, stack_figures, where
from iwm_bayes.rules.dyad import event_of_member
from iwm_bayes.rules.modifiers.waves import RESTART
from iwm_bayes.types import Beliefs, Event, Params, Response, Rule, State, experienced, map_tree


class FilteredEvent(NamedTuple):
    """One event with the states around it."""

    previous: State  # after the previous event; where beliefs restart, the initial beliefs
    before: State  # after time has passed, before the outcome
    after: State
    event: Event
    observed: Array  # whether the outcome is observed


def begin(rule: Rule, p: Params, s: State, event: Event) -> State:
    """Return the state with which an event begins: that after the previous one, unless beliefs restart."""
    return s if rule.begin is None else rule.begin(p, s, event)


def step(rule: Rule, p: Params, s: State, event: Event, observed: Array) -> tuple[State, State]:
    """Filter one event; return the states before and after its outcome."""
    before = rule.drift(p, s, event)
    learned = rule.learn(p, before, event)
    return before, map_tree(lambda new, old: where(observed, new, old), learned, before)


def filter_events(rule: Rule, p: Params, event_array: np.ndarray, figures: int) -> Iterator[FilteredEvent]:
    """Filter an array event by event; the leaves of `p` are (person,) or (figure, person)."""
    s = rule.start(p, figures)
    for row in event_array:
        event, observed = unpack_event(rule, row, figures)
        s, event = begin(rule, p, s, event), experienced(rule, p, event)
        before, after = step(rule, p, s, event, observed)
        yield FilteredEvent(s, before, after, event, observed)
        s = after


def about_figure(event: Event, figure: int) -> Event:
    """Return the same event with another figure."""
    zero = 0.0 * event.outcome
    figures = count_figures(event.figure)
    return event._replace(figure=stack_figures([zero + constant(index == figure) for index in range(figures)]))


def read_out(rule: Rule, p: Params, filtered: FilteredEvent, readouts: Iterable[Readout]) -> list[Array]:
    """Compute readouts at one event, (person,) each.

    Before the outcome nothing is experienced. A readout about a named figure starts from the state after the previous
    event. A dyad has the readouts of its members, with the role in front.
    """
    if rule.members:
        return [read_out_of_member(rule, p, filtered, readout) for readout in readouts]
    event, observed = filtered.event, filtered.observed
    experienced = {"before": 0.0 * event.outcome, "after": where(observed, constant(1.0), constant(0.0))}
    values = []
    for about, timing, figure in readouts:
        asked = event if figure is None else about_figure(event, figure)
        before = rule.beliefs(p, filtered.before if figure is None else filtered.previous, asked)
        now = before if timing == "before" else rule.beliefs(p, filtered.after, asked)
        initial = partial(initial_beliefs, rule, p, asked)
        values.append(readout_value(about, ReadoutContext(before, now, asked, experienced[timing], initial)))
    return values


def filtered_of_member(rule: Rule, filtered: FilteredEvent, role: str) -> FilteredEvent:
    """Return one event of a dyad as one of its members experiences it."""
    previous, before, after = (getattr(s, role) for s in (filtered.previous, filtered.before, filtered.after))
    return FilteredEvent(previous, before, after, *event_of_member(rule, role, filtered.event))


def read_out_of_member(rule: Rule, p: Params, filtered: FilteredEvent, readout: Readout) -> Array:
    """Compute a readout of a dyad: the role of a member, then the name of a readout."""
    role, _, about = readout.about.partition(" ")
    own = filtered_of_member(rule, filtered, role)
    (value,) = read_out(rule.members[role], getattr(p, role), own, [readout._replace(about=about)])
    return value


def initial_beliefs(rule: Rule, p: Params, event: Event) -> Beliefs:
    """Return the beliefs before the first event, about the figure of an event; of its wave where beliefs restart."""
    s = rule.start(p, count_figures(event.figure))
    if RESTART in event.terms:
        restarting = event._replace(terms={**event.terms, RESTART: constant(1.0) + 0.0 * event.outcome})
        s = begin(rule, p, s, restarting)
    return rule.beliefs(p, s, event)


def filter_readouts(
    rule: Rule, p: Params, event_array: np.ndarray, figures: int, readouts: Sequence[Readout]
) -> list[np.ndarray]:
    """Compute readouts at every event of an array, (event, person) each."""
    rows = [read_out(rule, p, filtered, readouts) for filtered in filter_events(rule, p, event_array, figures)]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def decaying_sum(share: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum values over events; the `share` of the sum that is left decays between events. All are (event, person)."""
    total = np.zeros_like(values)
    for event, (left, new) in enumerate(zip(share, values, strict=True)):
        total[event] = left * total[event - 1] + new if event else new
    return total


def accumulated_readouts(
    response: Response,
    p: Params,
    readouts: Mapping[Readout, Array],
    elapsed: Array,
    figures: int,
    sum_over_events: Callable = decaying_sum,
    restart: Array | None = None,
) -> dict[Readout, Array]:
    """Return a response's readouts (event, person), with its sum in place of each readout that it accumulates.

    `elapsed` is the time since the last event. A response before the outcome gets the sum without this outcome. Where
    `restart` is 1, sums begin anew.
    """
    values = {readout: readouts[readout] for readout in required_readouts(response, figures)}
    for readout in [readout for readout in values if readout.about in response.accumulates]:
        share = response.accumulates[readout.about](p, elapsed)
        share = share if restart is None else where(restart > 0, constant(0.0), share)
        total = sum_over_events(share, readouts[readout])
        values[readout] = total - readouts[readout] if response.timing == "before" else total
    return values


def lagged_readouts(
    response: Response,
    readouts: Mapping[Readout, Array],
    fields: Mapping[str, Array],
    at_event: Callable[[Array, Array], Array] = at_event_of_person,
) -> dict[Readout, Array]:
    """Return a response's readouts (event, person), with those of earlier sessions in place of those that lag.

    `fields` are those of the response: "earlier" is the event that is read, and "has_earlier" whether there is one.
    """
    values = dict(readouts)
    for about, initial in response.lagged.items() if response.lag else ():
        lagging, before_first = Readout(about, "after"), readouts[Readout(initial, response.timing)]
        earlier = at_event(readouts[lagging], fields["earlier"])
        values[lagging] = before_first + fields["has_earlier"] * (earlier - before_first)
    return values
