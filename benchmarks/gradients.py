"""The log density with its gradient, called by address as the sampler calls it, and the time of one call.

It serves every version of the program, from models that nutpie compiles to those that have C functions of their own.
"""

import ctypes
import time
from collections.abc import Callable
from typing import Any

import numpy as np

REPEATS = 400
DENSITY = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)  # of nutpie

type Density = Callable[[np.ndarray], tuple[float, np.ndarray]]


def addresses(ready: Any) -> tuple[int, int]:
    """Return the addresses of the density and of its data."""
    if hasattr(ready, "compiled_logp_func"):
        return ready.compiled_logp_func.address, ready.user_data.ctypes.data
    return ready.kernels.density.address, ready.table.address


def density(ready: Any) -> Density:
    """Return the function x -> (log density, gradient) of a model with its data; each call overwrites the gradient."""
    address, data = addresses(ready)
    function, gradient, value = DENSITY(address), np.zeros(ready.n_dim), np.zeros(1)

    def call(x: np.ndarray) -> tuple[float, np.ndarray]:
        code = function(ready.n_dim, x.ctypes.data, gradient.ctypes.data, value.ctypes.data, data)
        assert code == 0
        return float(value[0]), gradient

    return call


def median_seconds(function: Callable[..., object], *arguments: Any) -> float:
    """Return the median seconds of a call, after a first call that is not counted."""
    function(*arguments)
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        function(*arguments)
        seconds.append(time.perf_counter() - began)
    return float(np.median(seconds))
