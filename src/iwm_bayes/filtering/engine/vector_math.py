"""Functions for Numba without branches or calls, so that one instruction serves many people.

    exp(x)   = 2^n exp(r),         x = n log 2 + r,  |r| <= log(2) / 2,     exp(r) by its Taylor series
    log(x)   = n log 2 + log(m),   x = 2^n m,  sqrt(1/2) <= m < sqrt(2),    log(m) = 2 artanh(s),  s = (m - 1) / (m + 1)
    erfcx(x) = exp(x^2) erfc(x) = series(t) / (1 + 2 x),   t = (x - K) / (x + K),   and 2 exp(x^2) - erfcx(-x) below 0

For `np.exp`, Numba calls a function once for every person. `exp` and `log` are exact to about one unit in the last
place, `erfcx` to twenty. Muller (2016), Elementary Functions, doi:10.1007/978-1-4899-7983-4; Shepherd & Laframboise
(1981), doi:10.1090/S0025-5718-1981-0595058-X.
"""

from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from scipy import special

LOG2_E = 1.4426950408889634
LOG_TWO_HIGH = 6.93147180369123816490e-01  # log 2 in two parts: the first ends in zeros, so n times it is exact
LOG_TWO_LOW = 1.90821492927058770002e-10
ROUND = 6755399441055744.0  # 1.5 * 2^52: added to a number, it leaves the nearest integer in the lowest bits
ROUND_BITS = 0x4338000000000000
SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
EXP_LOW, EXP_HIGH = -708.0, 709.782712893384  # below, exp is smaller than a normal number; above, it overflows
SMALLEST_NORMAL, TWO_TO_54 = 2.2250738585072014e-308, 18014398509481984.0
ERFCX_MIDDLE, ERFCX_DEGREE = 3.75, 20
OPTIONS: dict[str, Any] = {
    "forceinline": True,
    "error_model": "numpy",
    "fastmath": {"contract"},  # and no more: the order of sums matters here
}


@intrinsic
def to_bits(typing: Any, x: Any) -> Any:
    """Return the bits of a float64 as an integer."""
    return types.int64(types.float64), lambda _, builder, __, given: builder.bitcast(given[0], ir.IntType(64))


@intrinsic
def from_bits(typing: Any, bits: Any) -> Any:
    """Return the float64 that has these bits."""
    return types.float64(types.int64), lambda _, builder, __, given: builder.bitcast(given[0], ir.DoubleType())


@intrinsic
def select(typing: Any, condition: Any, x: Any, y: Any) -> Any:
    """Return x where the condition, a boolean or a number, is true, and y elsewhere, without a branch."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        where, *values = given
        where = context.cast(builder, where, condition, types.boolean)
        x_value, y_value = (
            context.cast(builder, value, own, types.float64) for value, own in zip(values, (x, y), strict=True)
        )
        return builder.select(where, x_value, y_value)

    return types.float64(condition, x, y), generate


def polynomial(coefficients: Sequence[float]) -> Callable[[float], float]:
    """Return the polynomial with these coefficients, that of the constant first, written out by Horner's rule."""
    *others, last = map(float, coefficients)
    lines = [f"    value = value * x + {other!r}" for other in reversed(others)]
    source = "\n".join(["def value_at(x):", f"    value = {last!r}", *lines, "    return value"])
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    return njit(**OPTIONS)(namespace["value_at"])


exp_series = polynomial([1.0 / factorial(k) for k in range(2, 14)])
log_series = polynomial([2.0 / (2 * k + 1) for k in range(1, 12)])


def erfcx_near_one(t: Any) -> Any:
    """Return (1 + 2 x) erfcx(x) by t, which lies between 1 and 1.24."""
    x = ERFCX_MIDDLE * (1.0 + t) / (1.0 - t)
    return (1.0 + 2.0 * x) * special.erfcx(x)


chebyshev = np.polynomial.chebyshev
erfcx_series = polynomial(list(chebyshev.cheb2poly(chebyshev.chebinterpolate(erfcx_near_one, ERFCX_DEGREE))))


@njit(**OPTIONS)
def exp(x: float) -> float:
    """Return the exponential of a number; 0 where it is smaller than a normal number."""
    inside = EXP_LOW if x < EXP_LOW else (EXP_HIGH if x > EXP_HIGH else x)
    shifted = inside * LOG2_E + ROUND
    n = shifted - ROUND
    r = (inside - n * LOG_TWO_HIGH) - n * LOG_TWO_LOW
    value = 1.0 + (r + r * r * exp_series(r))
    value = from_bits(to_bits(value) + (to_bits(shifted) << 52))
    value = 0.0 if x < EXP_LOW else (float("inf") if x > EXP_HIGH else value)
    return value if x == x else x


@njit(**OPTIONS)
def log(x: float) -> float:
    """Return the natural logarithm of a number; NaN below 0."""
    tiny = x < SMALLEST_NORMAL
    bits = to_bits(x * TWO_TO_54 if tiny else x)
    exponent = (bits - SQRT_HALF_BITS) >> 52
    f = from_bits(bits - (exponent << 52)) - 1.0
    n = (from_bits(exponent + ROUND_BITS) - ROUND) - (54.0 if tiny else 0.0)
    s = f / (2.0 + f)
    half_square = 0.5 * f * f
    rest = s * (half_square + s * s * log_series(s * s)) + n * LOG_TWO_LOW
    value = n * LOG_TWO_HIGH - ((half_square - rest) - f)
    value = -float("inf") if x == 0.0 else (float("nan") if x < 0.0 else value)
    return value if x < float("inf") else x  # infinity, and NaN


@njit(**OPTIONS)
def log1p(x: float) -> float:
    """Return log(1 + x), exact for small x too."""
    total = 1.0 + x
    return x if total == 1.0 or total == float("inf") else log(total) * (x / (total - 1.0))


@njit(**OPTIONS)
def erfcx(x: float) -> float:
    """Return the scaled complementary error function, exp(x^2) erfc(x)."""
    size = abs(x)
    above = erfcx_series((size - ERFCX_MIDDLE) / (size + ERFCX_MIDDLE)) / (1.0 + 2.0 * size)
    above = 0.0 if size == float("inf") else above
    return above if x >= 0.0 else 2.0 * exp(x * x) - above


@intrinsic
def copy_eight(typing: Any, to: Any, x: Any, first: Any) -> Any:
    """Copy eight numbers of x, from `first` on, to the beginning of another array, by one instruction each way."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        to_type, x_type, _ = signature.args
        vector = ir.VectorType(ir.DoubleType(), 8).as_pointer()
        start = builder.gep(context.make_array(x_type)(context, builder, given[1]).data, [given[2]])
        eight = builder.load(builder.bitcast(start, vector), align=8)
        place = context.make_array(to_type)(context, builder, given[0]).data
        builder.store(eight, builder.bitcast(place, vector), align=8)
        return context.get_dummy_value()

    return types.none(to, x, types.int64), generate
