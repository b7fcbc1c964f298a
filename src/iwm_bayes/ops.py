"""The mathematical functions of which learning rules and responses are made.

Each function takes NumPy arrays or PyTensor graphs and returns the same type. An equation is therefore written once
and serves both the simulator and the sampler. Arithmetic operators work on both without help.

Axes are counted from the right: figure, then person. An array has an axis for figures. A graph has none: `Figures`
holds one graph per figure. Every step of a rule is then elementwise over people, and PyTensor fuses it into one loop.
This takes about half the compile time and two thirds of the running time of a figure axis (measured for
`compensatory` with two figures).
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from iwm_bayes.lazy import lazy_module

special = lazy_module("scipy.special")

ELEMENTWISE = ("exp", "log", "sqrt", "sigmoid", "logit", "where", "maximum", "minimum", "constant")  # for any rule

OF_DENSITIES = ("log1p", "gammaln", "erfcx", "stack_choices", "take_choice")  # for the family of a response

type Array = Any  # a float64 NumPy array, a PyTensor variable over people, or Figures of those


class Figures:
    """Graphs over people, one per figure. With two figure axes, each of them is itself `Figures`."""

    __array_ufunc__ = None  # arithmetic with NumPy scalars must use the operators below

    def __init__(self, graphs: Iterable[Array]) -> None:
        self.graphs = tuple(graphs)

    def __add__(self, other: Array) -> Array:
        return _figurewise(operator.add)(self, other)

    def __sub__(self, other: Array) -> Array:
        return _figurewise(operator.sub)(self, other)

    def __mul__(self, other: Array) -> Array:
        return _figurewise(operator.mul)(self, other)

    def __truediv__(self, other: Array) -> Array:
        return _figurewise(operator.truediv)(self, other)

    def __pow__(self, other: Array) -> Array:
        return _figurewise(operator.pow)(self, other)

    def __radd__(self, other: Array) -> Array:
        return _figurewise(operator.add)(other, self)

    def __rsub__(self, other: Array) -> Array:
        return _figurewise(operator.sub)(other, self)

    def __rmul__(self, other: Array) -> Array:
        return _figurewise(operator.mul)(other, self)

    def __rtruediv__(self, other: Array) -> Array:
        return _figurewise(operator.truediv)(other, self)


def _count_figure_axes(x: Array) -> int:
    """Return the number of figure axes of a graph."""
    return 1 + _count_figure_axes(x.graphs[0]) if isinstance(x, Figures) else 0


def _figurewise(function: Callable[..., Array]) -> Callable[..., Array]:
    """Make `function` act on each figure, with figure axes aligned from the right as NumPy aligns axes."""

    def apply(*arguments: Array) -> Array:
        axes = max(map(_count_figure_axes, arguments))
        if axes == 0:
            return function(*arguments)
        figures = next(len(argument.graphs) for argument in arguments if _count_figure_axes(argument) == axes)
        return Figures(
            apply(
                *(
                    argument.graphs[figure] if _count_figure_axes(argument) == axes else argument
                    for argument in arguments
                )
            )
            for figure in range(figures)
        )

    return apply


def is_graph(x: Array) -> bool:
    """Return whether a quantity is a PyTensor variable: only those have an `owner`."""
    return hasattr(x, "owner")


def pytensor_tensor() -> Any:
    """Import PyTensor only where there is a graph: the import takes a second, and simulation does not need it."""
    return import_module("pytensor.tensor")


def _dispatch(on_arrays: Callable[..., Array], on_graphs: Callable[..., Array]) -> Callable[..., Array]:
    """Make a function that serves arrays and graphs; `on_graphs` takes `pytensor.tensor` as its first argument."""

    def function(*arguments: Array) -> Array:
        return on_graphs(pytensor_tensor(), *arguments) if any(map(is_graph, arguments)) else on_arrays(*arguments)

    return _figurewise(function)


exp = _dispatch(np.exp, lambda pt, x: pt.exp(x))
log = _dispatch(np.log, lambda pt, x: pt.log(x))
log1p = _dispatch(np.log1p, lambda pt, x: pt.log1p(x))
sqrt = _dispatch(np.sqrt, lambda pt, x: pt.sqrt(x))
sigmoid = _dispatch(lambda x: special.expit(x), lambda pt, x: pt.sigmoid(x))
logit = _dispatch(lambda x: special.logit(x), lambda pt, x: pt.log(x / (1.0 - x)))
where = _dispatch(np.where, lambda pt, condition, x, y: pt.switch(condition, x, y))
maximum = _dispatch(np.maximum, lambda pt, x, y: pt.maximum(x, y))
minimum = _dispatch(np.minimum, lambda pt, x, y: pt.minimum(x, y))
gammaln = _dispatch(lambda x: special.gammaln(x), lambda pt, x: pt.gammaln(x))
erfcx = _dispatch(lambda x: special.erfcx(x), lambda pt, x: pt.erfcx(x))


def constant(value: float) -> np.float64:
    """Return a number that enters a graph as float64; a plain Python float may enter as float32."""
    return np.float64(value)


def has_figures(x: Array) -> bool:
    """Return whether a quantity of one event has a figure axis."""
    return isinstance(x, Figures) or x.ndim > 1


def count_figures(x: Array) -> int:
    """Return the length of the last figure axis."""
    return len(x.graphs) if isinstance(x, Figures) else x.shape[-2]


def stack_figures(quantities: list[Array]) -> Array:
    """Stack one quantity (..., person) per figure to (..., figure, person)."""
    return Figures(quantities) if any(map(is_graph, quantities)) else np.stack(quantities, axis=-2)


def split_figures(x: Array) -> list[Array]:
    """Split a quantity (..., figure, person) into one quantity per figure."""
    return list(x.graphs) if isinstance(x, Figures) else [x[..., figure, :] for figure in range(x.shape[-2])]


def broadcast_figures(x: Array, figures: int) -> Array:
    """Repeat a quantity (person,) for every figure to (figure, person); leave one that has figures as it is."""
    return x if has_figures(x) else stack_figures([x] * figures)


def first_figures(x: Array, figures: int) -> Array:
    """Keep the first `figures` figures of a quantity; leave one without a figure axis as it is."""
    if isinstance(x, Figures):
        return Figures(x.graphs[:figures])
    return x[..., :figures, :] if x.ndim > 1 else x


def sum_over_figures(x: Array) -> Array:
    """Sum over the last figure axis."""
    if _count_figure_axes(x) > 1:
        return Figures(map(sum_over_figures, x.graphs))
    return sum(x.graphs[1:], x.graphs[0]) if isinstance(x, Figures) else x.sum(axis=-2)


def outer(a: Array, b: Array) -> Array:
    """Multiply a (figure, person) by b (figure, person) to (figure, figure, person)."""
    return Figures(row * b for row in a.graphs) if isinstance(a, Figures) else a[:, None] * b[None, :]


def exchangeable_matrix(diagonal: Array, off_diagonal: Array, figures: int) -> Array:
    """Return the matrix (figure, figure, person) with one value on its diagonal and another off it."""
    rows = [
        stack_figures([diagonal if row == column else off_diagonal for column in range(figures)])
        for row in range(figures)
    ]
    return Figures(rows) if isinstance(rows[0], Figures) else np.stack(rows)


def stack_choices(quantities: list[Array]) -> Array:
    """Stack one quantity per choice along a new last axis; scalar graphs to `Figures`, which stay elementwise."""
    if any(map(is_graph, quantities)):
        scalar = all(np.ndim(quantity) == 0 for quantity in quantities)
        return Figures(quantities) if scalar else pytensor_tensor().stack(quantities, axis=-1)
    return np.stack(np.broadcast_arrays(*quantities), axis=-1)


def take_choice(x: Array, choice: Array) -> Array:
    """Return what `stack_choices` stacked for each choice 0, 1, ...: `x` is (..., choice), `choice` is (...)."""
    if isinstance(x, Figures):
        first, *others = x.graphs
        for index, graph in enumerate(others, 1):
            first = where(choice > index - 0.5, graph, first)
        return first
    if is_graph(x) or is_graph(choice):
        pt = pytensor_tensor()
        index = pt.as_tensor(choice).astype("int64")[..., None]
        return pt.take_along_axis(pt.as_tensor(x), index, axis=-1).squeeze(-1)
    return np.take_along_axis(x, np.asarray(choice).astype(int)[..., None], axis=-1)[..., 0]


def at_event_of_person(x: Array, event: Array) -> Array:
    """Return `x` (event, person) of each person at another of their events, whose index is `event` (event, person)."""
    if is_graph(x) or is_graph(event):
        return x[event.astype("int64"), pytensor_tensor().arange(x.shape[1])]
    return np.take_along_axis(x, event.astype(int), axis=0)


def replace_where(condition: Array, x: Array, function: Callable[..., Array], *quantities: Array) -> Array:
    """Return `x` (event, person) with `function` of the quantities where a condition holds; computed only there.

    Each quantity broadcasts to the shape of `x`; `function` gets their values at these places, (place,) each.
    """
    if not any(map(is_graph, (condition, x, *quantities))):
        places, replaced = np.nonzero(condition), np.array(x)
        replaced[places] = function(*(np.broadcast_to(quantity, replaced.shape)[places] for quantity in quantities))
        return replaced
    pt = pytensor_tensor()
    place = pt.flatnonzero(condition)  # two indices must be checked to fit
    people = x.shape[1]
    position = {
        (False, False): place,
        (True, False): place % people,
        (False, True): place // people,
        (True, True): 0 * place,
    }
    matrices = [pt.atleast_2d(quantity) for quantity in quantities]
    new = function(*(matrix.ravel()[position[matrix.type.broadcastable]] for matrix in matrices))
    return x.ravel()[place].set(new).reshape(x.shape)


def component_graphs(x: Array) -> Iterator[Array]:
    """Iterate over the graphs that a quantity holds, in order."""
    if isinstance(x, Figures):
        for graph in x.graphs:
            yield from component_graphs(graph)
    else:
        yield x


def with_component_graphs(x: Array, graphs: Iterator[Array]) -> Array:
    """Return a quantity with the figure axes of `x` that holds other graphs, in the order of `component_graphs`."""
    if isinstance(x, Figures):
        return Figures(with_component_graphs(graph, graphs) for graph in x.graphs)
    return next(graphs)
