"""The loop over events as one PyTensor operation of machine code, with its gradient.

    state[event + 1], readouts[:, event] = step(event_array[event], state[event], p)

The step is written in scalars, because people do not affect each other. PyTensor's own scan calls a function at every
event, and that function allocates all its results. For some dozens of people and a rule such as Rescorla-Wagner, this
costs several times as much as the computation. The gradient recomputes each step from the state before it.
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
    """(event array (event, field, person), start (state, person), p (parameter, person)) -> (states, readouts).

    `states` (event, state, person) holds the state before each event. `readouts` (readout, event, person) holds what
    the step returns after the next state. Gradients flow from `readouts` only.
    """

    def __init__(self, step: ScalarGraph, n_fields: int, n_states: int) -> None:
        self.step, self.n_fields, self.n_states = step, n_fields, n_states
        self.n_parameters, self.n_readouts = len(step.inputs) - n_fields - n_states, len(step.outputs) - n_states

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor_variable(x) for x in inputs], [pt.dtensor3(), pt.dtensor3()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        event_array, state, p = inputs
        states = np.empty((len(event_array), *state.shape))
        readouts = np.empty((self.n_readouts, len(event_array), state.shape[1]))
        for event, fields in enumerate(event_array):
            states[event] = state
            values = self.step.evaluate(fields, state, p)
            state, readouts[:, event] = values[: self.n_states], values[self.n_states :]
        outputs[0][0], outputs[1][0] = states, readouts

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        (events, _, people), *_ = shapes
        return [(events, self.n_states, people), (self.n_readouts, events, people)]

    def connection_pattern(self, _: Any) -> list[list[bool]]:
        return [[False, False], [True, True], [True, True]]

    @cached_property
    def step_gradient(self) -> ScalarGraph:
        """The gradient of one step by state and parameters, from that by the next state and the readouts."""
        gradients = scalar_variables(len(self.step.outputs))
        variables = self.step.inputs[self.n_fields :]
        total = sum(gradient * output for gradient, output in zip(gradients, self.step.outputs, strict=True))
        results = pt.grad(total, variables, disconnected_inputs="ignore", return_disconnected="zero")
        return ScalarGraph([*self.step.inputs, *gradients], results)

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        event_array, _, p = inputs
        return [DisconnectedType()(), *EventScanGradient(self)(event_array, outputs[0], p, cotangents[1])]


class EventScanGradient(Op):
    """(event array, states, p, gradient by readouts) -> gradients by start (state, person) and p (like p)."""

    def __init__(self, scan: EventScan) -> None:
        self.scan = scan

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor_variable(x) for x in inputs], [pt.dmatrix(), pt.dmatrix()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        event_array, states, p, grad_readouts = inputs
        grad_state, grad_p = np.zeros((self.scan.n_states, p.shape[1])), np.zeros(p.shape)
        backwards = zip(event_array[::-1], states[::-1], grad_readouts.swapaxes(0, 1)[::-1], strict=True)
        for fields, state, gradients in backwards:
            values = self.scan.step_gradient.evaluate(fields, state, p, grad_state, gradients)
            grad_state, grad_p = values[: self.scan.n_states], grad_p + values[self.scan.n_states :]
        outputs[0][0], outputs[1][0] = grad_state, grad_p

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        _, (_, states, people), p, _ = shapes
        return [(states, people), p]


SCAN_TEMPLATE = """
def scan_events(event_array, start, p):
    events, _, people = event_array.shape
    states, readouts = np.empty((events, {n_states}, people)), np.empty(({n_readouts}, events, people))
    table = np.zeros(({rows}, {lanes}))
    fields, state, parameters, values = {tables}
    used = np.array({used_fields})
    for first in range(0, people, {lanes}):
        last = min(first + {lanes}, people)
        for row in range({n_states}): load(state[row], start[row], first, last)
        for row in range({n_parameters}): load(parameters[row], p[row], first, last)
        for event in range(events):
            for row in used: load(fields[row], event_array[event, row], first, last)
            for row in range({n_states}): store(states[event, row], state[row], first, last)
            for lane in range({lanes}):
                {results} = step({arguments})
                {assignments}
            for row in range({n_readouts}): store(readouts[row, event], values[row], first, last)
    return states, readouts
"""

GRADIENT_TEMPLATE = """
def scan_events_gradient(event_array, states, p, grad_readouts):
    events, _, people = states.shape
    grad_start, grad_p = np.empty(({n_states}, people)), np.empty(p.shape)
    table = np.zeros(({rows}, {lanes}))
    fields, state, parameters, grad_state, grad_values, grad_parameters = {tables}
    used = np.array({used_fields})
    for first in range(0, people, {lanes}):
        last = min(first + {lanes}, people)
        for row in range({n_parameters}): load(parameters[row], p[row], first, last)
        grad_state[:] = 0.0
        grad_parameters[:] = 0.0
        for event in range(events - 1, -1, -1):
            for row in used: load(fields[row], event_array[event, row], first, last)
            for row in range({n_states}): load(state[row], states[event, row], first, last)
            for row in range({n_readouts}): load(grad_values[row], grad_readouts[row, event], first, last)
            for lane in range({lanes}):
                {results} = step({arguments})
                {assignments}
        for row in range({n_states}): store(grad_start[row], grad_state[row], first, last)
        for row in range({n_parameters}): store(grad_p[row], grad_parameters[row], first, last)
    return grad_start, grad_p
"""


def lane_entries(array: str, count: int) -> list[str]:
    """Return one person's entries of an array, as source."""
    return [f"{array}[{index}, lane]" for index in range(count)]


def compile_loop(
    template: str, op: EventScan, step: ScalarGraph, targets: list[str], sizes: Sequence[int]
) -> tuple[Any, str | None]:
    """Compile a loop over steps to a Numba function; return it with its cache key.

    One table holds everything that a step needs for `LANES` people. `sizes` are the sizes of its parts, and a step
    reads its first rows. `targets` state where each result of a step goes, with `=` or `+=`.
    """
    results = [f"x{index}" for index in range(len(targets))]
    ends = list(accumulate(sizes))
    source = template.format(
        arguments=", ".join(lane_entries("table", len(step.inputs))),
        assignments="; ".join(f"{target} {x}" for target, x in zip(targets, results, strict=True)),
        lanes=LANES,
        n_parameters=op.n_parameters,
        n_readouts=op.n_readouts,
        n_states=op.n_states,
        results=", ".join(results),
        rows=ends[-1],
        tables=", ".join(f"table[{end - size}:{end}]" for end, size in zip(ends, sizes, strict=True)),
        used_fields=step.used_inputs(op.n_fields) or [0],
    )
    step_function, key = numba_funcify_and_cache_key(
        step.composite_op, node=step.composite_op.make_node(*step.composite_op.inputs)
    )
    namespace = {"np": np, "step": inline_njit(step_function.py_func), "load": load_lanes, "store": store_lanes}
    loop = compile_numba_function_src(source, source.split("(")[0].split()[-1], namespace)
    return numba_njit(error_model="numpy")(loop), key and sha256((__name__ + source + key).encode()).hexdigest()


@register_funcify_and_cache_key(EventScan)
def event_scan_numba(op: EventScan, **_: Any) -> tuple[Any, str | None]:
    """Compile `EventScan.perform` to machine code."""
    entries = (*lane_entries("state", op.n_states), *lane_entries("values", op.n_readouts))
    sizes = (op.n_fields, op.n_states, op.n_parameters, op.n_readouts)
    return compile_loop(SCAN_TEMPLATE, op, op.step, [f"{entry} =" for entry in entries], sizes)


@register_funcify_and_cache_key(EventScanGradient)
def event_scan_gradient_numba(op: EventScanGradient, **_: Any) -> tuple[Any, str | None]:
    """Compile `EventScanGradient.perform` to machine code."""
    scan = op.scan
    targets = [f"{entry} =" for entry in lane_entries("grad_state", scan.n_states)]
    targets += [f"{entry} +=" for entry in lane_entries("grad_parameters", scan.n_parameters)]
    sizes = (scan.n_fields, scan.n_states, scan.n_parameters, scan.n_states, scan.n_readouts, scan.n_parameters)
    return compile_loop(GRADIENT_TEMPLATE, scan, scan.step_gradient, targets, sizes)
