"""Memory and functions by their address, in machine code that Numba can keep on the disk.

An address as a constant in the code would be that of one process. Here addresses are values at run time.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature

from iwm_bayes.inference.engine.group_transforms import kernel_part
from iwm_bayes.inference.engine.lanes import DOUBLE_BYTES, LANES, lane_array, machine_code, store

DENSITY_ARRAYS = 4  # point, gradient, log density, table
PERSON_KERNEL_ARRAYS = 5  # events, responses, theta; log likelihood by person, gradient
DOUBLES, INTEGERS = types.CPointer(types.float64), types.CPointer(types.int64)


def make_pointer(type_: Any) -> Any:
    """Return an intrinsic that takes an address as the pointer to numbers of one type."""

    @machine_code
    def pointer(_: Any, address: Any) -> Any:
        def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(type_))

        return signature(type_, types.int64), generate

    return pointer


doubles, integers = make_pointer(DOUBLES), make_pointer(INTEGERS)


@machine_code
def call_density(_: Any, density: Any, dim: Any, *places: Any) -> Any:
    """Call the density at an address with those of point, gradient, log density and table; return its code."""

    def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
        density, dim, places = arguments
        word, pointer = context.get_value_type(types.int64), cgutils.voidptr_t
        function = ir.FunctionType(word, [word, *[pointer] * DENSITY_ARRAYS])
        pointers = [builder.inttoptr(builder.extract_value(places, index), pointer) for index in range(DENSITY_ARRAYS)]
        return builder.call(builder.inttoptr(density, function.as_pointer()), [dim, *pointers])

    whole = types.StarArgTuple((types.int64,) * DENSITY_ARRAYS)
    return signature(types.int64, types.int64, types.int64, whole), generate


@machine_code
def call_person_kernel(_: Any, kernel: Any, n_events: Any, n_people: Any, *arrays: Any) -> Any:
    """Call the kernel at an address with the addresses of its arrays; see `filtering.engine`."""

    def generate(context: Any, builder: Any, __: Any, arguments: Any) -> Any:
        kernel, n_events, n_people, arrays = arguments
        word, pointer = context.get_value_type(types.int64), cgutils.voidptr_t
        function = ir.FunctionType(ir.VoidType(), [word, word, *[pointer] * PERSON_KERNEL_ARRAYS])
        places = [builder.extract_value(arrays, index) for index in range(PERSON_KERNEL_ARRAYS)]
        pointers = [builder.inttoptr(place, pointer) for place in places]
        builder.call(builder.inttoptr(kernel, function.as_pointer()), [n_events, n_people, *pointers])
        return context.get_dummy_value()

    arguments = (types.int64, types.int64, types.int64, types.UniTuple(types.int64, PERSON_KERNEL_ARRAYS))
    return signature(types.none, *arguments[:3], types.StarArgTuple((types.int64,) * PERSON_KERNEL_ARRAYS)), generate


@kernel_part
def new_memory(count: Any) -> Any:
    """Return memory for so many lanes, which must be used after the last use of its address; and the free address."""
    lanes, memory = np.empty(count * LANES), np.empty(1, dtype=np.int64)
    memory[0] = lanes.ctypes.data
    return lanes, memory


@kernel_part
def reserved(memory: Any, count: Any) -> Any:
    """Return the address of so many lanes, and move the first address that is free, `memory[0]`, behind them."""
    address = memory[0]
    memory[0] += count * LANES * DOUBLE_BYTES
    return address


@kernel_part
def zeroed(memory: Any, count: Any) -> Any:
    """Return the address of so many lanes, which are 0."""
    address = reserved(memory, count)
    lanes_there = lane_array(address, count)
    for index in range(count):
        store(0.0, lanes_there, index)
    return address
