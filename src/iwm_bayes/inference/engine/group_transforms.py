"""The coordinates of group parameters: SDs as normal quantiles, and a correlation matrix as free numbers.

An SD that is half-normal with scale s is s q, where q follows from the standard normal quantile u of its prior
probability,

    2 Phi(q) - 1 = Phi(u),    dq / du = exp((q^2 - u^2) / 2) / 2

For u < 0 the equation is solved as erf(q / sqrt 2) = Phi(u), otherwise as erfc(q / sqrt 2) = Phi(-u). Each side is
computed without loss there. Newton's method comes from one side, because log erfc and erf are concave for q > 0.

A row i of the Cholesky factor C of a correlation matrix has free numbers v to the left of the diagonal,

    C[i, j] = v[j] / n,    C[i, i] = 1 / n,    n = sqrt(1 + sum of v^2)

With the LKJ prior of shape h for K parameters, and the Jacobian n^-(i + 2), the log density of a row is

    -(K + 2 h - 1) log n + constant

Lewandowski, Kurowicka & Joe (2009), doi:10.1016/j.jmva.2009.04.008. `model.noncentering` has the first as a graph.
"""

import math
from typing import Any

import numba
import numpy as np

SQRT_HALF = math.sqrt(0.5)
DENSITY_AT_ZERO = math.sqrt(2.0 / math.pi)  # of a half-normal with scale 1
MEDIAN = 0.6744897501960817  # of a half-normal with scale 1
MAX_STEPS = 20  # of Newton's method; five are usual
LAST_STEP = 1e-9  # relative; the next step would be its square

# compiled into each C function, without a way to call it from Python; divides without checking for 0
OPTIONS: Any = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
kernel_part = numba.njit(**OPTIONS)
inlined_part = numba.njit(**OPTIONS, inline="always")  # LLVM optimises calls within calls once for each level


@kernel_part
def lower_quantile(u: Any) -> Any:
    """Return q for u < 0."""
    probability = 0.5 * math.erfc(-u * SQRT_HALF)
    q = probability / DENSITY_AT_ZERO
    for _ in range(MAX_STEPS):
        step = (math.erf(q * SQRT_HALF) - probability) / (DENSITY_AT_ZERO * math.exp(-0.5 * q * q))
        q -= step
        if abs(step) <= LAST_STEP * q:
            break
    return q


@kernel_part
def upper_quantile(u: Any) -> Any:
    """Return q for u >= 0, from the logarithm of the tail; infinite where the tail is not a number any more."""
    tail = 0.5 * math.erfc(u * SQRT_HALF)
    if not tail > 0.0:
        return np.inf
    log_tail, q = math.log(tail), math.sqrt(u * u + MEDIAN * MEDIAN)
    for _ in range(MAX_STEPS):
        above = math.erfc(q * SQRT_HALF)
        step = (math.log(above) - log_tail) * above / (DENSITY_AT_ZERO * math.exp(-0.5 * q * q))
        q += step
        if abs(step) <= LAST_STEP * q:
            break
    return q


@kernel_part
def half_normal_quantile(u: Any) -> Any:
    """Return an SD in units of its scale."""
    return lower_quantile(u) if u < 0.0 else upper_quantile(u)


@kernel_part
def half_normal_slope(u: Any, q: Any) -> Any:
    """Return the slope of q = `half_normal_quantile(u)`."""
    return 0.5 * math.exp(0.5 * (q * q - u * u))


@kernel_part
def correlation_factor(free: Any, position: Any, exponent: Any, factor: Any) -> Any:
    """Fill the Cholesky factor (K, K); return the log density of the free numbers, apart from the constant.

    `position` (K, K) says where the numbers of an entry are, and `exponent` is K + 2 h - 1.
    """
    log_density = 0.0
    for i in range(len(factor)):
        squares = 1.0
        for j in range(i):
            squares += free[position[i, j]] ** 2
        norm = math.sqrt(squares)
        for j in range(i):
            factor[i, j] = free[position[i, j]] / norm
        factor[i, i] = 1.0 / norm
        log_density -= 0.5 * exponent * math.log(squares)
    return log_density


@kernel_part
def correlation_gradient(position: Any, exponent: Any, factor: Any, by_factor: Any, gradient: Any) -> None:
    """Write the gradient of log density and factor by the free numbers; `by_factor` is the gradient by the factor."""
    for i in range(len(factor)):
        along = exponent
        for j in range(i + 1):
            along += by_factor[i, j] * factor[i, j]
        for j in range(i):
            gradient[position[i, j]] = (by_factor[i, j] - factor[i, j] * along) * factor[i, i]
