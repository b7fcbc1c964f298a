"""Eight people at a time: a Numba type that holds one number of each of eight people.

Code that uses it reads like code for one number. The compiler gets vectors, so that one instruction serves several
people. It need not find out by itself which loops it could turn into vectors, so loops may be of any length. A
`LaneArray` is an address and a shape. It owns no memory and counts no references, and compiles much faster than an
array of NumPy.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import create_struct_proxy, get_or_insert_function
from numba.core.typing import signature
from numba.core.typing.templates import ConcreteTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 8  # people in a block: as many doubles as the widest instruction takes
VECTOR = ir.VectorType(ir.DoubleType(), LANES)
DOUBLE_BYTES = 8


class LanesType(types.Type):
    """The type of one number of each of eight people."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


@register_model(LanesType)
class LanesModel(models.PrimitiveModel):
    """A vector of the machine."""

    def __init__(self, manager: Any, type_: Any) -> None:
        super().__init__(manager, type_, VECTOR)


class LaneArrayType(types.Type):
    """The type of an array whose entries are lanes."""

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim
        super().__init__(name=f"LaneArray({ndim})")


@register_model(LaneArrayType)
class LaneArrayModel(models.StructModel):
    """Where the first entry is, and the shape."""

    def __init__(self, manager: Any, type_: Any) -> None:
        shape = types.UniTuple(types.intp, type_.ndim)
        super().__init__(manager, type_, [("address", types.intp), ("shape", shape)])


machine_code: Any = intrinsic  # its type tells mypy nothing of the arguments
lanes = LanesType()
OPERANDS = [(lanes, lanes), (lanes, types.float64), (types.float64, lanes)]
OPERATORS = {  # with the builder's method, and as a statement such as `x += y`
    "fadd": (operator.add, operator.iadd),
    "fsub": (operator.sub, operator.isub),
    "fmul": (operator.mul, operator.imul),
    "fdiv": (operator.truediv, operator.itruediv),
}


def as_vector(builder: Any, value: Any) -> Any:
    """Generate code that repeats a double in every lane; lanes stay as they are."""
    if value.type == VECTOR:
        return value
    first = builder.insert_element(ir.Constant(VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, ir.Constant(VECTOR, ir.Undefined), zeros)


def register_operator(function: Callable[..., Any], method: str) -> None:
    """Tell Numba how two operands, of which at least one is of lanes, are combined."""
    template = type("LanesOperator", (ConcreteTemplate,), {"cases": [signature(lanes, *pair) for pair in OPERANDS]})
    infer_global(function)(template)

    def generate(_: Any, builder: Any, __: Any, operands: Any) -> Any:
        left, right = (as_vector(builder, value) for value in operands)
        return getattr(builder, method)(left, right, flags=("contract",))  # products and sums in one instruction

    for pair in OPERANDS:
        lower_builtin(function, *pair)(generate)


for _method, _functions in OPERATORS.items():
    for _function in _functions:
        register_operator(_function, _method)


@machine_code
def lane_array(_: Any, address: Any, *shape: Any) -> Any:
    """Return the array at an address."""
    array_type = LaneArrayType(len(shape))

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        array = create_struct_proxy(array_type)(context, builder)
        array.address, packed = arguments
        sizes = [builder.extract_value(packed, axis) for axis in range(len(shape))]
        array.shape = context.make_tuple(builder, types.UniTuple(types.intp, len(shape)), sizes)
        return array._getvalue()

    return signature(array_type, types.intp, types.StarArgTuple([types.intp] * len(shape))), generate


def lanes_pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Generate code that points at the lanes of an array at an index, which is not checked."""
    view, word = create_struct_proxy(array_type)(context, builder, array), context.get_value_type(types.intp)
    place = ir.Constant(word, 0)
    for axis in range(array_type.ndim):
        place = builder.mul(place, builder.extract_value(view.shape, axis))
        place = builder.add(place, builder.extract_value(index, axis))
    place = builder.add(view.address, builder.mul(place, ir.Constant(word, LANES * DOUBLE_BYTES)))
    return builder.inttoptr(place, VECTOR.as_pointer())


def lane_pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, lane: Any) -> Any:
    """Generate code that points at one lane of an array at an index."""
    pointer = lanes_pointer(context, builder, array_type, array, index)
    return builder.gep(builder.bitcast(pointer, ir.DoubleType().as_pointer()), [lane])


@machine_code
def get_lane(_: Any, lane: Any, array: Any, *index: Any) -> Any:
    """Return the number of one lane of an array at an index."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        lane, array, index = arguments
        return builder.load(lane_pointer(context, builder, sig.args[1], array, index, lane))

    return signature(types.float64, types.intp, array, types.StarArgTuple([types.intp] * len(index))), generate


@machine_code
def set_lane(_: Any, value: Any, lane: Any, array: Any, *index: Any) -> Any:
    """Write the number of one lane of an array at an index."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        value, lane, array, index = arguments
        builder.store(value, lane_pointer(context, builder, sig.args[2], array, index, lane))
        return context.get_dummy_value()

    whole = types.StarArgTuple([types.intp] * len(index))
    return signature(types.none, types.float64, types.intp, array, whole), generate


@machine_code
def load(_: Any, array: Any, *index: Any) -> Any:
    """Return the lanes of an array at an index."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        return builder.load(lanes_pointer(context, builder, sig.args[0], *arguments), align=DOUBLE_BYTES)

    return signature(lanes, array, types.StarArgTuple([types.intp] * len(index))), generate


@machine_code
def store(_: Any, value: Any, array: Any, *index: Any) -> Any:
    """Write lanes, or one number for all of them, to an array at an index."""

    def generate(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        value, array, index = arguments
        pointer = lanes_pointer(context, builder, sig.args[1], array, index)
        builder.store(as_vector(builder, value), pointer, align=DOUBLE_BYTES)
        return context.get_dummy_value()

    return signature(types.none, value, array, types.StarArgTuple([types.intp] * len(index))), generate


@machine_code
def splat(_: Any, value: Any) -> Any:
    """Return lanes that all hold one number."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return as_vector(builder, arguments[0])

    return signature(lanes, types.float64), generate


@machine_code
def square_root(_: Any, value: Any) -> Any:
    """Return the square root of lanes."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        function = ir.FunctionType(VECTOR, [VECTOR])
        return builder.call(get_or_insert_function(builder.module, function, f"llvm.sqrt.v{LANES}f64"), arguments)

    return signature(lanes, lanes), generate


@machine_code
def total(_: Any, value: Any) -> Any:
    """Return the sum of all lanes."""

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        parts = [builder.extract_element(arguments[0], ir.Constant(ir.IntType(32), lane)) for lane in range(LANES)]
        while len(parts) > 1:  # in pairs, so that sums need not wait for each other
            parts = [builder.fadd(left, right) for left, right in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    return signature(types.float64, lanes), generate
