"""The groups of a model, from a point of the sampler: means and SDs of person-level parameters, and effects.

Group means are normal, SDs half-normal and effects normal, as in `model.hierarchy`. A level of a group, such as a
therapist, has the mean m around which it is centred, and the SD s_u of its group; with r = s_u / unit,

    offset ~ Normal(w m, unit r^w),   u = r^(1-w) (offset - w m)

A `Point` holds a point of the sampler in one instance and the gradient in another. So does a `Group`. The gradient runs
backwards: `group_gradient` takes that by the group to that by the point.
"""

import math
from typing import Any, NamedTuple

import numba
import numpy as np

from iwm_bayes.inference.engine.addresses import doubles, integers
from iwm_bayes.inference.engine.group_transforms import (
    correlation_factor,
    correlation_gradient,
    half_normal_quantile,
    half_normal_slope,
    kernel_part,
)

HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


class Point(NamedTuple):
    """A point of the sampler, in the order of the graph's variables."""

    mu: Any  # (pooled,)
    sigma: Any  # (partial,), normal quantiles
    beta: Any  # (coefficient,)
    sigma_u: Any  # (group,), normal quantiles
    u_offset: Any  # (group_level,)
    correlation: Any  # free numbers of the Cholesky factor
    z: Any  # (person-level parameter, person)


class Group(NamedTuple):
    """What people are drawn from. Person-level parameters are the partially pooled ones, then the unpooled ones."""

    mean: Any  # (person-level parameter,)
    sd: Any  # (person-level parameter,)
    correlation: Any  # (partial, partial), Cholesky factor; not set where parameters are independent
    effects: Any  # of coefficients, then of group levels
    sigma_u: Any  # (group,)
    complete: Any  # completely pooled parameters


@kernel_part
def double_array(address: Any, shape: Any) -> Any:
    """Return the array of doubles at an address."""
    return numba.carray(doubles(address), shape)


@kernel_part
def integer_array(address: Any, shape: Any) -> Any:
    """Return the array of integers at an address."""
    return numba.carray(integers(address), shape)


@kernel_part
def split_point(t: Any, values: Any) -> Any:
    """Return a point, or a gradient, as views of its values."""
    sigma = t.n_pooled
    beta = sigma + t.n_partial
    sigma_u = beta + t.n_coefficients
    u_offset = sigma_u + t.n_groups
    correlation = u_offset + t.n_group_levels
    z = correlation + t.n_correlations
    people = values[z : z + t.n_person_parameters * t.n_people]
    return Point(
        values[:sigma],
        values[sigma:beta],
        values[beta:sigma_u],
        values[sigma_u:u_offset],
        values[u_offset:correlation],
        values[correlation:z],
        people.reshape((t.n_person_parameters, t.n_people)),
    )


@kernel_part
def empty_group(t: Any) -> Any:
    """Return a group, or its gradient, of zeros."""
    return Group(
        np.zeros(t.n_person_parameters),
        np.zeros(t.n_person_parameters),
        np.zeros((t.n_partial, t.n_partial)),
        np.zeros(t.n_coefficients + t.n_group_levels),
        np.zeros(t.n_groups),
        np.zeros(t.n_complete),
    )


@kernel_part
def fixed_group(t: Any) -> Any:
    """Return a group with everything that does not come from the point: the priors of unpooled parameters."""
    group, complete = empty_group(t), double_array(t.fixed_complete, t.n_complete)
    mean, sd = double_array(t.fixed_mean, t.n_person_parameters), double_array(t.fixed_sd, t.n_person_parameters)
    for i in range(t.n_person_parameters):
        group.mean[i], group.sd[i] = mean[i], sd[i]
    for s in range(t.n_complete):
        group.complete[s] = complete[s]
    return group


@kernel_part
def normal_density(value: Any, mean: Any, sd: Any) -> Any:
    """Return the log density of a normal distribution."""
    return -0.5 * ((value - mean) / sd) ** 2 - math.log(sd) - HALF_LOG_TWO_PI


@kernel_part
def group_level_mean(t: Any, mu: Any, level: Any) -> Any:
    """Return the mean around which a group level is centred."""
    weights = double_array(t.level_weights, (t.n_group_levels, t.n_partial))
    partial, mean = integer_array(t.partial_index, t.n_partial), 0.0
    for k in range(t.n_partial):
        mean += weights[level, k] * mu[partial[k]]
    return mean


@kernel_part
def set_group_levels(t: Any, point: Any, group: Any) -> Any:
    """Set the deviations of group levels; return the log density of SDs and offsets."""
    scale, w = double_array(t.group_scale, t.n_groups), double_array(t.group_centredness, t.n_groups)
    unit, of_level = double_array(t.group_unit, t.n_groups), integer_array(t.group_of_level, t.n_group_levels)
    log_density = 0.0
    for g in range(t.n_groups):
        group.sigma_u[g] = scale[g] * half_normal_quantile(point.sigma_u[g])
        log_density += normal_density(point.sigma_u[g], 0.0, 1.0)
    for level in range(t.n_group_levels):
        g = of_level[level]
        centre, ratio = w[g] * group_level_mean(t, point.mu, level), group.sigma_u[g] / unit[g]
        group.effects[t.n_coefficients + level] = ratio ** (1.0 - w[g]) * (point.u_offset[level] - centre)
        log_density += normal_density(point.u_offset[level], centre, unit[g] * ratio ** w[g])
    return log_density


@kernel_part
def set_group(t: Any, point: Any, group: Any) -> Any:
    """Set everything of a group that comes from the point; return the log density of the point's group parameters."""
    prior_mean, prior_sd = double_array(t.mu_mean, t.n_pooled), double_array(t.mu_sd, t.n_pooled)
    partial, complete = integer_array(t.partial_index, t.n_partial), integer_array(t.complete_index, t.n_complete)
    scale, beta_sd = double_array(t.sigma_scale, t.n_partial), double_array(t.beta_sd, t.n_coefficients)
    log_density = t.log_constant
    for index in range(t.n_pooled):
        log_density += normal_density(point.mu[index], prior_mean[index], prior_sd[index])
    for k in range(t.n_partial):
        group.mean[k] = point.mu[partial[k]]
        group.sd[k] = scale[k] * half_normal_quantile(point.sigma[k])
        log_density += normal_density(point.sigma[k], 0.0, 1.0)
    for s in range(t.n_complete):
        if complete[s] >= 0:  # otherwise its value is fixed
            group.complete[s] = point.mu[complete[s]]
    for c in range(t.n_coefficients):
        group.effects[c] = point.beta[c]
        log_density += normal_density(point.beta[c], 0.0, beta_sd[c])
    log_density += set_group_levels(t, point, group)
    if t.n_correlations > 0:
        position = integer_array(t.correlation_position, (t.n_partial, t.n_partial))
        log_density += correlation_factor(point.correlation, position, t.correlation_exponent, group.correlation)
    return log_density


@kernel_part
def group_level_gradient(t: Any, point: Any, group: Any, by_group: Any, gradient: Any) -> None:
    """Write the gradient by SDs and offsets of group levels, and add that by group means."""
    scale, w = double_array(t.group_scale, t.n_groups), double_array(t.group_centredness, t.n_groups)
    unit, of_level = double_array(t.group_unit, t.n_groups), integer_array(t.group_of_level, t.n_group_levels)
    weights = double_array(t.level_weights, (t.n_group_levels, t.n_partial))
    partial = integer_array(t.partial_index, t.n_partial)
    by_log_sd = np.zeros(t.n_groups)
    for level in range(t.n_group_levels):
        g = of_level[level]
        centre, ratio = w[g] * group_level_mean(t, point.mu, level), group.sigma_u[g] / unit[g]
        sd, u = unit[g] * ratio ** w[g], group.effects[t.n_coefficients + level]
        distance, by_u = (point.u_offset[level] - centre) / sd, by_group.effects[t.n_coefficients + level]
        by_offset = by_u * ratio ** (1.0 - w[g]) - distance / sd
        gradient.u_offset[level] = by_offset
        by_log_sd[g] += w[g] * (distance**2 - 1.0) + (1.0 - w[g]) * by_u * u
        for k in range(t.n_partial):
            gradient.mu[partial[k]] -= w[g] * by_offset * weights[level, k]
    for g in range(t.n_groups):
        quantile = point.sigma_u[g]
        slope = scale[g] * half_normal_slope(quantile, group.sigma_u[g] / scale[g])
        gradient.sigma_u[g] = (by_log_sd[g] / group.sigma_u[g] + by_group.sigma_u[g]) * slope - quantile


@kernel_part
def group_gradient(t: Any, point: Any, group: Any, by_group: Any, gradient: Any) -> None:
    """Write the gradient by group parameters: of their own log density, and through the group (`by_group`)."""
    prior_mean, prior_sd = double_array(t.mu_mean, t.n_pooled), double_array(t.mu_sd, t.n_pooled)
    partial, complete = integer_array(t.partial_index, t.n_partial), integer_array(t.complete_index, t.n_complete)
    scale, beta_sd = double_array(t.sigma_scale, t.n_partial), double_array(t.beta_sd, t.n_coefficients)
    for index in range(t.n_pooled):
        gradient.mu[index] = (prior_mean[index] - point.mu[index]) / prior_sd[index] ** 2
    for k in range(t.n_partial):
        gradient.mu[partial[k]] += by_group.mean[k]
        slope = scale[k] * half_normal_slope(point.sigma[k], group.sd[k] / scale[k])
        gradient.sigma[k] = by_group.sd[k] * slope - point.sigma[k]
    for s in range(t.n_complete):
        if complete[s] >= 0:
            gradient.mu[complete[s]] += by_group.complete[s]
    for c in range(t.n_coefficients):
        gradient.beta[c] = by_group.effects[c] - point.beta[c] / beta_sd[c] ** 2
    group_level_gradient(t, point, group, by_group, gradient)
    if t.n_correlations > 0:
        position = integer_array(t.correlation_position, (t.n_partial, t.n_partial))
        correlation_gradient(
            position, t.correlation_exponent, group.correlation, by_group.correlation, gradient.correlation
        )
