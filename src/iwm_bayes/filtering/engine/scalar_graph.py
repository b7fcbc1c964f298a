"""Equations between scalars that are evaluated for many people: as one compiled operation, or by PyTensor's Python."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pytensor
import pytensor.scalar as ps
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.graph import rewrite_graph
from pytensor.graph.basic import Constant
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.replace import vectorize_graph
from pytensor.graph.traversal import ancestors
from pytensor.scalar.basic import Composite

# Before differentiation. Rewrites of sums are left out: PyTensor's Python mode cannot add more than 32 terms.
GRADIENT_REWRITES = ("stabilize",)
CODE_REWRITES = ("merge", "canonicalize", "stabilize", "specialize")  # before compilation to machine code
# Left out: rewrites to C, and one that computes a second exponential for 1 - sigmoid.
EXCLUDED_REWRITES = ("cxx_only", "local_1msigmoid")

# Numba makes a function call of the first, and checks the second for division by 0. Neither could then serve eight
# people with one instruction.
INLINE_SCALARS = {
    pt.sqrt: lambda x: x**0.5,
    pt.sigmoid: lambda x: ps.true_div(1.0, 1.0 + ps.exp(-x)),
}


def scalar_variables(count: int) -> list[Any]:
    """Return `count` new scalar variables."""
    return [pt.dscalar() for _ in range(count)]


class ScalarGraph:
    """Equations from scalar inputs to scalar outputs."""

    def __init__(self, inputs: Sequence[Any], outputs: Iterable[Any]) -> None:
        self.inputs = list(inputs)
        self.outputs = rewrite_graph(list(outputs), include=GRADIENT_REWRITES, exclude=EXCLUDED_REWRITES)

    @cached_property
    def vector_function(self) -> Callable[..., list[np.ndarray]]:
        """The same equations for vectors, by PyTensor's Python: quick to make and slow to run."""
        vectors = [pt.dvector() for _ in self.inputs]
        outputs = vectorize_graph(self.outputs, dict(zip(self.inputs, vectors, strict=True)))
        return pytensor.function(vectors, outputs, mode=Mode("py", None), on_unused_input="ignore")

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        """Compute the outputs (output, person) from blocks of inputs, (input, person) each, in order."""
        rows = np.concatenate(inputs)
        return np.stack([np.broadcast_to(output, rows.shape[1]) for output in self.vector_function(*rows)])

    @cached_property
    def composite_op(self) -> Composite:
        """The same equations as one operation on scalars, from which machine code is made."""
        graph = FunctionGraph(
            self.inputs, rewrite_graph(self.outputs, include=CODE_REWRITES, exclude=EXCLUDED_REWRITES), clone=True
        )
        scalars = {variable: ps.float64() for variable in graph.inputs}
        inputs = list(scalars.values())

        def scalar(variable: Any) -> Any:
            return ps.constant(variable.data, variable.dtype) if isinstance(variable, Constant) else scalars[variable]

        for node in graph.toposort():
            arguments = [scalar(variable) for variable in node.inputs]
            scalars[node.outputs[0]] = INLINE_SCALARS.get(node.op, node.op.scalar_op)(*arguments)
        return Composite(inputs, [ps.identity(scalar(output)) for output in graph.outputs])

    def used_inputs(self, count: int) -> list[int]:
        """List the indices, among the first `count` inputs, of those that the outputs depend on."""
        used = set(ancestors(self.outputs))
        return [index for index, variable in enumerate(self.inputs[:count]) if variable in used]
