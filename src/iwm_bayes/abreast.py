"""A few people abreast, in a table whose width the compiler knows, so that one instruction serves all of them.

Of arrays of any width it would have to ask first whether they overlap, and for dozens of small ones it does not.
"""

from functools import partial
from typing import Any

import numpy as np
from pytensor.link.numba.dispatch.basic import numba_njit

ABREAST = 8  # people: as many doubles as the widest instruction takes

inside = partial(numba_njit, forceinline=True, error_model="numpy")  # put into what calls it; divides without asking


@inside
def take(row: Any, x: Any, first: int, last: int) -> None:
    """Put x (person,) into a row of a table, for people from first to last.

    Where there are people enough the compiler knows how many. Indices are unsigned: of others numba asks each time
    whether they count from the end.
    """
    if last - first == ABREAST:
        for one in range(ABREAST):
            row[np.uint64(one)] = x[np.uint64(first + one)]
    else:
        for one in range(last - first):
            row[np.uint64(one)] = x[np.uint64(first + one)]


@inside
def give(x: Any, row: Any, first: int, last: int) -> None:
    """The way back."""
    if last - first == ABREAST:
        for one in range(ABREAST):
            x[np.uint64(first + one)] = row[np.uint64(one)]
    else:
        for one in range(last - first):
            x[np.uint64(first + one)] = row[np.uint64(one)]
