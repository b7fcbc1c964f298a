"""Compile a PyMC model for nutpie's sampler, so that a model compiled before is ready in seconds.

nutpie wraps a compiled log density in a C function. By default it links the density into that function, and numba types
and optimises the whole again in every process. For a model compiled before, this is most of the wait. Here the C
function calls the density by its address, so that PyTensor's machine code is used as it is cached on the disk.
"""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import numba
import numpy as np
import nutpie
import pymc as pm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_new_ref
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from nutpie import compile_pymc

DOUBLE_POINTER = types.CPointer(types.float64)
WORD_BYTES = 8  # bytes of a pointer, a length and a double


def field_offset(record: np.dtype, *path: str) -> int:
    """Return where a field of nested records begins, in bytes."""
    first, *rest = path
    assert record.fields is not None  # a record has fields
    inner, offset = record.fields[first][:2]
    return offset + (field_offset(inner, *rest) if rest else 0)


def load_entry(context: Any, builder: Any, records: Any, offset: int) -> Any:
    """Generate code that loads the word at `offset` bytes of nutpie's record."""
    word = context.get_value_type(types.intp)
    entry = builder.gep(records, [ir.Constant(word, offset)])
    return builder.load(builder.bitcast(entry, word.as_pointer()))


def wrap_array(context: Any, builder: Any, array_type: Any, start: Any, shape: Sequence[Any]) -> Any:
    """Generate code that makes an array of the memory at `start`."""
    array = context.make_array(array_type)(context, builder)
    item_size = ir.Constant(context.get_value_type(types.intp), WORD_BYTES)
    strides = [item_size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    first_item = builder.bitcast(start, array.data.type)
    populate_array(array, first_item, shape, strides[: len(shape)], item_size, None)
    return array._getvalue()


def call_by_address(jitted: Any, size: int, table: np.dtype, keys: Sequence[str], data: dict[str, np.ndarray]) -> Any:
    """Return an intrinsic that calls a PyTensor function by its address.

    Its arguments are a pointer to `size` doubles, the point, and a pointer to `table`: nutpie's record of the address
    and the shape of each swappable array, by `keys`.
    """
    array_types = [types.Array(types.float64, 1, "C"), *(numba.typeof(data[key]) for key in keys)]
    argument_type = types.StarArgTuple(array_types)
    jitted.compile((argument_type,))
    compiled = jitted.overloads[(argument_type,)]
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return_type = compiled.signature.return_type

    @intrinsic
    def call(typing: Any, point: Any, table_pointer: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            point_pointer, records = arguments
            word = context.get_value_type(types.intp)
            arrays = [wrap_array(context, builder, array_types[0], point_pointer, [ir.Constant(word, size)])]
            for key, array_type in zip(keys, array_types[1:], strict=True):
                data_at, shape_at = (field_offset(table, "shared", part, key) for part in ("data", "shape"))
                start = builder.inttoptr(load_entry(context, builder, records, data_at), cgutils.voidptr_t)
                axes = [shape_at + WORD_BYTES * axis for axis in range(array_type.ndim)]
                shape = [load_entry(context, builder, records, offset) for offset in axes]
                arrays.append(wrap_array(context, builder, array_type, start, shape))
            convention = context.call_conv
            function_type = convention.get_function_type(return_type, (argument_type,)).as_pointer()
            function = builder.inttoptr(ir.Constant(word, address), function_type)
            packed = context.make_tuple(builder, argument_type, arrays)
            status, value = convention.call_function(builder, function, return_type, (argument_type,), [packed])
            with cgutils.if_unlikely(builder, status.is_error):
                convention.return_status_propagate(builder, status)
            return impl_ret_new_ref(context, builder, return_type, value)

        return return_type(point, table_pointer), generate

    return call


def make_logp_function(
    size: int, jitted: Any, record: np.ndarray, keys: Sequence[str], data: dict[str, np.ndarray]
) -> Any:
    """Return nutpie's C function for a log density and its gradient.

    The function returns a code: 0, 1 (failed) or 3 (not finite).
    """
    call = call_by_address(jitted, size, record.dtype, keys, data)

    def density(dim: int, point: Any, gradient_out: Any, logp_out: Any, table: Any) -> int:
        try:
            logp, gradient = call(point, table)
            logp_out[0] = logp[()]
            finite = np.isfinite(logp_out[0])
            for index in range(size):
                gradient_out[index] = gradient[index]
                finite &= np.isfinite(gradient[index])
        except Exception:  # numba can catch nothing narrower
            return 1
        return 0 if finite else 3

    return density, types.int64(types.uint64, DOUBLE_POINTER, DOUBLE_POINTER, DOUBLE_POINTER, types.voidptr)


def make_expand_function(
    size: int, expanded: int, jitted: Any, record: np.ndarray, keys: Sequence[str], data: dict[str, np.ndarray]
) -> Any:
    """Return nutpie's C function from a point to the values that are stored for it.

    The function returns a code: 0 or -2 (failed).
    """
    call = call_by_address(jitted, size, record.dtype, keys, data)

    def expand(dim: int, length: int, point: Any, values_out: Any, table: Any) -> int:
        try:
            [values] = call(point, table)
            for index in range(expanded):
                values_out[index] = values[index]
        except Exception:  # numba can catch nothing narrower
            return -2
        return 0

    return expand, types.int64(types.uint64, types.uint64, DOUBLE_POINTER, DOUBLE_POINTER, types.voidptr)


def compile_graph(graph: pm.Model, keep: Sequence[str]) -> Any:
    """Compile a graph for nutpie; `keep` names the variables that are stored in addition to the free ones."""
    with (
        patch.object(compile_pymc, "_make_c_logp_func", make_logp_function),
        patch.object(compile_pymc, "_make_c_expand_func", make_expand_function),
    ):
        return nutpie.compile_pymc_model(graph, var_names=list(keep))
