"""Numbers that are not there yet: what is done to them is written down, line by line, as source.

A function of numbers, run once with such ones, has become straight machine code without loops or indices.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

type Shapes = Mapping[str, tuple[int, ...]]


class Number:
    """A number by its name in the source; numpy's functions of it are its methods of that name."""

    def __init__(self, name: str, lines: list[str]) -> None:
        self.name, self.lines = name, lines

    def __repr__(self) -> str:
        return self.name

    def became(self, expression: str) -> "Number":
        """Another number, by one more line."""
        name = f"x{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return Number(name, self.lines)

    def __add__(self, other: Any) -> "Number":
        return self.became(f"{self} + {other}")

    def __sub__(self, other: Any) -> "Number":
        return self.became(f"{self} - {other}")

    def __rsub__(self, other: Any) -> "Number":
        return self.became(f"{other} - {self}")

    def __mul__(self, other: Any) -> "Number":
        return self.became(f"{self} * {other}")

    def __truediv__(self, other: Any) -> "Number":
        return self.became(f"{self} / {other}")

    def sqrt(self) -> "Number":
        return self.became(f"{self} ** 0.5")  # numba would call a function

    def log(self) -> "Number":
        return self.became(f"np.log({self})")


def numbered(shapes: Shapes, name: Callable[[int], str], lines: list[str]) -> list[np.ndarray]:
    """Arrays of numbers, one after the other of so many names."""
    found, count = [], 0
    for shape in shapes.values():
        size = int(np.prod(shape))
        entries = [Number(name(count + index), lines) for index in range(size)]
        found.append(np.array(entries, dtype=object).reshape(shape))
        count += size
    return found
