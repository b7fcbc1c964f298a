"""The linear algebra that makes people independent standard normal, for all people at once.

    L L' = precision,   x = L'^-1 (L^-1 weighted_mean + z)

This turns a standard normal z into x, which is normal with this precision and the mean precision^-1 weighted_mean.
With D parameters of N people, `precision` is (D, D, N); the precision-weighted mean, `z` and `x` are (D, N).

PyTensor's operations on stacks of small matrices take longer than a whole likelihood. Here the equations of one person
are written out for a known D (see `numba_codegen`), and their gradient likewise. The gradient of a Cholesky factor:
Murray (2016), arXiv:1602.07527.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_and_cache_key

from iwm_bayes.filtering.engine.numba_codegen import vectorise_over_people


def unwhiten(precision: Any, weighted_mean: Any, z: Any) -> tuple[Any, Any]:
    """Return x (D, N), and the log determinant (N,) of every person's factor L, as graphs.

    D must be known from the type of `weighted_mean`; ValueError otherwise.
    """
    x, log_determinant = Whitening(static_rows(weighted_mean))(precision, weighted_mean, z)
    return x, log_determinant


def static_rows(x: Any) -> int:
    """Return the number of rows of a graph (row, person), known without computing it."""
    rows, _ = x.type.shape
    if rows is None:
        raise ValueError(
            "whitening is written out for the number of rows, and the type of this graph does not state it"
        )
    return int(rows)


def subtract_products(x: Any, pairs: Iterable[tuple[Any, Any]]) -> Any:
    """Subtract the product of every pair from x."""
    for a, b in pairs:
        x = x - a * b
    return x


def cholesky_rows(precision: Any) -> list[list[Any]]:
    """Compute the Cholesky factor of a matrix; its rows end at the diagonal."""
    factor: list[list[Any]] = []
    for i, entries in enumerate(precision):
        row: list[Any] = []
        for above in factor:
            row.append(subtract_products(entries[len(row)], zip(row, above, strict=False)) / above[-1])
        factor.append([*row, np.sqrt(subtract_products(entries[i], zip(row, row, strict=True)))])
    return factor


def solve_lower(factor: Any, x: Any) -> list[Any]:
    """Compute factor^-1 x."""
    solution: list[Any] = []
    for row, value in zip(factor, x, strict=True):
        solution.append(subtract_products(value, zip(row, solution, strict=False)) / row[-1])
    return solution


def solve_upper(factor: Any, x: Any) -> list[Any]:
    """Compute factor'^-1 x, where x holds the first entries of a vector whose other entries are 0."""
    backwards: list[Any] = []  # the solution from its last entry on
    for i in reversed(range(len(x))):
        below = (factor[k][i] for k in reversed(range(i + 1, len(x))))
        backwards.append(subtract_products(x[i], zip(below, backwards, strict=True)) / factor[i][i])
    return backwards[::-1]


def unwhiten_person(precision: Any, weighted_mean: Any, z: Any) -> tuple[list[Any], Any]:
    """Compute one person's x, and the log determinant of the factor."""
    factor, determinant = cholesky_rows(precision), 1.0
    for row in factor:
        determinant = row[-1] * determinant
    total = [a + b for a, b in zip(solve_lower(factor, weighted_mean), z, strict=True)]
    return solve_upper(factor, total), np.log(determinant)


def unwhiten_person_gradient(
    precision: Any, weighted_mean: Any, x: Any, grad_x: Any, grad_log_determinant: Any
) -> tuple[Any, list[Any], list[Any]]:
    """Compute one person's gradient by precision, weighted mean and z, from that by x and the log determinant."""
    factor, rows = cholesky_rows(precision), range(len(weighted_mean))
    mean, grad_z = solve_lower(factor, weighted_mean), solve_lower(factor, grad_x)
    grad_weighted_mean = solve_upper(factor, grad_z)
    grad_factor = [
        [subtract_products(0.0, [(x[i], grad_z[j]), (grad_weighted_mean[i], mean[j])]) for j in range(i + 1)]
        for i in rows
    ]
    for row, factor_row in zip(grad_factor, factor, strict=True):
        row[-1] = row[-1] + grad_log_determinant / factor_row[-1]
    inner = [
        [subtract_products(0.0, ((factor[k][i], grad_factor[k][j]) for k in rows[i:])) for j in range(i + 1)]
        for i in rows
    ]
    for row in inner:
        row[-1] = row[-1] / 2.0
    left = [solve_upper(factor, row) for row in inner]
    half = [solve_upper(factor, [left[i][j] if j <= i else 0.0 for i in rows]) for j in rows]
    return [[(half[i][j] + half[j][i]) / -2.0 for j in rows] for i in rows], grad_weighted_mean, grad_z


class Whitening(Op):
    """(precision, weighted mean, z) -> (x, log determinant of the factor (N,)), for a known number of rows D."""

    __props__ = ("rows",)

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def make_node(self, *inputs: Any) -> Apply:
        precision, weighted_mean, z = map(pt.as_tensor_variable, inputs)
        return Apply(self, [precision, weighted_mean, z], [pt.dmatrix(), pt.dvector()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        precision, weighted_mean, z = (np.moveaxis(array, -1, 0) for array in inputs)
        factor = np.linalg.cholesky(precision)
        total = np.linalg.solve(factor, weighted_mean[..., None]) + z[..., None]
        outputs[0][0] = np.linalg.solve(factor.swapaxes(1, 2), total)[..., 0].T
        outputs[1][0] = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        *_, shape = shapes
        return [shape, (shape[1],)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        precision, weighted_mean, _ = inputs
        connected = [not isinstance(gradient.type, DisconnectedType) for gradient in cotangents]
        gradients = [
            gradient if is_connected else pt.zeros_like(output)
            for gradient, output, is_connected in zip(cotangents, outputs, connected, strict=True)
        ]
        return list(WhiteningGradient(self.rows)(precision, weighted_mean, outputs[0], *gradients))


class WhiteningGradient(Op):
    """(precision, weighted mean, x, gradient by x, gradient by log determinant) -> gradients by the inputs."""

    __props__ = ("rows",)

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor_variable(x) for x in inputs], [pt.dtensor3(), pt.dmatrix(), pt.dmatrix()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        precision, weighted_mean, x, grad_x, grad_log_determinant = (np.moveaxis(array, -1, 0) for array in inputs)
        factor, rows = np.linalg.cholesky(precision), range(weighted_mean.shape[1])
        transposed = factor.swapaxes(1, 2)
        grad_z = np.linalg.solve(factor, grad_x[..., None])[..., 0]
        grad_weighted_mean = np.linalg.solve(transposed, grad_z[..., None])[..., 0]
        mean = np.linalg.solve(factor, weighted_mean[..., None])[..., 0]
        grad_factor = -np.tril(x[:, :, None] * grad_z[:, None] + grad_weighted_mean[:, :, None] * mean[:, None])
        grad_factor[:, rows, rows] += grad_log_determinant[:, None] / factor[:, rows, rows]
        inner = np.tril(transposed @ grad_factor)
        inner[:, rows, rows] /= 2.0
        half = np.linalg.solve(transposed, np.linalg.solve(transposed, inner.swapaxes(1, 2)).swapaxes(1, 2))
        gradients = (half + half.swapaxes(1, 2)) / 2.0, grad_weighted_mean, grad_z
        for output, gradient in zip(outputs, gradients, strict=True):
            output[0] = np.moveaxis(gradient, 0, -1)

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        precision, weighted_mean, *_ = shapes
        return [precision, weighted_mean, weighted_mean]


@register_funcify_and_cache_key(Whitening)
def whitening_numba(op: Whitening, **_: Any) -> tuple[Any, str]:
    """Compile `Whitening.perform` to machine code."""
    vector, matrix = (op.rows,), (op.rows, op.rows)
    inputs = {"precision": matrix, "weighted_mean": vector, "z": vector}
    return vectorise_over_people(unwhiten_person, inputs, {"x": vector, "log_determinant": ()})


@register_funcify_and_cache_key(WhiteningGradient)
def whitening_gradient_numba(op: WhiteningGradient, **_: Any) -> tuple[Any, str]:
    """Compile `WhiteningGradient.perform` to machine code."""
    vector, matrix = (op.rows,), (op.rows, op.rows)
    inputs = {"precision": matrix, "weighted_mean": vector, "x": vector, "grad_x": vector, "grad_log_determinant": ()}
    outputs = {"grad_precision": matrix, "grad_weighted_mean": vector, "grad_z": vector}
    return vectorise_over_people(unwhiten_person_gradient, inputs, outputs)
