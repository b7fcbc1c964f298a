"""Draws from a model's prior, in the form of a fit: what people differ by before any answer is known."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.inference.natural_scale import described
from iwm_bayes.inference.posterior import by_parameter, person_centres
from iwm_bayes.model.inputs import coordinates, parameters_pooled, unpooled_parameters
from iwm_bayes.model.priors import LKJ_SHAPE, effect_map, figure_names, group_of_level
from iwm_bayes.simulation.draws import standard_deviates
from iwm_bayes.types import EFFECT_WIDTH, ModelSpec


def lkj_correlations(size: int, draws: int, generator: np.random.Generator) -> np.ndarray:
    """Draw correlation matrices (draw, size, size) from the LKJ prior of a hierarchy.

    Partial correlations of a C-vine are independent, each 2 Beta(b, b) - 1, where b is the shape + (size - 2 - level) /
    2, `level` being the number of variables that are held constant. Lewandowski, Kurowicka & Joe (2009), section 2.4,
    doi:10.1016/j.jmva.2009.04.008.
    """
    partial = np.zeros((draws, size, size))
    matrix = np.broadcast_to(np.eye(size), (draws, size, size)).copy()
    for level in range(size - 1):
        shape = LKJ_SHAPE + (size - 2 - level) / 2
        for other in range(level + 1, size):
            partial[:, level, other] = 2.0 * generator.beta(shape, shape, draws) - 1.0
            value = partial[:, level, other]
            for held in range(level - 1, -1, -1):
                one, two = partial[:, held, other], partial[:, held, level]
                value = value * np.sqrt((1.0 - one**2) * (1.0 - two**2)) + one * two
            matrix[:, level, other] = matrix[:, other, level] = value
    return matrix


def prior_group(model: ModelSpec, data: xr.Dataset, draws: int, generator: np.random.Generator) -> dict[str, Any]:
    """Draw the variables of the group from their priors, as pairs of dims and values (draw, ...)."""
    names, figures = coordinates(model, data), figure_names(data)
    pooled, partial = (parameters_pooled(model, figures, *which) for which in (("partial", "complete"), ("partial",)))
    found: dict[str, Any] = {}
    if pooled:
        mean, prior_sd = ([getattr(free, field) for free in pooled] for field in ("prior_mean", "prior_sd"))
        found["mu"] = (("draw", "parameter"), generator.normal(mean, prior_sd, (draws, len(pooled))))
    if partial:
        between = [free.parameter.prior_between_sd for free in partial]
        sigma = np.abs(generator.normal(0.0, between, (draws, len(partial))))
        found["sigma"] = (("draw", "parameter_partial"), sigma)
    if model.correlated and len(partial) > 1:
        dims = ("draw", "parameter_partial", "parameter_other")
        found["correlation"] = (dims, lkj_correlations(len(partial), draws, generator))
    if "coefficient" in names:
        sd = EFFECT_WIDTH * effect_map(partial, names["coefficient"]).scale
        found["beta"] = (("draw", "coefficient"), generator.normal(0.0, sd, (draws, len(sd))))
    if "group_level" in names:
        scale = effect_map(partial, names["group"]).scale
        sigma_u = np.abs(generator.normal(0.0, scale, (draws, len(scale))))
        group = [names["group"].index(name) for name in group_of_level(names["group_level"])]
        found["sigma_u"] = (("draw", "group"), sigma_u)
        found["u"] = (("draw", "group_level"), generator.normal(0.0, sigma_u[:, group]))
    return found


def partial_people(model: ModelSpec, data: xr.Dataset, group: xr.Dataset, labels: list[str], generator: Any) -> Any:
    """Draw everyone's link-scale values (parameter, draw, person) of partially pooled parameters around their group."""
    stacked, people = group.stack(sample=("chain", "draw")), data.sizes["person"]
    centres = (person_centres(stacked, model, data) + xr.zeros_like(data["person"], float)).sel(parameter=labels)
    sigma = stacked["sigma"].sel(parameter=labels).transpose("parameter", "sample").values
    z = standard_deviates(stacked, labels, people, generator)
    return centres.transpose("parameter", "sample", "person").values + sigma[:, :, None] * z


def prior_draws(model: ModelSpec, data: xr.Dataset, draws: int, seed: int) -> xr.Dataset:
    """Draw from a model's prior, in the form of the group `unconstrained_posterior` of a fit, as a single chain.

    People, their covariates and their groups are those of the data.
    """
    generator, names, figures = np.random.default_rng(seed), coordinates(model, data), figure_names(data)
    partial, unpooled = parameters_pooled(model, figures, "partial"), unpooled_parameters(model, data)
    variables = prior_group(model, data, draws, generator)
    used = {dim for dims, _ in variables.values() for dim in dims} - {"draw"}
    sampled = xr.Dataset(variables, {dim: names[dim] for dim in used} | {"draw": np.arange(draws)})
    sampled = sampled.expand_dims(chain=[0])
    people = []
    if partial:
        labels = [free.label for free in partial]
        people.append(partial_people(model, data, by_parameter(sampled, names), labels, generator))
    for free in unpooled:
        sd = np.hypot(free.prior_sd, free.parameter.prior_between_sd)
        people.append(generator.normal(free.prior_mean, sd, (1, draws, data.sizes["person"])))
    if people:
        dims = ("chain", "draw", "parameter_person", "person")
        sampled["theta"] = (dims, np.concatenate(people).swapaxes(0, 1)[None])
        sampled = sampled.assign_coords(parameter_person=names["parameter_person"], person=data["person"].values)
    return described(by_parameter(sampled, names))
