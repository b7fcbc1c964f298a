"""Source code for Numba that computes a function of one person's numbers for eight people at once.

A function is run once with symbols in place of numbers, and each operation is written down as a line of source. The
result is straight-line code without loops or indices. People are copied to a table whose width (`LANES`) the compiler
knows, so that one instruction serves all of them. For arrays of unknown width it would have to check at run time
whether they overlap. With dozens of small arrays it does not try.
"""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
from pytensor.link.numba.cache import compile_numba_function_src
from pytensor.link.numba.dispatch.basic import numba_njit

type Shapes = Mapping[str, tuple[int, ...]]

LANES = 8  # people in the table: as many doubles as the widest instruction takes

inline_njit = partial(numba_njit, forceinline=True, error_model="numpy")  # inlined; divides without checking for 0


class Symbol:
    """A number by its name in the source. NumPy calls its methods for functions of the same name."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name, self.lines = name, lines

    def __repr__(self) -> str:
        return self.name

    def assign(self, expression: str) -> "Symbol":
        """Add a line that assigns an expression to a new symbol, and return that symbol."""
        name = f"x{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return Symbol(name, self.lines)

    def __add__(self, other: Any) -> "Symbol":
        return self.assign(f"{self} + {other}")

    def __sub__(self, other: Any) -> "Symbol":
        return self.assign(f"{self} - {other}")

    def __rsub__(self, other: Any) -> "Symbol":
        return self.assign(f"{other} - {self}")

    def __mul__(self, other: Any) -> "Symbol":
        return self.assign(f"{self} * {other}")

    def __truediv__(self, other: Any) -> "Symbol":
        return self.assign(f"{self} / {other}")

    def sqrt(self) -> "Symbol":
        return self.assign(f"{self} ** 0.5")  # for np.sqrt Numba would call a function

    def log(self) -> "Symbol":
        return self.assign(f"np.log({self})")


def symbolic_arrays(shapes: Shapes, name: Callable[[int], str], lines: list[str]) -> list[np.ndarray]:
    """Return arrays of symbols, numbered through all arrays and named by `name(number)`."""
    arrays, count = [], 0
    for shape in shapes.values():
        size = int(np.prod(shape))
        entries = [Symbol(name(count + index), lines) for index in range(size)]
        arrays.append(np.array(entries, dtype=object).reshape(shape))
        count += size
    return arrays


@inline_njit
def load_lanes(row: Any, x: Any, first: int, last: int) -> None:
    """Copy x (person,) to a row of the table, for people from first to last.

    With a full table the compiler knows the number of people. Indices are unsigned because Numba checks every signed
    index for counting from the end.
    """
    if last - first == LANES:
        for lane in range(LANES):
            row[np.uint64(lane)] = x[np.uint64(first + lane)]
    else:
        for lane in range(last - first):
            row[np.uint64(lane)] = x[np.uint64(first + lane)]


@inline_njit
def store_lanes(x: Any, row: Any, first: int, last: int) -> None:
    """Copy a row of the table to x (person,), for people from first to last."""
    if last - first == LANES:
        for lane in range(LANES):
            x[np.uint64(first + lane)] = row[np.uint64(lane)]
    else:
        for lane in range(last - first):
            x[np.uint64(first + lane)] = row[np.uint64(lane)]


PEOPLE_TEMPLATE = """
def over_people({inputs}):
    people = {any_input}.shape[-1]
    {outputs} = {empty}
    table = np.zeros(({rows}, {lanes}))
    for first in range(0, people, {lanes}):
        last = min(first + {lanes}, people)
{load_inputs}
        for lane in range({lanes}):
            {lines}
{store_outputs}
    return {outputs}
"""


def row_loops(statement: str, shapes: Shapes, table_row: int) -> str:
    """Return source: loops over all entries of some arrays, with a statement on each entry and its row of the table."""
    source = []
    for name, shape in shapes.items():
        indices = [f"i{axis}" for axis in range(len(shape))]
        loops = [f"for {index} in range({size}):" for index, size in zip(indices, shape, strict=True)]
        strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
        row = " + ".join([str(table_row), *(f"{stride} * {i}" for stride, i in zip(strides, indices, strict=True))])
        x = f"{name}[{', '.join(indices)}]" if indices else name
        lines = [*loops, statement.format(x=x, row=f"table[{row}]")]
        source += ["    " * (2 + depth) + line for depth, line in enumerate(lines)]
        table_row += int(np.prod(shape))
    return "\n".join(source)


def vectorise_over_people(function: Callable[..., Any], inputs: Shapes, outputs: Shapes) -> tuple[Any, str]:
    """Compile a function of one person's arrays to machine code for all people; return it with its cache key.

    `inputs` and `outputs` are one person's shapes by name. The arrays of all people have one more axis, the last.
    """
    lines: list[str] = []
    arguments = symbolic_arrays(inputs, "table[{}, lane]".format, lines)
    n_inputs = sum(array.size for array in arguments)
    results = [number for array in function(*arguments) for number in np.array(array, dtype=object).flat]
    lines += [f"table[{row}, lane] = {number}" for row, number in enumerate(results, n_inputs)]
    source = PEOPLE_TEMPLATE.format(
        any_input=next(iter(inputs)),
        empty=", ".join(f"np.empty(({''.join(f'{size}, ' for size in shape)}people))" for shape in outputs.values()),
        inputs=", ".join(inputs),
        lanes=LANES,
        lines="; ".join(lines),
        load_inputs=row_loops("load({row}, {x}, first, last)", inputs, 0),
        outputs=", ".join(outputs),
        rows=n_inputs + len(results),
        store_outputs=row_loops("store({x}, {row}, first, last)", outputs, n_inputs),
    )
    namespace = {"np": np, "load": load_lanes, "store": store_lanes}
    loop = compile_numba_function_src(source, "over_people", namespace)
    return numba_njit(error_model="numpy")(loop), sha256((__name__ + source).encode()).hexdigest()
