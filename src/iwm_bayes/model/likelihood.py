"""The likelihood of a response in a graph: its log density, and its random variable.

The sampler has one variable over the whole grid (event, person), in which answers that were not recorded have no
density. To PyMC's own tools their places look like answers, so a researcher's model has a variable over the recorded
answers alone. The grid is for speed: picking the answers out of 100 people x 60 events takes 10 to 70% longer per
gradient.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from iwm_bayes.model.noncentering import SQRT_TWO
from iwm_bayes.types import Family


def normal_log_cdf(bound: Any, mu: Any, sigma: Any) -> Any:
    """Return the log probability that a normal answer is below a bound, by one special function.

    From ten SDs on it is 0, to all digits.
    """
    distance = pt.minimum((bound - mu) / sigma, np.float64(10.0))
    return pt.log(pt.erfcx(-distance / SQRT_TWO) / 2.0) - distance**2 / 2.0


def bernoulli_log_pmf(log_odds: Any, answer: Any) -> Any:
    """Return the log probability of a yes (1) or a no (0): the log of sigmoid(x) or sigmoid(-x), x being the log odds.

        ±x / 2 - |x| / 2 - log((1 + exp(-|x|)) / 2) - log 2

    PyMC computes both logs. PyTensor's softplus is exact to the last digit of a probability near 1. It takes more than
    twice as long as an exp and a log.
    """
    size = abs(log_odds)
    return (answer - 0.5) * log_odds - size / 2.0 - pt.log(0.5 + 0.5 * pt.exp(-size)) - np.log(2.0)


def response_log_density(family: Family, arguments: Mapping[str, Any], value: Any, recorded: Any) -> Any:
    """Return the log density of answers (event, person), 0 where none was recorded.

    Normal tails are costly, so they are computed only for answers at a bound. A tail above the upper bound is that
    below its mirror image: one tail is half the work of two.
    """
    arguments = {name: pt.atleast_2d(argument) for name, argument in arguments.items()}
    if "logit_p" in arguments:
        return pt.switch(recorded, bernoulli_log_pmf(arguments["logit_p"], value), 0.0)
    distribution = getattr(pm, family.distribution)
    value = value.astype("int64") if family.discrete else value
    density = pt.switch(recorded, pm.logp(distribution.dist(**arguments), value), 0.0)
    if family.bounds is None:
        return density
    low, high = family.bounds
    at_bound = pt.flatnonzero(recorded * ((value <= low) | (value >= high)))  # two indices must be checked to fit
    person = at_bound % density.shape[1]
    here = {name: x.ravel()[person if x.type.broadcastable[0] else at_bound] for name, x in arguments.items()}
    mirrored = pt.switch(value.ravel()[at_bound] <= low, np.float64(low), 2.0 * here["mu"] - np.float64(high))
    tail = normal_log_cdf(mirrored, **here)
    return density.ravel()[at_bound].set(tail).reshape(density.shape)


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


def declare_answers(name: str, family: Family, arguments: Mapping[str, Any], value: Any, recorded: Any) -> None:
    """Declare the recorded answers of a response in the current model, with the dim `NAME_obs` of all answers.

    They are drawn by PyMC's own distribution, which PyTensor can compile. PyMC's own density of it would compute normal
    tails for every answer, and not only for those at a bound. Answers are in the order of events, and within an event
    in that of people.
    """
    index, shape = pt.flatnonzero(recorded), (value.shape[0], value.shape[1])
    given = {argument: at_answers(values, index, shape) for argument, values in arguments.items()}
    is_vector = [argument.ndim > 1 for argument in given.values()]
    answers = value.ravel()[index]

    def logp(value: Any, *given: Any) -> Any:
        as_grid = {argument: values[:, None] for argument, values in zip(arguments, given, strict=True)}
        return response_log_density(family, as_grid, value[:, None], np.ones((1, 1)))[:, 0]

    def dist(*given_and_size: Any) -> Any:
        *given, size = given_and_size
        whole = getattr(pm, family.distribution).dist(**dict(zip(arguments, given, strict=True)), size=size)
        return whole if family.bounds is None else pm.Censored.dist(whole, *family.bounds)

    pm.CustomDist(
        name,
        *given.values(),
        dist=dist,
        logp=logp,
        signature=",".join(["(k)" if vector else "()" for vector in is_vector]) + "->()",
        observed=answers.astype("int64") if family.discrete else answers,
        dims=f"{name}_obs",
    )
