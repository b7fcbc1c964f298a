"""Equations between scalars, to be computed for many people at once: as one operation of machine code, or by Python."""

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

GRADIENT_REWRITES = (
    "stabilize",
)  # what PyTensor does before it differentiates; not sums of over 32, which its Python cannot add
CODE_REWRITES = ("merge", "canonicalize", "stabilize", "specialize")  # and before it becomes machine code, without C

EXCLUDED_REWRITES = ("cxx_only", "local_1msigmoid")  # C, and an exponential for 1 - sigmoid beside that of the sigmoid

INLINE_SCALARS = {  # numba makes a call of the first and asks of the second if it divides by 0: none eight abreast
    pt.sqrt: lambda x: x**0.5,
    pt.sigmoid: lambda x: ps.true_div(1.0, 1.0 + ps.exp(-x)),
}


def scalar_variables(count: int) -> list[Any]:
    """So many graphs without dims."""
    return [pt.dscalar() for _ in range(count)]


class ScalarGraph:
    """Outputs from inputs, graphs without dims."""

    def __init__(self, inputs: Sequence[Any], outputs: Iterable[Any]) -> None:
        self.inputs, self.outputs = (
            list(inputs),
            rewrite_graph(list(outputs), include=GRADIENT_REWRITES, exclude=EXCLUDED_REWRITES),
        )

    @cached_property
    def on_vectors(self) -> Callable[..., list[np.ndarray]]:
        """The same of vectors, by PyTensor's Python: slow, and made at once."""
        vectors = [pt.dvector() for _ in self.inputs]
        outputs = vectorize_graph(self.outputs, dict(zip(self.inputs, vectors, strict=True)))
        return pytensor.function(vectors, outputs, mode=Mode("py", None), on_unused_input="ignore")

    def of_people(self, *inputs: np.ndarray) -> np.ndarray:
        """Everyone's outputs (output, person) from inputs (some of them, person)."""
        rows = np.concatenate(inputs)
        return np.stack([np.broadcast_to(found, rows.shape[1]) for found in self.on_vectors(*rows)])

    @cached_property
    def as_one(self) -> Composite:
        """The same as one operation on scalars, of which machine code is made: see `INLINE_SCALARS`."""
        graph = FunctionGraph(
            self.inputs, rewrite_graph(self.outputs, include=CODE_REWRITES, exclude=EXCLUDED_REWRITES), clone=True
        )
        known = {variable: ps.float64() for variable in graph.inputs}
        inputs = list(known.values())

        def scalar(variable: Any) -> Any:
            return ps.constant(variable.data, variable.dtype) if isinstance(variable, Constant) else known[variable]

        for node in graph.toposort():
            given = [scalar(variable) for variable in node.inputs]
            known[node.outputs[0]] = INLINE_SCALARS.get(node.op, node.op.scalar_op)(*given)
        return Composite(inputs, [ps.identity(scalar(output)) for output in graph.outputs])

    def asked(self, count: int) -> list[int]:
        """Which of the first so many inputs the outputs depend on."""
        known = set(ancestors(self.outputs))
        return [index for index, variable in enumerate(self.inputs[:count]) if variable in known]
