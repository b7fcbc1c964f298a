"""The linear algebra by which people become independent standard normal, all at once.

    L L' = precision,   place = L'^-1 (L^-1 pull + z)

turns z, standard normal, into `place`, normal with this precision and the mean precision^-1 pull. With D rows of N
people, `precision` is (D, D, N), `pull`, `z` and `place` are (D, N). PyTensor's own operations on stacks of small
matrices cost more than a whole likelihood; here every step is taken for all people before the next one, with the
gradient beside it. What flows back through a Cholesky factor: Murray (2016), arXiv:1602.07527.
"""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

from iwm_bayes.abreast import inside


@inside
def take(into: Any, scale: Any, x: Any) -> None:
    """Take scale * x from `into`, (N,) each."""
    for person in range(len(into)):
        into[person] -= scale[person] * x[person]


@inside
def part(into: Any, divisor: Any) -> None:
    """Divide `into` by a divisor, (N,) each."""
    for person in range(len(into)):
        into[person] /= divisor[person]


@inside
def factored(precision: Any) -> Any:
    """Cholesky factors (D, D, N), lower triangles."""
    factor = np.zeros(precision.shape)
    for column in range(len(precision)):
        for row in range(column, len(precision)):
            factor[row, column] = precision[row, column]
            for before in range(column):
                take(factor[row, column], factor[row, before], factor[column, before])
        factor[column, column] = np.sqrt(factor[column, column])
        for row in range(column + 1, len(precision)):
            part(factor[row, column], factor[column, column])
    return factor


@inside
def forward(factor: Any, x: Any) -> None:
    """Put factor^-1 x in the place of x (D, N)."""
    for row in range(len(x)):
        for before in range(row):
            take(x[row], factor[row, before], x[before])
        part(x[row], factor[row, row])


@inside
def backward(factor: Any, x: Any, rows: Any) -> None:
    """Put factor'^-1 x in the place of x, whose first `rows` alone are not 0."""
    for row in range(rows - 1, -1, -1):
        for after in range(row + 1, rows):
            take(x[row], factor[after, row], x[after])
        part(x[row], factor[row, row])


class Coloured(Op):
    """(precision, pull, z) -> (place, log of the factor's determinant (N,))."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        precision, pull, z = map(pt.as_tensor_variable, inputs)
        return Apply(self, [precision, pull, z], [pt.dmatrix(), pt.dvector()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        precision, pull, z = (np.moveaxis(x, -1, 0) for x in inputs)
        factor = np.linalg.cholesky(precision)
        whole = np.linalg.solve(factor, pull[..., None]) + z[..., None]
        outputs[0][0] = np.linalg.solve(factor.swapaxes(1, 2), whole)[..., 0].T
        outputs[1][0] = np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        *_, shape = shapes
        return [shape, (shape[1],)]

    def pullback(self, inputs: Any, outputs: Any, cotangents: Any) -> list[Any]:
        precision, pull, _ = inputs
        known = [not isinstance(slope.type, DisconnectedType) for slope in cotangents]
        slopes = [a if there else pt.zeros_like(x) for a, x, there in zip(cotangents, outputs, known, strict=True)]
        return list(Returned()(precision, pull, outputs[0], *slopes))


class Returned(Op):
    """What flows back: (precision, pull, place, slope by place, slope by log determinant) -> slopes by the inputs."""

    __props__ = ()

    def make_node(self, *inputs: Any) -> Apply:
        return Apply(self, [pt.as_tensor_variable(x) for x in inputs], [pt.dtensor3(), pt.dmatrix(), pt.dmatrix()])

    def perform(self, _: Any, inputs: Any, outputs: Any) -> None:
        precision, pull, place, by_place, by_log = (np.moveaxis(x, -1, 0) for x in inputs)
        factor, rows = np.linalg.cholesky(precision), range(pull.shape[1])
        turned = factor.swapaxes(1, 2)
        by_z = np.linalg.solve(factor, by_place[..., None])[..., 0]
        by_pull = np.linalg.solve(turned, by_z[..., None])[..., 0]
        mean = np.linalg.solve(factor, pull[..., None])[..., 0]
        by_factor = -np.tril(place[:, :, None] * by_z[:, None] + by_pull[:, :, None] * mean[:, None])
        by_factor[:, rows, rows] += by_log[:, None] / factor[:, rows, rows]
        inner = np.tril(turned @ by_factor)
        inner[:, rows, rows] /= 2.0
        half = np.linalg.solve(turned, np.linalg.solve(turned, inner.swapaxes(1, 2)).swapaxes(1, 2))
        for output, slope in zip(outputs, ((half + half.swapaxes(1, 2)) / 2.0, by_pull, by_z), strict=True):
            output[0] = np.moveaxis(slope, 0, -1)

    def infer_shape(self, _: Any, shapes: Any) -> list[Any]:
        precision, pull, *_ = shapes
        return [precision, pull, pull]


@register_funcify_default_op_cache_key(Coloured)
def coloured_by_numba(op: Any, node: Any, **_: Any) -> Any:
    """`Coloured.perform` as machine code."""

    @inside
    def coloured(precision: Any, pull: Any, z: Any) -> Any:
        factor, place, log_determinant = factored(precision), pull.copy(), np.zeros(pull.shape[1])
        forward(factor, place)
        place += z
        backward(factor, place, len(place))
        for row in range(len(place)):
            log_determinant += np.log(factor[row, row])
        return place, log_determinant

    return coloured, 3


@register_funcify_default_op_cache_key(Returned)
def returned_by_numba(op: Any, node: Any, **_: Any) -> Any:
    """`Returned.perform` as machine code."""

    @inside
    def returned(precision: Any, pull: Any, place: Any, by_place: Any, by_log: Any) -> Any:
        factor, by_z, mean, count = factored(precision), by_place.copy(), pull.copy(), len(pull)
        forward(factor, mean)
        forward(factor, by_z)
        by_pull = by_z.copy()
        backward(factor, by_pull, count)
        by_factor = np.zeros(precision.shape)
        for row in range(count):
            for column in range(row + 1):
                take(by_factor[row, column], place[row], by_z[column])
                take(by_factor[row, column], by_pull[row], mean[column])
            by_factor[row, row] += by_log / factor[row, row]
        inner = np.zeros(precision.shape)
        for row in range(count):
            for column in range(row + 1):
                for below in range(row, count):
                    take(inner[row, column], factor[below, row], by_factor[below, column])
            inner[row, row] /= 2.0
        for row in range(count):
            backward(factor, inner[row], row + 1)
        for column in range(count):
            backward(factor, inner[:, column], count)
        return (inner + inner.transpose(1, 0, 2)) / -2.0, by_pull, by_z

    return returned, 3


def coloured(precision: Any, pull: Any, z: Any) -> tuple[Any, Any]:
    """`place` (D, N) and the log determinant (N,) of everyone's factor, in a graph."""
    place, log_determinant = Coloured()(precision, pull, z)
    return place, log_determinant
