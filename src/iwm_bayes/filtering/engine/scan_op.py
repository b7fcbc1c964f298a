"""Readouts at every event as one PyTensor operation; it and its gradient are kernels of machine code.

    readouts[:, event, n]   what the step of a rule returns at an event, from the start and with the parameters p[:, n]
    gradient[:, n]          gradient by p[:, n] of the sum of weights * readouts over readouts and events

A sum of weights times readouts is a log density whose answers are the weights. So the gradient is the kernel of a
likelihood, and the array of weights has the place of the array of answers.
"""

from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
import pytensor.tensor as pt
from llvmlite import binding
from numba import types
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key

from iwm_bayes.filtering.engine.equations import Step, scalars, weighted_sum
from iwm_bayes.filtering.engine.kernels import call_at, checked, digest_of_step, kernel_module, sizes_of


def with_weights(step: Step) -> Step:
    """Return a step whose log density is the sum of weights times readouts; the weights are its last fields."""
    weights = scalars(len(step.readouts))
    return step._replace(fields=[*step.fields, *weights], log_density=weighted_sum(weights, step.readouts))


class KernelOp(Op):
    """An operation that is a kernel; two with the same equations are equal."""

    __props__ = ("digest",)
    kind: str  # of kernel

    def __init__(self, step: Step, n_event_fields: int) -> None:
        self.step, self.n_event_fields, self.sizes = step, n_event_fields, sizes_of(step, n_event_fields)
        self.digest = sha256(f"{self.kind} {n_event_fields} {digest_of_step(step)}".encode()).hexdigest()


class EventScan(KernelOp):
    """(event array (event, field, person), p (parameter, person)) -> readouts (readout, event, person)."""

    kind = "readouts"

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor_variable(x) for x in inputs], [pt.dtensor3()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        events, p = inputs
        no_answers = np.empty((0, len(events), p.shape[1]))
        given = checked(self.sizes._replace(responses=0), events, no_answers, p)
        readouts = np.empty((len(self.step.readouts), len(events), p.shape[1]))
        call_at(address_of(self), len(events), p.shape[1], (*given, readouts))
        outputs[0][0] = readouts

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        (events, _, people), _ = shapes
        return [(len(self.step.readouts), events, people)]

    def connection_pattern(self, _: Any) -> list[list[bool]]:
        return [[False], [True]]

    def pullback(self, inputs: Any, _: Any, cotangents: Any) -> list[Any]:
        event_array, p = inputs
        return [DisconnectedType()(), EventScanGradient(self.step, self.n_event_fields)(event_array, *cotangents, p)]


class EventScanGradient(KernelOp):
    """(event array, weights (readout, event, person), p) -> gradient of the weighted sum of readouts by p (like p)."""

    kind = "person"

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor_variable(x) for x in inputs], [pt.dmatrix()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        given = events, _, p = checked(self.sizes, *inputs)
        total, gradient = np.empty(p.shape[1]), np.empty_like(p)
        call_at(address_of(self), len(events), p.shape[1], (*given, total, gradient))
        outputs[0][0] = gradient

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        return [shapes[2]]


@cache
def address_of(op: KernelOp) -> int:
    """Return the address of an operation's kernel in this process."""
    return int(kernel_module(op.kind, "scan", op.step, op.n_event_fields).kernel.address)


def named_kernel(op: KernelOp, n_arrays: int) -> Any:
    """Return an operation's kernel for Numba, by a name.

    The linker finds the address by the name. So code that calls the kernel can lie on the disk, as other processes
    have the kernel at other addresses.
    """
    symbol = f"iwm_bayes_{op.digest}"
    binding.add_symbol(symbol, address_of(op))
    return types.ExternalFunction(symbol, types.void(types.int64, types.int64, *[types.voidptr] * n_arrays))


@register_funcify_and_cache_key(EventScan)
def event_scan_numba(op: EventScan, **_: Any) -> tuple[Any, str]:
    """Return `EventScan.perform` for Numba, which calls the kernel without Python."""
    kernel, n_readouts = named_kernel(op, 4), len(op.step.readouts)
    n_fields, n_theta = op.sizes.events, op.sizes.theta

    @numba_njit
    def scan_events(event_array: Any, p: Any) -> Any:
        events, theta = np.ascontiguousarray(event_array), np.ascontiguousarray(p)
        n_events, n_people = len(events), theta.shape[1]
        if events.shape[1:] != (n_fields, n_people) or len(theta) != n_theta:
            raise ValueError("arrays do not fit each other")
        readouts = np.empty((n_readouts, n_events, n_people))
        kernel(n_events, n_people, events.ctypes, events.ctypes, theta.ctypes, readouts.ctypes)
        return readouts

    return scan_events, op.digest


@register_funcify_and_cache_key(EventScanGradient)
def event_scan_gradient_numba(op: EventScanGradient, **_: Any) -> tuple[Any, str]:
    """Return `EventScanGradient.perform` for Numba."""
    kernel = named_kernel(op, 5)
    n_fields, n_readouts, n_theta = op.sizes[:3]

    @numba_njit
    def scan_events_gradient(event_array: Any, grad_readouts: Any, p: Any) -> Any:
        events, weights = np.ascontiguousarray(event_array), np.ascontiguousarray(grad_readouts)
        theta = np.ascontiguousarray(p)
        n_events, n_people = len(events), theta.shape[1]
        if events.shape[1:] != (n_fields, n_people) or len(theta) != n_theta:
            raise ValueError("arrays do not fit each other")
        if weights.shape != (n_readouts, n_events, n_people):
            raise ValueError("the gradient has another shape than the readouts")
        total, gradient = np.empty(n_people), np.empty(theta.shape)
        kernel(n_events, n_people, events.ctypes, weights.ctypes, theta.ctypes, total.ctypes, gradient.ctypes)
        return gradient

    return scan_events_gradient, op.digest
