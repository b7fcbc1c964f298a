"""The few functions of which rules and responses are made.

Each takes NumPy arrays and PyTensor graphs alike and returns what it was given, so that an equation is
written once and serves the simulator and the sampler. Arithmetic needs no help.

Axes are counted from the right: figure, then person. An array carries its figures along an axis; a graph
carries one graph per figure (`Figures`). Then every step of a rule is elementwise over people, and PyTensor
fuses it to a single loop: about half the compile time and two thirds of the running time of figures along an
axis (compensatory, two figures).
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
from scipy import special

type Array = Any  # a float64 NumPy array, a PyTensor variable over people, or Figures of those


class Figures:
    """Graphs over people, one per figure; of Figures themselves where there are two figure axes."""

    __array_ufunc__ = None  # NumPy scalars must leave arithmetic to this class

    def __init__(self, rows: Iterable[Array]) -> None:
        self.rows = tuple(rows)

    def __add__(self, other: Array) -> Array:
        return _rowwise(operator.add)(self, other)

    def __sub__(self, other: Array) -> Array:
        return _rowwise(operator.sub)(self, other)

    def __mul__(self, other: Array) -> Array:
        return _rowwise(operator.mul)(self, other)

    def __truediv__(self, other: Array) -> Array:
        return _rowwise(operator.truediv)(self, other)

    def __pow__(self, other: Array) -> Array:
        return _rowwise(operator.pow)(self, other)

    def __radd__(self, other: Array) -> Array:
        return _rowwise(operator.add)(other, self)

    def __rsub__(self, other: Array) -> Array:
        return _rowwise(operator.sub)(other, self)

    def __rmul__(self, other: Array) -> Array:
        return _rowwise(operator.mul)(other, self)

    def __rtruediv__(self, other: Array) -> Array:
        return _rowwise(operator.truediv)(other, self)


def _depth(x: Array) -> int:
    """How many figure axes a graph has."""
    return 1 + _depth(x.rows[0]) if isinstance(x, Figures) else 0


def _rowwise(function: Callable[..., Array]) -> Callable[..., Array]:
    """`function` on every row, figure axes aligned from the right as NumPy aligns arrays."""

    def apply(*arguments: Array) -> Array:
        deepest = max(map(_depth, arguments))
        if deepest == 0:
            return function(*arguments)
        count = next(len(argument.rows) for argument in arguments if _depth(argument) == deepest)
        return Figures(
            apply(*(argument.rows[row] if _depth(argument) == deepest else argument for argument in arguments))
            for row in range(count)
        )

    return apply


def in_graph(x: Array) -> bool:
    """Whether a quantity is a PyTensor variable: those know by what they are made, arrays and numbers do not."""
    return hasattr(x, "owner")


def graphs() -> Any:
    """PyTensor, imported where there is a graph, because that takes a second and simulation needs none."""
    return import_module("pytensor.tensor")


def _either(on_arrays: Callable[..., Array], on_graphs: Callable[..., Array]) -> Callable[..., Array]:
    """A function of arrays, or, with PyTensor as its first argument, of graphs."""

    def function(*arguments: Array) -> Array:
        return on_graphs(graphs(), *arguments) if any(map(in_graph, arguments)) else on_arrays(*arguments)

    return _rowwise(function)


exp = _either(np.exp, lambda pt, x: pt.exp(x))
log = _either(np.log, lambda pt, x: pt.log(x))
sqrt = _either(np.sqrt, lambda pt, x: pt.sqrt(x))
sigmoid = _either(special.expit, lambda pt, x: pt.sigmoid(x))
logit = _either(special.logit, lambda pt, x: pt.log(x / (1.0 - x)))
where = _either(np.where, lambda pt, condition, x, y: pt.switch(condition, x, y))
maximum = _either(np.maximum, lambda pt, x, y: pt.maximum(x, y))
minimum = _either(np.minimum, lambda pt, x, y: pt.minimum(x, y))


def constant(value: float) -> np.float64:
    """A number that enters a graph as float64: a bare Python float may enter as float32."""
    return np.float64(value)


def has_figures(x: Array) -> bool:
    """Whether a quantity of one event is kept by figure."""
    return isinstance(x, Figures) or x.ndim > 1


def by_figure(rows: list[Array]) -> Array:
    """Quantities (person,) of each figure together, (figure, person)."""
    return Figures(rows) if any(map(in_graph, rows)) else np.stack(rows)


def each_figure(x: Array, figures: int) -> Array:
    """The same for every figure, where it is not by figure already: (figure, person)."""
    return x if has_figures(x) else by_figure([x] * figures)


def over_figures(x: Array) -> Array:
    """The sum over the last figure axis."""
    if _depth(x) > 1:
        return Figures(map(over_figures, x.rows))
    return sum(x.rows[1:], x.rows[0]) if isinstance(x, Figures) else x.sum(axis=-2)


def outer(a: Array, b: Array) -> Array:
    """a (figure, person) times b (figure, person) to (figure, figure, person)."""
    return Figures(row * b for row in a.rows) if isinstance(a, Figures) else a[:, None] * b[None, :]


def exchangeable(same: Array, other: Array, figures: int) -> Array:
    """The matrix (figure, figure, person) with `same` on its diagonal and `other` off it."""
    pairs = [by_figure([same if row == column else other for column in range(figures)]) for row in range(figures)]
    return Figures(pairs) if isinstance(pairs[0], Figures) else np.stack(pairs)


def rows_of(x: Array) -> list[Array]:
    """A quantity by figure, (..., figure, person), as one quantity per figure."""
    return list(x.rows) if isinstance(x, Figures) else [x[..., figure, :] for figure in range(x.shape[-2])]


def first_figures(x: Array, figures: int) -> Array:
    """A quantity by figure for the first so many only; others as they are."""
    if isinstance(x, Figures):
        return Figures(x.rows[:figures])
    return x[..., :figures, :] if x.ndim > 1 else x


def by_choice(rows: list[Array]) -> Array:
    """Quantities of each of several choices together, along a last axis of their own."""
    if any(map(in_graph, rows)):
        return graphs().stack(rows, axis=-1)
    return np.stack(np.broadcast_arrays(*rows), axis=-1)


def count_figures(x: Array) -> int:
    """How many figures a quantity by figure has."""
    return len(x.rows) if isinstance(x, Figures) else x.shape[-2]


def flat(x: Array) -> Iterator[Array]:
    """The graphs of which a quantity is made, in order."""
    if isinstance(x, Figures):
        for row in x.rows:
            yield from flat(row)
    else:
        yield x


def refill(x: Array, graphs: Iterator[Array]) -> Array:
    """A quantity built like `x` from other graphs, as `flat` ordered them."""
    return Figures(refill(row, graphs) for row in x.rows) if isinstance(x, Figures) else next(graphs)
