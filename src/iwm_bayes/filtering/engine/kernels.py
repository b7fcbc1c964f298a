"""The likelihood of people as compiled functions of arrays.

    PersonKernel   (event array, response array, theta) -> log likelihood (person,), gradient (parameter, person)
    EventKernel    (event array, response array, theta) -> log likelihood (event, person)

A third kind gives the readouts at every event (`scan_op`).

The arrays are those of `filtering.arrays`, without innovations. Theta (parameter, person) are link-scale values, and
behind them the innovations (innovation * event, person) of a model that has some. Each kernel serves any
number of people and events. It is compiled once on a machine, and then read from the disk.
"""

import ctypes
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from types import ModuleType
from typing import NamedTuple

import numpy as np

from iwm_bayes.filtering.engine.equations import Step, person_equations
from iwm_bayes.filtering.engine.kernel_source import by_event_source, gradient_source, readouts_source
from iwm_bayes.filtering.engine.machine_code import compiled_module, describe_graphs, digest_of_writer

Arrays = tuple[np.ndarray, ...]
SOURCES = {"person": gradient_source, "event": by_event_source, "readouts": readouts_source}


def as_doubles(*arrays: np.ndarray) -> Arrays:
    """Return arrays as the machine code reads them: doubles, the last axis without gaps."""
    return tuple(np.ascontiguousarray(array, dtype=np.float64) for array in arrays)


def call_at(address: int, n_events: int, n_people: int, arrays: Arrays) -> None:
    """Call the function at an address with sizes and arrays; other threads run meanwhile."""
    pointers = [array.ctypes.data for array in arrays]
    prototype(len(arrays))(address)(n_events, n_people, *pointers)


@lru_cache
def prototype(count: int) -> Callable[[int], Callable[..., None]]:
    """Return the type of a C function of two sizes and so many pointers."""
    return ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, *[ctypes.c_void_p] * count)


class Sizes(NamedTuple):
    """How many rows the arrays of a kernel have."""

    events: int  # fields of an event
    responses: int  # fields of the responses
    theta: int  # link-scale values of a person
    innovations: int  # of an event; theta has as many more rows for every event


def checked(sizes: Sizes, events: np.ndarray, responses: np.ndarray, theta: np.ndarray) -> Arrays:
    """Return arrays as machine code reads them, which does not look where they end; ValueError if they do not fit."""
    n_events, _, n_people = events.shape
    expected = {
        "event array": (events.shape, (n_events, sizes.events, n_people)),
        "response array": (responses.shape, (sizes.responses, n_events, n_people)),
        "theta": (theta.shape, (sizes.theta + sizes.innovations * n_events, n_people)),
    }
    if wrong := [f"{name} {own}, not {right}" for name, (own, right) in expected.items() if own != right]:
        raise ValueError(f"arrays do not fit each other, or another model: {'; '.join(wrong)}")
    return as_doubles(events, responses, theta)


class PersonKernel(NamedTuple):
    """The log likelihood of each person, with its gradient by link-scale values."""

    module: ModuleType  # keeps the machine code alive
    sizes: Sizes

    @property
    def address(self) -> int:
        """The C function (n_events, n_people, events, responses, theta, by_person, gradient)."""
        return int(self.module.kernel.address)

    def __call__(self, events: np.ndarray, responses: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        given = checked(self.sizes, events, responses, theta)
        by_person, gradient = np.empty(theta.shape[1]), np.empty(theta.shape)
        call_at(self.address, len(events), theta.shape[1], (*given, by_person, gradient))
        return by_person, gradient


class EventKernel(NamedTuple):
    """The log likelihood of each event of each person."""

    module: ModuleType
    sizes: Sizes

    @property
    def address(self) -> int:
        """The C function (n_events, n_people, events, responses, theta, by_event)."""
        return int(self.module.kernel.address)

    def __call__(self, events: np.ndarray, responses: np.ndarray, theta: np.ndarray) -> np.ndarray:
        given = checked(self.sizes, events, responses, theta)
        by_event = np.empty((len(events), theta.shape[1]))
        call_at(self.address, len(events), theta.shape[1], (*given, by_event))
        return by_event


def digest_of_step(step: Step) -> str:
    """Return a digest of the equations of one event, and of what turns them into machine code."""
    tails = [graph for tail in step.tails for graph in (tail.condition, *tail.arguments, tail.value)]
    inputs = [*step.theta, *step.fields, *step.state, *(own.input for own in step.carried), *step.innovations]
    inputs += [variable for tail in step.tails for variable in tail.inputs]
    carried = [graph for own in step.carried for graph in (own.saved, own.event)]
    outputs = [*step.start, *step.next_state, step.log_density, *tails, *carried, *step.readouts]
    graphs = describe_graphs(inputs, outputs)
    parts = (step.theta, step.fields, step.state, step.tails, step.carried, step.readouts, step.innovations)
    sizes = [len(part) for part in parts]
    return sha256(f"{digest_of_writer()}\n{sizes}\n{graphs}".encode()).hexdigest()


def kernel_module(kind: str, label: str, step: Step, n_event_fields: int) -> ModuleType:
    """Return the module of a kernel, compiled where it is not on the disk."""
    write = SOURCES[kind]
    digest = sha256(f"{kind} {n_event_fields} {digest_of_step(step)}".encode()).hexdigest()
    return compiled_module(f"{label}_{kind}", digest, lambda: write(person_equations(step), n_event_fields))


def sizes_of(step: Step, n_event_fields: int) -> Sizes:
    """Return the sizes of the arrays of a step."""
    return Sizes(n_event_fields, len(step.fields) - n_event_fields, len(step.theta), len(step.innovations))


def person_kernel(label: str, step: Step, n_event_fields: int) -> PersonKernel:
    """Return the log likelihood by person; `label` names its file on the disk."""
    return PersonKernel(kernel_module("person", label, step, n_event_fields), sizes_of(step, n_event_fields))


def event_kernel(label: str, step: Step, n_event_fields: int) -> EventKernel:
    """Return the log likelihood by event; `label` names its file on the disk."""
    return EventKernel(kernel_module("event", label, step, n_event_fields), sizes_of(step, n_event_fields))
