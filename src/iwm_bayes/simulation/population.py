"""Draw populations, and their people, from a model's priors."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.model.priors import (
    effect_map,
    figure_names,
    free_parameters,
    from_offset,
    group_of_level,
    natural_values,
)
from iwm_bayes.types import EFFECT_WIDTH, InputError, ModelSpec, parameters

type Shift = Mapping[str, np.ndarray]  # added to link-scale values of people, (person,) by name of the parameter

NO_SHIFT: Shift = MappingProxyType({})


class Population(NamedTuple):
    """A population and its people. Link-scale values are by label of the free parameter."""

    mu: dict[str, float]  # group means, link scale
    sigma: dict[str, float]  # between-person SDs, link scale, of parameters that are not completely pooled
    theta: dict[str, np.ndarray]  # link-scale values of people, (person,)
    values: dict[str, np.ndarray]  # natural-scale values by parameter, (person,) or (figure, person)
    beta: Mapping[str, float] = MappingProxyType({})  # coefficients of covariates, link scale, by label
    sigma_u: Mapping[str, float] = MappingProxyType({})  # SDs between the levels of a group, link scale, by label


def draw_population(
    model: ModelSpec, figures: Sequence[str], people: int, generator: np.random.Generator, sigma: float | None = None
) -> Population:
    """Draw a population from a model's priors, and some of its people.

    Parameters
    ----------
    model
        The model.
    figures
        Names of the attachment figures.
    people
        How many people to draw.
    generator
        The source of random numbers.
    sigma
        The between-person SD of every parameter on the link scale. By default each is drawn from its prior.

    Returns
    -------
    Population
        Group means, between-person SDs, and the values of people.
    """
    mu, sigmas, theta = {}, {}, {}
    for free in free_parameters(model, figures):
        mean = generator.normal(free.prior_mean, free.prior_sd)
        mu[free.label] = mean
        if free.parameter.pooling == "complete":
            theta[free.label] = np.full(people, mean)
            continue
        sd = abs(generator.normal(0, free.parameter.prior_between_sd)) if sigma is None else sigma
        sigmas[free.label] = sd
        theta[free.label] = from_offset(mean, sd, generator.normal(size=people))
    return Population(mu, sigmas, theta, natural_values(model, theta, figures, people))


def draw_people(
    model: ModelSpec, figures: Sequence[str], people: int, generator: np.random.Generator, sigma: float | None = None
) -> dict[str, np.ndarray]:
    """Return the natural-scale values of people of a population, as `draw_population` draws them."""
    return draw_population(model, figures, people, generator, sigma).values


def given_people(model: ModelSpec, values: Mapping[str, np.ndarray | float]) -> dict[str, np.ndarray]:
    """Return the natural-scale values of people who are given by parameter, with those of fixed parameters.

    A number counts for everybody. InputError lists parameters that are unknown or missing, and numbers of people that
    differ.
    """
    known = parameters(model)
    arrays = {name: np.asarray(value, dtype=float) for name, value in values.items()}
    counts = {name: array.shape[-1] for name, array in arrays.items() if array.ndim}
    missing = [name for name, parameter in known.items() if parameter.fixed is None and name not in values]
    problems = [
        f"there is no parameter {name!r}; {model.name} has {', '.join(known)}" for name in values if name not in known
    ]
    problems += [f"people need values of {name}: {known[name].meaning}" for name in missing]
    if len(set(counts.values())) != 1:
        found = ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
        problems.append(f"values need one number of people, as arrays (person,); they have: {found}")
    if problems:
        raise InputError(problems)
    people = next(iter(counts.values()))
    fixed = {name: parameter.fixed for name, parameter in known.items() if parameter.fixed is not None}
    constants = {name: np.full(people, value) for name, value in fixed.items()}
    return constants | {name: array if np.ndim(array) else np.full(people, array) for name, array in arrays.items()}


def shifted(model: ModelSpec, population: Population, figures: Sequence[str], shift: Shift) -> Population:
    """Return a population whose people have other link-scale values: theirs plus `shift`, for every figure."""
    free = free_parameters(model, figures)
    theta = {one.label: population.theta[one.label] + shift.get(one.name, 0.0) for one in free}
    people = len(next(iter(theta.values())))
    return population._replace(theta=theta, values=natural_values(model, theta, figures, people))


def draw_population_of(
    model: ModelSpec,
    data: xr.Dataset,
    generator: np.random.Generator,
    sigma_u: Mapping[str, float] = MappingProxyType({}),
) -> Population:
    """Draw a population, and the people of a data set, who differ by its covariates and groups as well.

    Coefficients, SDs of groups and the levels of groups are drawn from the priors that a fit gives them, except the SDs
    in `sigma_u`, by label of the group.
    """
    figures = figure_names(data)
    population = draw_population(model, figures, data.sizes["person"], generator)
    partial = [free for free in free_parameters(model, figures) if free.parameter.pooling == "partial"]
    shift = np.zeros((len(partial), data.sizes["person"]))
    if "design" in data:
        effects = effect_map(partial, [str(label) for label in data["coefficient"].values])
        beta = generator.normal(0.0, EFFECT_WIDTH * effects.scale)
        shift += effects.indicator @ (beta[:, None] * data["design"].values)
        population = population._replace(beta=dict(zip(effects.labels, beta.tolist(), strict=True)))
    if "membership" in data:
        levels = effect_map(partial, [str(label) for label in data["group_level"].values])
        groups = effect_map(partial, list(dict.fromkeys(group_of_level(levels.labels))))
        sd = dict(zip(groups.labels, np.abs(generator.normal(0.0, groups.scale)).tolist(), strict=True)) | dict(sigma_u)
        u = generator.normal(0.0, [sd[group] for group in group_of_level(levels.labels)])
        shift += levels.indicator @ (u[:, None] * data["membership"].values)
        population = population._replace(sigma_u=sd)
    return shifted(model, population, figures, {free.name: own for free, own in zip(partial, shift, strict=True)})
