"""A PyMC model to nutpie's sampler, so that a model compiled before is ready in seconds.

nutpie wraps a compiled log density in a C function. By itself it links the density into that function, which
numba then types and optimises anew in every process: most of the wait for a model compiled before. Here the density
is called by its address, and PyTensor's cached machine code is used as it lies on the disk.
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
    """Where a field of nested records begins, in bytes."""
    first, *rest = path
    assert record.fields is not None  # a record has fields
    inner, at = record.fields[first][:2]
    return at + (field_offset(inner, *rest) if rest else 0)


def call_by_address(jitted: Any, size: int, table: np.dtype, keys: Sequence[str], data: dict[str, np.ndarray]) -> Any:
    """A PyTensor function as numba code can call it: (pointer to `size` doubles, pointer to the table of data).

    The table is nutpie's record of where each swappable array lies and what shape it has.
    """
    kinds = [types.Array(types.float64, 1, "C"), *(numba.typeof(data[key]) for key in keys)]
    given = types.StarArgTuple(kinds)
    jitted.compile((given,))
    compiled = jitted.overloads[(given,)]
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    returned = compiled.signature.return_type

    @intrinsic
    def call(typing: Any, point: Any, table_at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            point_at, records = arguments
            word = context.get_value_type(types.intp)

            def entry(*path: str, index: int = 0) -> Any:
                place = builder.gep(
                    records, [ir.Constant(word, field_offset(table, "shared", *path) + WORD_BYTES * index)]
                )
                return builder.load(builder.bitcast(place, word.as_pointer()))

            def array(kind: Any, start: Any, shape: list[Any]) -> Any:
                made = context.make_array(kind)(context, builder)
                item = ir.Constant(word, WORD_BYTES)
                strides = [item]
                for length in reversed(shape[1:]):
                    strides.insert(0, builder.mul(strides[0], length))
                begin = builder.bitcast(start, made.data.type)
                populate_array(made, begin, shape, strides[: len(shape)], item, None)
                return made._getvalue()

            arrays = [array(kinds[0], point_at, [ir.Constant(word, size)])]
            for key, kind in zip(keys, kinds[1:], strict=True):
                start = builder.inttoptr(entry("data", key), cgutils.voidptr_t)
                arrays.append(array(kind, start, [entry("shape", key, index=axis) for axis in range(kind.ndim)]))
            convention = context.call_conv
            kind = convention.get_function_type(returned, (given,)).as_pointer()
            function = builder.inttoptr(ir.Constant(word, address), kind)
            packed = context.make_tuple(builder, given, arrays)
            status, value = convention.call_function(builder, function, returned, (given,), [packed])
            with cgutils.if_unlikely(builder, status.is_error):
                convention.return_status_propagate(builder, status)
            return impl_ret_new_ref(context, builder, returned, value)

        return returned(point, table_at), generate

    return call


def make_logp_function(
    size: int, jitted: Any, record: np.ndarray, keys: Sequence[str], data: dict[str, np.ndarray]
) -> Any:
    """nutpie's C function for a log density and its gradient: 0, 1 (failed) or 3 (not finite)."""
    call = call_by_address(jitted, size, record.dtype, keys, data)

    def density(dim: int, point: Any, slope: Any, value: Any, table: Any) -> int:
        try:
            found, gradient = call(point, table)
            value[0] = found[()]
            finite = np.isfinite(value[0])
            for index in range(size):
                slope[index] = gradient[index]
                finite &= np.isfinite(gradient[index])
        except Exception:  # numba can catch nothing narrower
            return 1
        return 0 if finite else 3

    return density, types.int64(types.uint64, DOUBLE_POINTER, DOUBLE_POINTER, DOUBLE_POINTER, types.voidptr)


def make_expand_function(
    size: int, expanded: int, jitted: Any, record: np.ndarray, keys: Sequence[str], data: dict[str, np.ndarray]
) -> Any:
    """nutpie's C function from a point to what is stored of it: 0 or -2 (failed)."""
    call = call_by_address(jitted, size, record.dtype, keys, data)

    def expand(dim: int, length: int, point: Any, stored: Any, table: Any) -> int:
        try:
            [found] = call(point, table)
            for index in range(expanded):
                stored[index] = found[index]
        except Exception:  # numba can catch nothing narrower
            return -2
        return 0

    return expand, types.int64(types.uint64, types.uint64, DOUBLE_POINTER, DOUBLE_POINTER, types.voidptr)


def compile_graph(graph: pm.Model, keep: Sequence[str]) -> Any:
    """nutpie's compiled model of a graph; `keep` are the variables to store besides the free ones."""
    with (
        patch.object(compile_pymc, "_make_c_logp_func", make_logp_function),
        patch.object(compile_pymc, "_make_c_expand_func", make_expand_function),
    ):
        return nutpie.compile_pymc_model(graph, var_names=list(keep))
