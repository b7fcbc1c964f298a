"""One step, taken by everyone event after event, as one loop of machine code with its gradient beside it.

    state[event + 1], said[:, event] = step(row[event], state[event], p)

A step is written in scalars, because people do not act on each other. PyTensor's own scan calls a function at every
event, which makes new arrays for all that it returns; for some dozens of people and a rule like Rescorla and Wagner's
that costs several times as much as what is computed. Going back, a step's slope is computed anew from the state that it
began with.
"""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.cache import compile_numba_function_src
from pytensor.link.numba.dispatch.basic import (
    numba_funcify_and_cache_key,
    numba_njit,
    register_funcify_and_cache_key,
)

from iwm_bayes.filtering.engine.numba_codegen import LANES, inline_njit, load_lanes, store_lanes
from iwm_bayes.filtering.engine.scalar_graph import ScalarGraph, scalar_variables


class EventScan(Op):
    """(course (event, field, person), start (state, person), p (parameter, person)) -> held and said.

    `held` (event, state, person) is every state before its event, `said` (reading, event, person) what `step` says
    after the next state. What flows back flows from `said`.
    """

    def __init__(self, step: ScalarGraph, fields: int, states: int) -> None:
        self.step, self.fields, self.states = step, fields, states
        self.parameters, self.said = len(step.inputs) - fields - states, len(step.outputs) - states

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor_variable(x) for x in inputs], [pt.dtensor3(), pt.dtensor3()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        course, state, p = inputs
        held = np.empty((len(course), *state.shape))
        said = np.empty((self.said, len(course), state.shape[1]))
        for event, row in enumerate(course):
            held[event] = state
            found = self.step.of_people(row, state, p)
            state, said[:, event] = found[: self.states], found[self.states :]
        outputs[0][0], outputs[1][0] = held, said

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        (events, _, people), *_ = shapes
        return [(events, self.states, people), (self.said, events, people)]

    def connection_pattern(self, _: Any) -> list[list[bool]]:
        return [[False, False], [True, True], [True, True]]

    @cached_property
    def back(self) -> ScalarGraph:
        """The slopes by state and parameters of one step, from those by the next state and by what is said."""
        slopes = scalar_variables(len(self.step.outputs))
        moved = self.step.inputs[self.fields :]
        total = sum(slope * output for slope, output in zip(slopes, self.step.outputs, strict=True))
        found = pt.grad(total, moved, disconnected_inputs="ignore", return_disconnected="zero")
        return ScalarGraph([*self.step.inputs, *slopes], found)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        course, _, p = inputs
        return [DisconnectedType()(), *EventScanGradient(self)(course, outputs[0], p, cotangents[1])]


class EventScanGradient(Op):
    """(course, held, p, slope by `said`) -> slopes by the start (state, person) and by p (parameter, person)."""

    def __init__(self, walk: EventScan) -> None:
        self.walk = walk

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor_variable(x) for x in inputs], [pt.dmatrix(), pt.dmatrix()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        course, held, p, by_said = inputs
        by_state, by_p = np.zeros((self.walk.states, p.shape[1])), np.zeros(p.shape)
        for row, state, slopes in zip(course[::-1], held[::-1], by_said.swapaxes(0, 1)[::-1], strict=True):
            found = self.walk.back.of_people(row, state, p, by_state, slopes)
            by_state, by_p = found[: self.walk.states], by_p + found[self.walk.states :]
        outputs[0][0], outputs[1][0] = by_state, by_p

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        _, (_, states, people), p, _ = shapes
        return [(states, people), p]


SCAN_TEMPLATE = """
def walk(course, start, p):
    events, _, people = course.shape
    held, said = np.empty((events, {states}, people)), np.empty(({said}, events, people))
    table = np.zeros(({rows}, {abreast}))
    now, state, own, says = {tables}
    asked = np.array({asked})
    for first in range(0, people, {abreast}):
        last = min(first + {abreast}, people)
        for row in range({states}): take(state[row], start[row], first, last)
        for row in range({parameters}): take(own[row], p[row], first, last)
        for event in range(events):
            for row in asked: take(now[row], course[event, row], first, last)
            for row in range({states}): give(held[event, row], state[row], first, last)
            for one in range({abreast}):
                {found} = step({given})
                {kept}
            for row in range({said}): give(said[row, event], says[row], first, last)
    return held, said
"""

GRADIENT_TEMPLATE = """
def walk_back(course, held, p, by_said):
    events, _, people = held.shape
    by_start, by_p = np.empty(({states}, people)), np.empty(p.shape)
    table = np.zeros(({rows}, {abreast}))
    now, state, own, by_state, by_says, by_own = {tables}
    asked = np.array({asked})
    for first in range(0, people, {abreast}):
        last = min(first + {abreast}, people)
        for row in range({parameters}): take(own[row], p[row], first, last)
        by_state[:] = 0.0
        by_own[:] = 0.0
        for event in range(events - 1, -1, -1):
            for row in asked: take(now[row], course[event, row], first, last)
            for row in range({states}): take(state[row], held[event, row], first, last)
            for row in range({said}): take(by_says[row], by_said[row, event], first, last)
            for one in range({abreast}):
                {found} = step({given})
                {kept}
        for row in range({states}): give(by_start[row], by_state[row], first, last)
        for row in range({parameters}): give(by_p[row], by_own[row], first, last)
    return by_start, by_p
"""


def lane_entries(array: str, count: int) -> list[str]:
    """One person's entries of an array, in a loop's source."""
    return [f"{array}[{index}, one]" for index in range(count)]


def compile_loop(
    source: str, op: EventScan, step: ScalarGraph, kept: list[str], sizes: Sequence[int]
) -> tuple[Any, str | None]:
    """A loop over steps as a numba function, and its key among what is cached.

    All that people abreast need for a step is in one table, whose parts have these sizes; a step reads its first rows.
    `kept` says where what comes out goes, and how.
    """
    found = [f"x{index}" for index in range(len(kept))]
    last = list(accumulate(sizes))
    source = source.format(
        abreast=LANES,
        asked=step.asked(op.fields) or [0],
        found=", ".join(found),
        given=", ".join(lane_entries("table", len(step.inputs))),
        kept="; ".join(f"{where} {x}" for where, x in zip(kept, found, strict=True)),
        parameters=op.parameters,
        rows=last[-1],
        said=op.said,
        states=op.states,
        tables=", ".join(f"table[{end - size}:{end}]" for end, size in zip(last, sizes, strict=True)),
    )
    one, key = numba_funcify_and_cache_key(step.as_one, node=step.as_one.make_node(*step.as_one.inputs))
    known = {"np": np, "step": inline_njit(one.py_func), "take": load_lanes, "give": store_lanes}
    loop = compile_numba_function_src(source, source.split("(")[0].split()[-1], known)
    return numba_njit(error_model="numpy")(loop), key and sha256((__name__ + source + key).encode()).hexdigest()


@register_funcify_and_cache_key(EventScan)
def event_scan_numba(op: EventScan, **_: Any) -> tuple[Any, str | None]:
    """`Walk.perform` as machine code."""
    kept = [f"{where} =" for where in (*lane_entries("state", op.states), *lane_entries("says", op.said))]
    return compile_loop(SCAN_TEMPLATE, op, op.step, kept, (op.fields, op.states, op.parameters, op.said))


@register_funcify_and_cache_key(EventScanGradient)
def event_scan_gradient_numba(op: EventScanGradient, **_: Any) -> tuple[Any, str | None]:
    """`WalkBack.perform` as machine code."""
    walk = op.walk
    kept = [f"{where} =" for where in lane_entries("by_state", walk.states)]
    kept += [f"{where} +=" for where in lane_entries("by_own", walk.parameters)]
    sizes = (walk.fields, walk.states, walk.parameters, walk.states, walk.said, walk.parameters)
    return compile_loop(GRADIENT_TEMPLATE, walk, walk.back, kept, sizes)
