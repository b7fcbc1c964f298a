"""Living through a sequence of events: one step, a loop over arrays, a scan in a graph.

    before = drift(p, state, event)                  time passes, always
    after  = learn(p, before, event) where seen      an outcome teaches only if it was experienced

Both drivers take a *course*, float64 (event, field, person): the fields of `Event` and whether the
outcome was seen, in one array, because every array that a compiled model can swap adds to its
compilation. Both return what each reading sees at every event. A reading is (about, moment): a key
of READS, and whether it is taken before or after the event's outcome.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytensor
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.core import READS, Event, Params, Rule, State, each, leaves
from iwm_bayes.ops import Array, by_figure, constant, flat, refill, where

type Reading = tuple[str, str]

SCALARS = ("outcome", "seen", "since_figure", "since_any", "distress", "threat")


def fields(figures: Sequence[str]) -> list[str]:
    """Names along a course's field axis."""
    return [*SCALARS, *(f"is {figure}" for figure in figures), *(f"met {figure}" for figure in figures)]


def course(data: xr.Dataset) -> np.ndarray:
    """What every person lives through, (event, field, person), from a data set."""
    is_figure = (data["figure_index"].values[:, None, :] == np.arange(data.sizes["figure"])[:, None]).astype(float)
    lived = is_figure * data["present"].values[:, None, :]
    met = np.zeros_like(lived)
    met[1:] = np.cumsum(lived, axis=0)[:-1] > 0
    scalars = np.stack([data[name].values.astype(float) for name in SCALARS], axis=1)
    return np.concatenate([scalars, is_figure, met], axis=1)


def unpack(row: Array, figures: int) -> tuple[Event, Array]:
    """One event and whether its outcome was seen, from one row (field, person) of a course."""
    outcome, seen, since_figure, since_any, distress, threat = (row[index] for index in range(len(SCALARS)))
    first = len(SCALARS)
    is_figure = by_figure([row[first + figure] if figures > 1 else 1.0 + 0.0 * outcome for figure in range(figures)])
    met = by_figure([row[first + figures + figure] for figure in range(figures)])
    return Event(outcome, is_figure, met, since_figure, since_any, distress, threat), seen > 0


def step(rule: Rule, p: Params, s: State, event: Event, seen: Array) -> tuple[State, State]:
    """One event: the state before its outcome and the state after it."""
    before = rule.drift(p, s, event)
    learned = rule.learn(p, before, event)
    return before, each(lambda new, old: where(seen, new, old), learned, before)


def read(rule: Rule, p: Params, before: State, after: State, event: Event, readings: Iterable[Reading]) -> list[Array]:
    """What each reading sees at one event, (person,) each."""
    beliefs = {"before": rule.beliefs(p, before, event), "after": rule.beliefs(p, after, event)}
    return [READS[about](beliefs[moment]) for about, moment in readings]


class Moment(NamedTuple):
    """One event of a walk: what happened, and the states on either side of it."""

    event: Event
    seen: Array
    before: State
    after: State


def walk(rule: Rule, p: Params, course: np.ndarray, figures: int) -> Iterator[Moment]:
    """Filter arrays event by event; `p` has (person,) or (figure, person) leaves."""
    s = rule.start(p, figures)
    for row in course:
        event, seen = unpack(row, figures)
        before, s = step(rule, p, s, event, seen)
        yield Moment(event, seen, before, s)


def loop(rule: Rule, p: Params, course: np.ndarray, figures: int, readings: Sequence[Reading]) -> list[np.ndarray]:
    """What each reading sees at every event, (event, person) per reading."""
    rows = [
        read(rule, p, moment.before, moment.after, moment.event, readings) for moment in walk(rule, p, course, figures)
    ]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def graphs(tree: Any) -> list[Any]:
    """Every graph of a tree of quantities, in order."""
    return [graph for _, leaf in leaves(tree) for graph in flat(leaf)]


def as_graphs(p: Params) -> Params:
    """Parameters of which those that are fixed come as arrays, all as graphs."""
    return each(lambda leaf: refill(leaf, map(pt.as_tensor, flat(leaf))), p)


def scan(rule: Rule, p: Params, course: Any, figures: int, readings: Sequence[Reading]) -> list[Any]:
    """The same in a graph: events are scanned over, never unrolled.

    Every output is multiplied by 1. Where the gradient of one output contains another output as it stands, PyTensor
    copies the whole gradient for each pair of input and output, which takes minutes with twenty states; a product
    is nowhere contained, and simplified away.
    """
    p = as_graphs(p)
    start = rule.start(p, figures)
    states, constants = ([pt.as_tensor(graph) for graph in graphs(tree)] for tree in (start, p))

    def one(row: Any, *rest: Any) -> list[Any]:
        given = iter(rest)
        s, values = (each(lambda leaf: refill(leaf, given), tree) for tree in (start, p))
        event, seen = unpack(row, figures)
        before, after = step(rule, values, s, event, seen)
        outputs = [*graphs(after), *read(rule, values, before, after, event, readings)]
        return [constant(1.0) * output for output in outputs]

    outputs = pytensor.scan(
        one,
        sequences=[course],
        outputs_info=[*states, *[None] * len(readings)],
        non_sequences=constants,
        strict=True,
        return_updates=False,
    )
    return outputs[len(states) :]
