"""The table of a model and its data, for the machine code: priors, sizes, designs and local Gaussians.

The LKJ prior of shape h for K parameters has the log constant

    (K - 1) log Gamma(h + (K - 1) / 2) - sum over k < K of  k / 2 log pi + log Gamma(h + (K - 1 - k) / 2)
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.inference.engine.table import LANES, check_shape, in_blocks
from iwm_bayes.model.inputs import effect_labels, parameters_pooled, theta_parameters, unpooled_parameters
from iwm_bayes.model.priors import (
    LKJ_SHAPE,
    FreeParameter,
    effect_map,
    figure_names,
    group_level_weights,
    group_of_level,
)
from iwm_bayes.types import EFFECT_WIDTH, ModelSpec


def lkj_constant(size: int) -> float:
    """Return the log constant of the LKJ prior of a correlation matrix (size, size)."""
    terms = [k / 2 * math.log(math.pi) + math.lgamma(LKJ_SHAPE + (size - 1 - k) / 2) for k in range(1, size)]
    return (size - 1) * math.lgamma(LKJ_SHAPE + (size - 1) / 2) - sum(terms)


def correlation_positions(size: int) -> np.ndarray:
    """Return where the free numbers of a Cholesky factor (size, size) are, in the order that PyMC has.

    It fills rows in a spiral, from both ends of the vector (`CholeskyCorrTransform`).
    """
    inner = size - 1
    order = np.arange(size * inner // 2)
    spiral = np.concatenate([order[inner:], order[::-1]]).reshape(inner, inner)
    position = np.zeros((size, size), dtype=int)
    position[1:, :-1] = np.tril(spiral)
    return position


def effect_uses(indicator: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the effects of each parameter start, and the effects, from `indicator` (parameter, effect)."""
    starts = np.concatenate([[0], np.cumsum(indicator.sum(axis=1))])
    return starts.astype(int), np.nonzero(indicator)[1]


def prior_parts(
    pooled: list[FreeParameter], by_person: list[FreeParameter], partial: list[FreeParameter]
) -> dict[str, Any]:
    """Return the priors of means and SDs."""
    sds = [np.hypot(free.prior_sd, free.parameter.prior_between_sd) for free in by_person]
    return {
        "mu_mean": np.array([free.prior_mean for free in pooled]),
        "mu_sd": np.array([free.prior_sd for free in pooled]),
        "fixed_mean": np.array([free.prior_mean for free in by_person]),
        "fixed_sd": np.array(sds),
        "sigma_scale": np.array([free.parameter.prior_between_sd for free in partial]),
    }


def effect_parts(partial: list[FreeParameter], data: xr.Dataset, transform: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return sizes, priors and designs of covariates and groups."""
    labels = effect_labels(data)
    coefficients, levels, groups = (labels.get(name, []) for name in ("coefficient", "group_level", "group"))
    designs = [data[name].values for name in ("design", "membership") if name in data]
    design = np.concatenate(designs) if designs else np.zeros((0, data.sizes["person"]))
    start, index = effect_uses(effect_map(partial, [*coefficients, *levels]).indicator)
    weights = group_level_weights(partial, levels).T if levels else np.zeros((0, len(partial)))
    return {
        "n_coefficients": len(coefficients),
        "n_groups": len(groups),
        "n_group_levels": len(levels),
        "n_effect_uses": len(index),
        "effect_start": start,
        "effect_index": index,
        "effect_design": in_blocks(design),
        "beta_sd": EFFECT_WIDTH * effect_map(partial, coefficients).scale,
        "group_scale": effect_map(partial, groups).scale,
        "group_of_level": np.array([groups.index(name) for name in group_of_level(levels)], dtype=int),
        "level_weights": weights,
        "group_centredness": transform.get("group_centredness", np.zeros(len(groups))),
        "group_unit": transform.get("group_unit", np.ones(len(groups))),
    }


def local_gaussian_parts(
    size: int, people: int, n_complete: int, transform: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Return everyone's Gaussian; all are zero where `transform` has none."""
    n_following = n_complete if size else 0
    zeros = {
        "local_mode": np.zeros((size, people)),
        "local_gradient": np.zeros((size, people)),
        "local_root": np.zeros((size, size, people)),
        "local_gradient_by_complete": np.zeros((size, n_following, people)),
        "local_root_by_complete": np.zeros((size, size, n_following, people)),
    }
    local = {name: np.asarray(transform.get(name, zero)) for name, zero in zeros.items()}
    for name, array in local.items():
        check_shape(name, array.shape, zeros[name].shape)  # blocks would hide how many people it has
    root = local["local_root"]
    precision = np.einsum("ikn,jkn->ijn", root, root)
    return {name: in_blocks(array) for name, array in (local | {"local_precision": precision}).items()} | {
        "n_following": n_following,
        "complete_mode": np.asarray(transform.get("complete_mode", np.zeros(n_following))),
        "complete_width": np.asarray(transform.get("complete_width", np.ones(n_following))),
    }


def row_numbers(chosen: Sequence[FreeParameter], all_parameters: Sequence[FreeParameter]) -> np.ndarray:
    """Return where some free parameters are among others."""
    return np.array([all_parameters.index(free) for free in chosen], dtype=int)


def hierarchy_parts(model: ModelSpec, data: xr.Dataset, transform: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return everything of a model's table but the likelihood; `transform` is that of `inference.pilot`."""
    figures, people = figure_names(data), data.sizes["person"]
    rows, pooled = theta_parameters(model, data), parameters_pooled(model, figures, "partial", "complete")
    partial, complete = (parameters_pooled(model, figures, name) for name in ("partial", "complete"))
    by_person, correlated = [*partial, *unpooled_parameters(model, data)], model.correlated and len(partial) > 1
    return {
        "n_people": people,
        "n_blocks": -(-people // LANES),
        "n_parameters": len(rows),
        "n_pooled": len(pooled),
        "n_partial": len(partial),
        "n_person_parameters": len(by_person),
        "n_complete": len(complete),
        "n_correlations": len(partial) * (len(partial) - 1) // 2 if correlated else 0,
        "correlation_position": correlation_positions(len(partial)) if correlated else np.zeros((0, 0)),
        "correlation_exponent": len(partial) + 2 * LKJ_SHAPE - 1,
        "log_constant": lkj_constant(len(partial)) if correlated else 0.0,
        "partial_index": row_numbers(partial, pooled),
        "complete_index": row_numbers(complete, pooled),
        "person_row": row_numbers(by_person, rows),
        "complete_row": row_numbers(complete, rows),
        "fixed_complete": np.zeros(len(complete)),
        **prior_parts(pooled, by_person, partial),
        **effect_parts(partial, data, transform),
        **local_gaussian_parts(len(by_person), people, len(complete), transform),
    }


def likelihood_parts(person_kernel: Any, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return the likelihood of a model's table: the address of its kernel, and the arrays of its data.

    Where the kernel is None, the likelihood is 1.
    """
    return {
        "person_kernel": 0 if person_kernel is None else person_kernel.address,
        "n_events": len(arrays["event_array"]),
        "event_array": arrays["event_array"],
        "response_array": arrays["response_array"],
    }
