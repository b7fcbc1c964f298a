"""A mixture of models in machine code: each person follows one of them, as `comparison.mixture.parts` explains.

With frequencies f, log likelihoods l, and everyone's parameters x[k] of model k as standard normal z[k] (see `people`),
the log density of a person is

    sum over k of  log N(z[k])  +  log sum over k of  f[k] exp(l[k] + c[k])
    c[k] = log N(x[k] | group k) + log |dx[k] / dz[k]| - log N(z[k])

and its gradient by what belongs to model k is that of l[k] + c[k], times the probability that the person follows k.
Each model takes a share of what the models before it left. With u its normal quantile and m the models after it,

    log rest = log Phi(-u) / m,   log share = log(1 - rest)

The first record of the table is that of the response group that all models share; a point has u, then the coordinates
of this group, and then those of each model.
"""

import math
from functools import cache
from typing import Any

import numba
import numpy as np

from iwm_bayes.inference.engine.addresses import doubles, new_memory
from iwm_bayes.inference.engine.compiled import c_function
from iwm_bayes.inference.engine.density import (
    Kernels,
    compile_expand,
    copy_group,
    copy_values,
    log_likelihoods,
    return_code,
)
from iwm_bayes.inference.engine.group import (
    HALF_LOG_TWO_PI,
    empty_group,
    fixed_group,
    group_gradient,
    integer_array,
    normal_density,
    set_group,
    split_point,
)
from iwm_bayes.inference.engine.group_transforms import DENSITY_AT_ZERO, SQRT_HALF, inlined_part, kernel_part
from iwm_bayes.inference.engine.people import people_memory, set_people
from iwm_bayes.inference.engine.people_gradient import people_gradient
from iwm_bayes.inference.engine.table import RECORD


@kernel_part
def log_rest(u: Any, models_after: Any) -> Any:
    """Return the logarithm of what a model leaves to those after it."""
    return math.log(0.5 * math.erfc(u * SQRT_HALF)) / models_after


@kernel_part
def log_frequencies(quantiles: Any) -> Any:
    """Return the log frequencies (model,)."""
    others = len(quantiles)
    frequencies, remains = np.empty(others + 1), 0.0
    for k in range(others):
        rest = log_rest(quantiles[k], others - k)
        frequencies[k] = remains + math.log(-math.expm1(rest))
        remains += rest
    frequencies[others] = remains
    return frequencies


@kernel_part
def frequency_gradient(quantiles: Any, by_frequency: Any, gradient: Any) -> None:
    """Write the gradient by the quantiles, with that of their own density."""
    others, by_remains = len(quantiles), by_frequency[len(quantiles)]
    for back in range(others):
        k = others - 1 - back
        u, rest = quantiles[k], log_rest(quantiles[k], others - k)
        by_rest = by_remains - by_frequency[k] / math.expm1(-rest)
        slope = -0.5 * DENSITY_AT_ZERO * math.exp(-0.5 * u * u) / (0.5 * math.erfc(u * SQRT_HALF)) / (others - k)
        gradient[k] = by_rest * slope - u
        by_remains += by_frequency[k]


@kernel_part
def n_coordinates(t: Any) -> Any:
    """Return how many coordinates belong to one record."""
    group = t.n_pooled + t.n_partial + t.n_coefficients + t.n_groups + t.n_group_levels + t.n_correlations
    return group + t.n_person_parameters * t.n_people


@kernel_part
def model_group(t: Any, shared: Any) -> Any:
    """Return the group of one model, with what it has of the shared group; nothing of it comes from the point yet."""
    group = fixed_group(t)
    rows, complete = integer_array(t.shared_row, t.n_person_parameters), integer_array(t.shared_complete, t.n_complete)
    for i in range(t.n_person_parameters):
        if rows[i] >= 0:
            group.mean[i], group.sd[i] = shared.mean[rows[i]], shared.sd[rows[i]]
    for s in range(t.n_complete):
        if complete[s] >= 0:
            group.complete[s] = shared.complete[complete[s]]
    return group


@kernel_part
def add_shared_gradient(t: Any, by_group: Any, by_shared: Any) -> None:
    """Add the gradient of one model by the shared group."""
    rows, complete = integer_array(t.shared_row, t.n_person_parameters), integer_array(t.shared_complete, t.n_complete)
    for i in range(t.n_person_parameters):
        if rows[i] >= 0:
            by_shared.mean[rows[i]] += by_group.mean[i]
            by_shared.sd[rows[i]] += by_group.sd[i]
    for s in range(t.n_complete):
        if complete[s] >= 0:
            by_shared.complete[complete[s]] += by_group.complete[s]


@kernel_part
def add_following(t: Any, z: Any, by_person: Any, log_likelihood: Any, follows: Any) -> Any:
    """Add l + c of one model to `follows` (person,); return the log density of z."""
    log_density = -HALF_LOG_TWO_PI * t.n_person_parameters * t.n_people
    for person in range(t.n_people):
        squares = 0.0
        for i in range(t.n_person_parameters):
            squares += z[i, person] ** 2
        relative = by_person[person] + 0.5 * squares + HALF_LOG_TWO_PI * t.n_person_parameters
        follows[person] += log_likelihood[person] + relative
        log_density -= 0.5 * squares
    return log_density


@kernel_part
def to_attribution(follows: Any) -> Any:
    """Turn log joint densities (model, person) to probabilities of models; return the sum of log marginal densities."""
    log_density = 0.0
    for person in range(follows.shape[1]):
        highest, total = follows[:, person].max(), 0.0
        for k in range(len(follows)):
            follows[k, person] = math.exp(follows[k, person] - highest)
            total += follows[k, person]
        for k in range(len(follows)):
            follows[k, person] /= total
        log_density += highest + math.log(total)
    return log_density


@kernel_part
def n_gradients(records: Any, n_models: Any) -> Any:
    """Return how long all gradients by theta are together."""
    length = 0
    for k in range(n_models):
        length += records[1 + k].n_parameters * records[1 + k].n_people
    return length


@kernel_part
def mixture_forward(records: Any, values: Any, shared: Any, frequencies: Any, attribution: Any, by_theta: Any) -> Any:
    """Set `attribution` (model, person) and all gradients by theta, one after another; return the log density.

    The density is that of people and of each model's group.
    """
    place, theta_place, log_density = len(frequencies) - 1 + n_coordinates(records[0]), 0, 0.0
    for k in range(len(frequencies)):
        t = records[1 + k]
        point, group = split_point(t, values[place:]), model_group(t, shared)
        log_density += set_group(t, point, group)
        theta, length = np.empty((t.n_parameters, t.n_people)), t.n_parameters * t.n_people
        by_person, log_likelihood = np.zeros(t.n_people), np.zeros(t.n_people)
        lanes, memory = new_memory(people_memory(t))
        set_people(t, group, point.z, theta, by_person, memory)
        lanes[0] = 0.0  # in use up to here
        gradient = by_theta[theta_place : theta_place + length].reshape((t.n_parameters, t.n_people))
        log_likelihoods(t, theta, log_likelihood, gradient)
        attribution[k, :] = frequencies[k]
        log_density += add_following(t, point.z, by_person, log_likelihood, attribution[k])
        place, theta_place = place + n_coordinates(t), theta_place + length
    return log_density + to_attribution(attribution)


@kernel_part
def mixture_backward(
    records: Any, values: Any, shared: Any, attribution: Any, by_theta: Any, by_shared: Any, slopes: Any
) -> None:
    """Write the gradient by the coordinates of all models, and add that by the shared group.

    Groups and people are set again as in `mixture_forward`. To keep them would need the memory of all models at once,
    and a list of tuples of arrays. To set them takes about as long as the likelihood of a few events.
    """
    place, theta_place = len(attribution) - 1 + n_coordinates(records[0]), 0
    for k in range(len(attribution)):
        t = records[1 + k]
        point, gradient = split_point(t, values[place:]), split_point(t, slopes[place:])
        group, by_group, length = model_group(t, shared), empty_group(t), t.n_parameters * t.n_people
        set_group(t, point, group)
        theta, by_person = np.empty((t.n_parameters, t.n_people)), np.zeros(t.n_people)
        lanes, memory = new_memory(people_memory(t))
        people = set_people(t, group, point.z, theta, by_person, memory)
        by_own_theta = by_theta[theta_place : theta_place + length].reshape((t.n_parameters, t.n_people))
        people_gradient(t, group, people, attribution[k], by_own_theta, by_group, gradient.z, memory)
        lanes[0] = 0.0  # in use up to here
        for i in range(t.n_person_parameters):
            for person in range(t.n_people):
                gradient.z[i, person] += (attribution[k, person] - 1.0) * point.z[i, person]
        group_gradient(t, point, group, by_group, gradient)
        add_shared_gradient(t, by_group, by_shared)
        place, theta_place = place + n_coordinates(t), theta_place + length


@kernel_part
def copy_mixture(records: Any, values: Any, shared: Any, frequencies: Any, attribution: Any) -> None:
    """Write the values that are stored for a point: frequencies, attribution, and all groups by `copy_group`."""
    t, others = records[0], len(frequencies) - 1
    stored, place = doubles(t.stored), others + n_coordinates(t)
    for k in range(len(frequencies)):
        stored[k] = math.exp(frequencies[k])
    next_place = copy_values(attribution, stored, len(frequencies))
    next_place = copy_group(t, split_point(t, values[others:]), shared, stored, next_place)
    for k in range(len(frequencies)):
        t = records[1 + k]
        point, group = split_point(t, values[place:]), model_group(t, shared)
        set_group(t, point, group)
        next_place = copy_group(t, point, group, stored, next_place)
        place += n_coordinates(t)


@inlined_part
def log_density_at(dim: Any, point: Any, gradient: Any, target: Any, table: Any) -> Any:
    """Write the log density at a point and its gradient, or the values that are stored for it; return nutpie's code."""
    n_models = numba.carray(table, 1, RECORD)[0].n_models
    records, others = numba.carray(table, 1 + n_models, RECORD), n_models - 1
    values, slopes, t = numba.carray(point, dim), numba.carray(gradient, dim), records[0]
    frequencies, attribution = log_frequencies(values[:others]), np.empty((n_models, records[1].n_people))
    shared, by_shared, by_theta = fixed_group(t), empty_group(t), np.zeros(n_gradients(records, n_models))
    shared_point = split_point(t, values[others:])
    log_density = set_group(t, shared_point, shared)
    for k in range(others):
        log_density += normal_density(values[k], 0.0, 1.0)
    log_density += mixture_forward(records, values, shared, frequencies, attribution, by_theta)
    if t.stored != 0:
        copy_mixture(records, values, shared, frequencies, attribution)
        return 0
    mixture_backward(records, values, shared, attribution, by_theta, by_shared, slopes)
    group_gradient(t, shared_point, shared, by_shared, split_point(t, slopes[others:]))
    by_frequency = np.zeros(n_models)
    for k in range(n_models):
        for person in range(attribution.shape[1]):
            by_frequency[k] += attribution[k, person]
    frequency_gradient(values[:others], by_frequency, slopes[:others])
    target[0] = log_density
    return return_code(log_density, slopes, dim)


@cache
def compile_mixture_kernels() -> Kernels:
    """Compile the C functions of mixtures, or load them from the disk."""
    return Kernels(c_function("mixture", "DENSITY", "log_density_at"), compile_expand())
