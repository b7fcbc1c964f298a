"""The kernels of machine code run by Python: the same source, quick to make and slow to run."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import MagicMock, patch

import numpy as np
from scipy import special

from iwm_bayes.filtering.engine import scan_op
from iwm_bayes.filtering.engine.equations import PersonEquations, person_equations
from iwm_bayes.filtering.engine.kernel_source import gradient_source
from iwm_bayes.filtering.engine.kernels import SOURCES, digest_of_step
from iwm_bayes.model.person_step import person_step
from iwm_bayes.types import ModelSpec


def copy_eight(to: np.ndarray, x: np.ndarray, first: int) -> None:
    """Copy eight numbers, as `vector_math.copy_eight` does."""
    to[:8] = x[first : first + 8]


PLACE = "iwm_bayes.filtering.engine.scan_op"
IN_PYTHON = {  # what the source imports
    "math": math,
    "np": np,
    "types": MagicMock(),
    "carray": lambda array, _: array,
    "njit": lambda **_: lambda function: function,
    "cfunc": lambda *_, **__: lambda function: function,
    "special_function": lambda name: lambda x, _: getattr(special, name)(x),
    "copy_eight": copy_eight,
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "erfcx": special.erfcx,
    "select": lambda condition, x, y: x if condition else y,
}


EQUATIONS: dict[str, PersonEquations] = {}  # derived in this process, by the digest of the step


def equations_of(op: scan_op.KernelOp) -> PersonEquations:
    """Return the equations of an operation's kernel."""
    digest = digest_of_step(op.step)
    EQUATIONS[digest] = EQUATIONS.get(digest) or person_equations(op.step)
    return EQUATIONS[digest]


def source_of(op: scan_op.KernelOp) -> str:
    """Return the source of an operation's kernel."""
    return SOURCES[op.kind](equations_of(op), op.n_event_fields)


def run_source(source: str) -> Callable[..., None]:
    """Return the kernel that a source defines as a function of sizes and arrays that Python runs."""
    namespace = dict[str, Any](IN_PYTHON)
    exec(source[source.index("OPTIONS =") :], namespace)
    return namespace["kernel"]


@cache
def python_kernel(op: scan_op.KernelOp) -> Callable[..., None]:
    """Return the kernel of an operation for Python."""
    return run_source(source_of(op))


def call(kernel: Callable[..., None], n_events: int, n_people: int, arrays: tuple[np.ndarray, ...]) -> None:
    """Call a kernel as `kernels.call_at` does; where nobody is, it may divide by 0."""
    with np.errstate(all="ignore"):
        kernel(n_events, n_people, *arrays)


def person_likelihood(
    model: ModelSpec, figures: Sequence[str], events: np.ndarray, responses: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a model's `person_kernel` does, without compiling it."""
    kernel = run_source(gradient_source(person_equations(person_step(model, figures)), events.shape[1]))
    by_person, gradient = np.empty(theta.shape[1]), np.empty_like(theta)
    call(kernel, len(events), theta.shape[1], (events, responses, theta, by_person, gradient))
    return by_person, gradient


@contextmanager
def kernels_in_python() -> Iterator[None]:
    """Let Python run the kernels of operations that PyTensor performs."""
    with patch(f"{PLACE}.address_of", python_kernel), patch(f"{PLACE}.call_at", call):
        yield
