"""Draw populations, and their people, from a model's priors."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from iwm_bayes.model.priors import free_parameters, from_offset, natural_values
from iwm_bayes.types import ModelSpec


class Population(NamedTuple):
    """A population and its people. Link-scale values are by label of the free parameter."""

    mu: dict[str, float]  # group means, link scale
    sigma: dict[str, float]  # between-person SDs, link scale, of parameters that are not completely pooled
    theta: dict[str, np.ndarray]  # link-scale values of people, (person,)
    values: dict[str, np.ndarray]  # natural-scale values by parameter, (person,) or (figure, person)


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
