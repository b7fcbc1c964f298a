"""A few people abreast, in a table whose width the compiler knows, so that one instruction serves all of them.

Of arrays of any width it would have to ask first whether they overlap, and for dozens of small ones it does not.

Numbers that are not there yet: what is done to them is written down, line by line, as source.

A function of numbers, run once with such ones, has become straight machine code without loops or indices.
"""

from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
from pytensor.link.numba.cache import compile_numba_function_src
from pytensor.link.numba.dispatch.basic import numba_njit

type Shapes = Mapping[str, tuple[int, ...]]


class Symbol:
    """A number by its name in the source; numpy's functions of it are its methods of that name."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name, self.lines = name, lines

    def __repr__(self) -> str:
        return self.name

    def became(self, expression: str) -> "Symbol":
        """Another number, by one more line."""
        name = f"x{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return Symbol(name, self.lines)

    def __add__(self, other: Any) -> "Symbol":
        return self.became(f"{self} + {other}")

    def __sub__(self, other: Any) -> "Symbol":
        return self.became(f"{self} - {other}")

    def __rsub__(self, other: Any) -> "Symbol":
        return self.became(f"{other} - {self}")

    def __mul__(self, other: Any) -> "Symbol":
        return self.became(f"{self} * {other}")

    def __truediv__(self, other: Any) -> "Symbol":
        return self.became(f"{self} / {other}")

    def sqrt(self) -> "Symbol":
        return self.became(f"{self} ** 0.5")  # numba would call a function

    def log(self) -> "Symbol":
        return self.became(f"np.log({self})")


def symbolic_arrays(shapes: Shapes, name: Callable[[int], str], lines: list[str]) -> list[np.ndarray]:
    """Arrays of numbers, one after the other of so many names."""
    found, count = [], 0
    for shape in shapes.values():
        size = int(np.prod(shape))
        entries = [Symbol(name(count + index), lines) for index in range(size)]
        found.append(np.array(entries, dtype=object).reshape(shape))
        count += size
    return found


LANES = 8  # people: as many doubles as the widest instruction takes

inline_njit = partial(
    numba_njit, forceinline=True, error_model="numpy"
)  # put into what calls it; divides without asking


@inline_njit
def load_lanes(row: Any, x: Any, first: int, last: int) -> None:
    """Put x (person,) into a row of a table, for people from first to last.

    Where there are people enough the compiler knows how many. Indices are unsigned: of others numba asks each time
    whether they count from the end.
    """
    if last - first == LANES:
        for one in range(LANES):
            row[np.uint64(one)] = x[np.uint64(first + one)]
    else:
        for one in range(last - first):
            row[np.uint64(one)] = x[np.uint64(first + one)]


@inline_njit
def store_lanes(x: Any, row: Any, first: int, last: int) -> None:
    """The way back."""
    if last - first == LANES:
        for one in range(LANES):
            x[np.uint64(first + one)] = row[np.uint64(one)]
    else:
        for one in range(last - first):
            x[np.uint64(first + one)] = row[np.uint64(one)]


PEOPLE_TEMPLATE = """
def everyone({inputs}):
    people = {any_input}.shape[-1]
    {outputs} = {empty}
    table = np.zeros(({rows}, {abreast}))
    for first in range(0, people, {abreast}):
        last = min(first + {abreast}, people)
{taken}
        for one in range({abreast}):
            {lines}
{given}
    return {outputs}
"""


def row_loops(statement: str, shapes: Shapes, table_row: int) -> str:
    """Loops that do something with every row of some arrays and its place in the table, in a function's source."""
    source = []
    for name, shape in shapes.items():
        indices = [f"i{axis}" for axis in range(len(shape))]
        loops = [f"for {index} in range({size}):" for index, size in zip(indices, shape, strict=True)]
        strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
        place = " + ".join([str(table_row), *(f"{stride} * {i}" for stride, i in zip(strides, indices, strict=True))])
        x = f"{name}[{', '.join(indices)}]" if indices else name
        lines = [*loops, statement.format(x=x, row=f"table[{place}]")]
        source += ["    " * (2 + depth) + line for depth, line in enumerate(lines)]
        table_row += int(np.prod(shape))
    return "\n".join(source)


def vectorise_over_people(function: Callable[..., Any], inputs: Shapes, outputs: Shapes) -> tuple[Any, str]:
    """Machine code that does with everyone's arrays what a function does with one person's, and its key in the cache.

    Arrays by name, with their shapes of one person; everyone's have one dim more, the last.
    """
    lines: list[str] = []
    given = symbolic_arrays(inputs, "table[{}, one]".format, lines)
    asked = sum(array.size for array in given)
    results = [number for array in function(*given) for number in np.array(array, dtype=object).flat]
    lines += [f"table[{row}, one] = {number}" for row, number in enumerate(results, asked)]
    source = PEOPLE_TEMPLATE.format(
        abreast=LANES,
        any_input=next(iter(inputs)),
        empty=", ".join(f"np.empty(({''.join(f'{size}, ' for size in shape)}people))" for shape in outputs.values()),
        given=row_loops("give({x}, {row}, first, last)", outputs, asked),
        inputs=", ".join(inputs),
        lines="; ".join(lines),
        outputs=", ".join(outputs),
        rows=asked + len(results),
        taken=row_loops("take({row}, {x}, first, last)", inputs, 0),
    )
    loop = compile_numba_function_src(source, "everyone", {"np": np, "take": load_lanes, "give": store_lanes})
    return numba_njit(error_model="numpy")(loop), sha256((__name__ + source).encode()).hexdigest()
