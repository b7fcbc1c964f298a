"""The sampler's C functions: log density and gradient at a point, and the values that are stored for it.

They are compiled once for all models, and kept on the disk: see `compiled`.
"""

import math
from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types

from iwm_bayes.inference.engine.addresses import DOUBLES, call_density, call_person_kernel, doubles, new_memory
from iwm_bayes.inference.engine.compiled import c_function
from iwm_bayes.inference.engine.group import (
    empty_group,
    fixed_group,
    group_gradient,
    integer_array,
    set_group,
    split_point,
)
from iwm_bayes.inference.engine.group_transforms import inlined_part, kernel_part
from iwm_bayes.inference.engine.people import people_memory, set_people
from iwm_bayes.inference.engine.people_gradient import people_gradient
from iwm_bayes.inference.engine.table import RECORD

NOT_FINITE = 3  # nutpie's code for a point that is not in the support
DENSITY = types.int64(types.uint64, DOUBLES, DOUBLES, DOUBLES, types.voidptr)
RECORD_WORDS, STORED_WORD = RECORD.itemsize // 8, list(RECORD.names or ()).index("stored")  # fields of 8 bytes
EXPAND = types.int64(types.uint64, types.uint64, DOUBLES, DOUBLES, types.voidptr)


class Kernels(NamedTuple):
    """The C functions, as Numba's objects; each has an `address`."""

    density: Any  # int64(dim, point, gradient, log density, table)
    expand: Any  # int64(dim, number of values, point, values, table)


@kernel_part
def log_likelihoods(t: Any, theta: Any, by_person: Any, by_theta: Any) -> None:
    """Set everyone's log likelihood, and its gradient by theta; both stay 0 where there is no kernel."""
    if t.person_kernel != 0:
        call_person_kernel(
            t.person_kernel,
            t.n_events,
            t.n_people,
            t.event_array,
            t.response_array,
            theta.ctypes.data,
            by_person.ctypes.data,
            by_theta.ctypes.data,
        )


@kernel_part
def copy_values(source: Any, target: Any, start: Any) -> Any:
    """Copy an array to a place among others; return the next place."""
    for index in range(source.size):
        target[start + index] = source.flat[index]
    return start + source.size


@kernel_part
def copy_group(t: Any, point: Any, group: Any, stored: Any, start: Any) -> Any:
    """Copy mu, sigma, beta, sigma_u, u_offset and the Cholesky factor of correlations; return the next place."""
    place = copy_values(point.mu, stored, start)
    place = copy_values(group.sd[: t.n_partial], stored, place)
    place = copy_values(point.beta, stored, place)
    place = copy_values(group.sigma_u, stored, place)
    place = copy_values(point.u_offset, stored, place)
    if t.n_correlations > 0:
        place = copy_values(group.correlation, stored, place)
    return place


@kernel_part
def copy_stored(t: Any, point: Any, group: Any, theta: Any) -> None:
    """Write the values that are stored for a point: those of `copy_group`, then theta by person-level parameter."""
    stored = doubles(t.stored)
    place, rows = copy_group(t, point, group, stored, 0), integer_array(t.person_row, t.n_person_parameters)
    for i in range(t.n_person_parameters):
        place = copy_values(theta[rows[i]], stored, place)


@inlined_part
def return_code(log_density: Any, slopes: Any, dim: Any) -> int:
    """Return what nutpie reads: 0, or that the density or its gradient (dim,) is not finite."""
    finite = math.isfinite(log_density)
    for index in range(dim):
        finite &= math.isfinite(slopes[index])
    return 0 if finite else NOT_FINITE


@inlined_part
def log_density_at(dim: Any, values: Any, slopes: Any, target: Any, table: Any) -> Any:
    """Write the log density at a point and its gradient, or the values that are stored for it; return nutpie's code."""
    t = numba.carray(table, 1, RECORD)[0]
    point, gradient = split_point(t, numba.carray(values, dim)), split_point(t, numba.carray(slopes, dim))
    group, by_group = fixed_group(t), empty_group(t)
    log_density = set_group(t, point, group)
    theta, by_theta = np.empty((t.n_parameters, t.n_people)), np.zeros((t.n_parameters, t.n_people))
    by_person, log_likelihood, weight = np.zeros(t.n_people), np.zeros(t.n_people), np.ones(t.n_people)
    lanes, memory = new_memory(people_memory(t))
    people = set_people(t, group, point.z, theta, by_person, memory)
    if t.stored != 0:
        copy_stored(t, point, group, theta)
        lanes[0] = 0.0
        return 0
    log_likelihoods(t, theta, log_likelihood, by_theta)
    for person in range(t.n_people):
        log_density += by_person[person] + log_likelihood[person]
    people_gradient(t, group, people, weight, by_theta, by_group, gradient.z, memory)
    lanes[0] = 0.0  # in use up to here
    group_gradient(t, point, group, by_group, gradient)
    target[0] = log_density
    return return_code(log_density, slopes, dim)


@inlined_part
def stored_values_at(dim: Any, n_values: Any, values: Any, target: Any, table: Any) -> Any:
    """Write the values that are stored for a point: call the density with a table that says where they go."""
    t = numba.carray(table, 1, RECORD)[0]
    n_words = (1 + t.n_models) * RECORD_WORDS
    words, own = numba.carray(table, n_words, np.int64), np.empty(n_words, np.int64)
    point, stored = numba.carray(values, dim), numba.carray(target, n_values)
    gradient, log_density = np.empty(dim), np.empty(1)
    for index in range(n_words):
        own[index] = words[index]
    own[STORED_WORD] = stored.ctypes.data
    code = call_density(
        t.density, dim, point.ctypes.data, gradient.ctypes.data, log_density.ctypes.data, own.ctypes.data
    )
    own[0], gradient[0], log_density[0] = 0, 0.0, 0.0  # in use up to here
    return code


@cache
def compile_expand() -> Any:
    """Compile the C function of stored values, which serves any density, or load it from the disk."""
    return c_function("density", "EXPAND", "stored_values_at")


@cache
def compile_kernels() -> Kernels:
    """Compile the C functions, or load them from the disk."""
    return Kernels(c_function("density", "DENSITY", "log_density_at"), compile_expand())
