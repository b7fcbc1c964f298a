"""The linear algebra by which people become independent standard normal, all at once.

    L L' = precision,   place = L'^-1 (L^-1 pull + z)

turns z, standard normal, into `place`, normal with this precision and the mean precision^-1 pull. With D rows of N
people, `precision` is (D, D, N), `pull`, `z` and `place` are (D, N). PyTensor's own operations on stacks of small
matrices cost more than a whole likelihood; here what is done with one person's numbers is written out for the number of
rows that there are (see `unrolled`), with the gradient beside it. What flows back through a Cholesky factor: Murray
(2016), arXiv:1602.07527.
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


def subtract_products(x: Any, pairs: Iterable[tuple[Any, Any]]) -> Any:
    """x less the products of pairs."""
    for a, b in pairs:
        x = x - a * b
    return x


def cholesky_rows(precision: Any) -> list[list[Any]]:
    """The Cholesky factor of a matrix, its rows up to the diagonal."""
    factor: list[list[Any]] = []
    for i, entries in enumerate(precision):
        row: list[Any] = []
        for above in factor:
            row.append(subtract_products(entries[len(row)], zip(row, above, strict=False)) / above[-1])
        factor.append([*row, np.sqrt(subtract_products(entries[i], zip(row, row, strict=True)))])
    return factor


def solve_lower(factor: Any, x: Any) -> list[Any]:
    """factor^-1 x."""
    found: list[Any] = []
    for row, value in zip(factor, x, strict=True):
        found.append(subtract_products(value, zip(row, found, strict=False)) / row[-1])
    return found


def solve_upper(factor: Any, x: Any) -> list[Any]:
    """factor'^-1 x, for an x of which only the first entries are not 0: the same entries."""
    found: list[Any] = []  # from the last one on
    for i in reversed(range(len(x))):
        below = (factor[k][i] for k in reversed(range(i + 1, len(x))))
        found.append(subtract_products(x[i], zip(below, found, strict=True)) / factor[i][i])
    return found[::-1]


def place_person(precision: Any, pull: Any, z: Any) -> tuple[list[Any], Any]:
    """One person's `place`, and the log of the factor's determinant."""
    factor, determinant = cholesky_rows(precision), 1.0
    for row in factor:
        determinant = row[-1] * determinant
    whole = [a + b for a, b in zip(solve_lower(factor, pull), z, strict=True)]
    return solve_upper(factor, whole), np.log(determinant)


def place_person_gradient(
    precision: Any, pull: Any, place: Any, by_place: Any, by_log: Any
) -> tuple[Any, list[Any], list[Any]]:
    """One person's slopes by precision, pull and z, from those by place and by the log."""
    factor, rows = cholesky_rows(precision), range(len(pull))
    mean, by_z = solve_lower(factor, pull), solve_lower(factor, by_place)
    by_pull = solve_upper(factor, by_z)
    by_factor = [
        [subtract_products(0.0, [(place[i], by_z[j]), (by_pull[i], mean[j])]) for j in range(i + 1)] for i in rows
    ]
    for row, known in zip(by_factor, factor, strict=True):
        row[-1] = row[-1] + by_log / known[-1]
    inner = [
        [subtract_products(0.0, ((factor[k][i], by_factor[k][j]) for k in rows[i:])) for j in range(i + 1)]
        for i in rows
    ]
    for row in inner:
        row[-1] = row[-1] / 2.0
    turned = [solve_upper(factor, row) for row in inner]
    half = [solve_upper(factor, [turned[i][j] if j <= i else 0.0 for i in rows]) for j in rows]
    return [[(half[i][j] + half[j][i]) / -2.0 for j in rows] for i in rows], by_pull, by_z


class Whitening(Op):
    """(precision, pull, z) -> (place, log of the factor's determinant (N,)), for so many rows."""

    __props__ = ("rows",)

    def __init__(self, rows: int) -> None:
        self.rows = rows

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
        return list(WhiteningGradient(self.rows)(precision, pull, outputs[0], *slopes))


class WhiteningGradient(Op):
    """What flows back: (precision, pull, place, slope by place, slope by log determinant) -> slopes by the inputs."""

    __props__ = ("rows",)

    def __init__(self, rows: int) -> None:
        self.rows = rows

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


@register_funcify_and_cache_key(Whitening)
def whitening_numba(op: Whitening, **_: Any) -> tuple[Any, str]:
    """`Coloured.perform` as machine code."""
    one, matrix = (op.rows,), (op.rows, op.rows)
    return vectorise_over_people(
        place_person, {"precision": matrix, "pull": one, "z": one}, {"place": one, "log_determinant": ()}
    )


@register_funcify_and_cache_key(WhiteningGradient)
def whitening_gradient_numba(op: WhiteningGradient, **_: Any) -> tuple[Any, str]:
    """`Returned.perform` as machine code."""
    one, matrix = (op.rows,), (op.rows, op.rows)
    given = {"precision": matrix, "pull": one, "place": one, "by_place": one, "by_log": ()}
    return vectorise_over_people(place_person_gradient, given, {"by_precision": matrix, "by_pull": one, "by_z": one})


def unwhiten(precision: Any, pull: Any, z: Any) -> tuple[Any, Any]:
    """`place` (D, N) and the log determinant (N,) of everyone's factor, in a graph that knows how many rows there are.

    ValueError where it does not.
    """
    place, log_determinant = Whitening(static_rows(pull))(precision, pull, z)
    return place, log_determinant


def static_rows(x: Any) -> int:
    """How many rows a graph (row, person) has, which is known before it is computed."""
    rows, _ = x.type.shape
    if rows is None:
        raise ValueError("whitening is written out for the number of rows, which is not known of this graph")
    return int(rows)
