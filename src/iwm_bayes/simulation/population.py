"""Populations drawn from a model's priors, and their people."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from iwm_bayes.model.priors import free_parameters, natural_values, place_around
from iwm_bayes.types import ModelSpec


class Population(NamedTuple):
    """People with what they were drawn from, link scale, by row label."""

    mu: dict[str, float]
    sigma: dict[str, float]  # of the rows in which people differ
    theta: dict[str, np.ndarray]  # (person,)
    values: dict[str, np.ndarray]  # natural scale, by parameter: (person,) or (figure, person)


def draw_population(
    model: ModelSpec, figures: Sequence[str], people: int, generator: np.random.Generator, sigma: float | None = None
) -> Population:
    """A population from the theory's priors, and so many of its people.

    `sigma`, if given, is the between-person sd on the link scale in place of one drawn from the prior.
    """
    mu, sigmas, theta = {}, {}, {}
    for row in free_parameters(model, figures):
        centre = generator.normal(row.prior_mean, row.prior_sd)
        mu[row.label] = centre
        if row.parameter.pooling == "complete":
            theta[row.label] = np.full(people, centre)
            continue
        between = abs(generator.normal(0, row.parameter.prior_between_sd)) if sigma is None else sigma
        sigmas[row.label] = between
        theta[row.label] = place_around(centre, between, generator.normal(size=people))
    return Population(mu, sigmas, theta, natural_values(model, theta, figures, people))


def draw_people(
    model: ModelSpec, figures: Sequence[str], people: int, generator: np.random.Generator, sigma: float | None = None
) -> dict[str, np.ndarray]:
    """The values of people of a population from the theory's priors, as in `draw_population`."""
    return draw_population(model, figures, people, generator, sigma).values
