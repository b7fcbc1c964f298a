"""The random variable of a response in a graph.

The sampler has one variable over the whole grid (event, person), in which answers that were not recorded have no
density. To PyMC's own tools their places look like answers, so a researcher's model has a variable over the recorded
answers alone. The grid is for speed: picking the answers out of 100 people x 60 events takes 10 to 70% longer per
gradient.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from iwm_bayes.responses.families import (
    bernoulli_log_density,
    beta_log_density,
    categorical_log_density,
    normal_log_density,
    response_log_density,
)
from iwm_bayes.types import Family

PYMC_DISTRIBUTIONS: Mapping[Callable[..., Any], Any] = {
    normal_log_density: pm.Normal,
    bernoulli_log_density: pm.Bernoulli,
    beta_log_density: pm.Beta,
    categorical_log_density: pm.Categorical,
}


def draw_answers(
    family: Family, rng: np.random.Generator, shape: tuple[int, ...], given: Sequence[Any], is_vector: Sequence[bool]
) -> np.ndarray:
    """Draw answers of some shape; arguments that are vectors have the choices as their last axis."""
    full = (
        np.broadcast_to(x, shape + x.shape[-1:] if vector else shape)
        for x, vector in zip(given, is_vector, strict=True)
    )
    return family.draw(rng, *full)


def declare_response(name: str, family: Family, arguments: Mapping[str, Any], value: Any, recorded: Any) -> None:
    """Declare a response's answers (event, person) in the current model."""
    is_vector = [argument.ndim > 2 for argument in arguments.values()]  # (event, person, choice)

    def logp(value: Any, recorded: Any, *given: Any) -> Any:
        return response_log_density(family, dict(zip(arguments, given, strict=True)), value, recorded)

    def random(recorded: Any, *given: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        return draw_answers(family, rng, tuple(size or np.shape(recorded)), given, is_vector)

    pm.CustomDist(
        name,
        recorded,
        *arguments.values(),
        logp=logp,
        random=random,
        signature=",".join(["()", *("(k)" if vector else "()" for vector in is_vector)]) + "->()",
        observed=value,
        dims=("event", "person"),
    )


def at_answers(values: Any, index: Any, shape: tuple[Any, Any]) -> Any:
    """Return values over the grid `shape`, (event, person) or with choices as a third axis, at the recorded answers."""
    values = pt.atleast_2d(values)
    choices = [values.shape[axis] for axis in range(2, values.ndim)]
    return pt.broadcast_to(values, (*shape, *choices)).reshape((shape[0] * shape[1], *choices))[index]


def drawn_by(family: Family, names: Sequence[str], is_vector: Sequence[bool]) -> dict[str, Callable[..., Any]]:
    """Return how `pm.CustomDist` draws a family with these arguments: by PyMC's own distribution where it has it.

    PyTensor can compile PyMC's distributions, and calls the family's own function as it is.
    """

    def dist(*given_and_size: Any) -> Any:
        *given, size = given_and_size
        whole = PYMC_DISTRIBUTIONS[family.log_density].dist(**dict(zip(names, given, strict=True)), size=size)
        return whole if family.bounds is None else pm.Censored.dist(whole, *family.bounds)

    def random(*given: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        shape = given[0].shape[:-1] if is_vector[0] else given[0].shape
        return draw_answers(family, rng, tuple(size or shape), given, is_vector)

    return {"dist": dist} if family.log_density in PYMC_DISTRIBUTIONS else {"random": random}


def declare_answers(name: str, family: Family, arguments: Mapping[str, Any], value: Any, recorded: Any) -> None:
    """Declare the recorded answers of a response in the current model, with the dim `NAME_obs` of all answers.

    Their density is the family's own: PyMC's would compute normal tails for every answer, and not only for those at a
    bound. Answers are in the order of events, and within an event in that of people.
    """
    index, shape = pt.flatnonzero(recorded), (value.shape[0], value.shape[1])
    given = {argument: at_answers(values, index, shape) for argument, values in arguments.items()}
    is_vector = [argument.ndim > 1 for argument in given.values()]
    answers = value.ravel()[index]

    def logp(value: Any, *given: Any) -> Any:
        as_grid = {argument: values[:, None] for argument, values in zip(arguments, given, strict=True)}
        return response_log_density(family, as_grid, value[:, None], np.ones((1, 1)))[:, 0]

    pm.CustomDist(
        name,
        *given.values(),
        **drawn_by(family, list(arguments), is_vector),
        logp=logp,
        signature=",".join(["(k)" if vector else "()" for vector in is_vector]) + "->()",
        observed=answers.astype("int64") if family.discrete else answers,
        dims=f"{name}_obs",
    )
