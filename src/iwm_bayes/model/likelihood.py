"""What people answered, in a graph: how probable it is, and a random variable of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from iwm_bayes.model.noncentering import SQRT_TWO
from iwm_bayes.types import Family


def normal_log_cdf(bound: Any, mu: Any, sigma: Any) -> Any:
    """Log chance that a normal answer lies below a bound, by one special function: 0 from ten sds on, to all digits."""
    distance = pt.minimum((bound - mu) / sigma, np.float64(10.0))
    return pt.log(pt.erfcx(-distance / SQRT_TWO) / 2.0) - distance**2 / 2.0


def bernoulli_log_pmf(log_odds: Any, answer: Any) -> Any:
    """Log chance of a yes (1) or a no (0): the log of sigmoid(x) or sigmoid(-x), x being the log odds.

        ±x / 2 - |x| / 2 - log((1 + exp(-|x|)) / 2) - log 2

    PyMC asks for both, and PyTensor's softplus, right to the last digit of a chance next to 1, takes more than
    twice as long as an exp and a log.
    """
    size = abs(log_odds)
    return (answer - 0.5) * log_odds - size / 2.0 - pt.log(0.5 + 0.5 * pt.exp(-size)) - np.log(2.0)


def response_log_density(family: Family, arguments: Mapping[str, Any], value: Any, recorded: Any) -> Any:
    """Log density of answers (event, person), 0 where there is none; costly tails only where one is at a bound.

    What lies above the upper bound is found below its mirror image: one tail is half the work of two.
    """
    arguments = {name: pt.atleast_2d(argument) for name, argument in arguments.items()}
    if "logit_p" in arguments:
        return pt.switch(recorded, bernoulli_log_pmf(arguments["logit_p"], value), 0.0)
    distribution = getattr(pm, family.distribution)
    value = value.astype("int64") if family.whole else value
    density = pt.switch(recorded, pm.logp(distribution.dist(**arguments), value), 0.0)
    if family.bounds is None:
        return density
    low, high = family.bounds
    bound = pt.flatnonzero(recorded * ((value <= low) | (value >= high)))  # two indices must be checked to fit
    person = bound % density.shape[1]
    there = {name: x.ravel()[person if x.type.broadcastable[0] else bound] for name, x in arguments.items()}
    mirrored = pt.switch(value.ravel()[bound] <= low, np.float64(low), 2.0 * there["mu"] - np.float64(high))
    tail = normal_log_cdf(mirrored, **there)
    return density.ravel()[bound].set(tail).reshape(density.shape)


def declare_response(name: str, family: Family, arguments: Mapping[str, Any], value: Any, recorded: Any) -> None:
    """Declare a response's answers (event, person) in the model on the stack."""
    vectors = [argument.ndim > 2 for argument in arguments.values()]  # (event, person, choice)

    def logp(value: Any, recorded: Any, *given: Any) -> Any:
        return response_log_density(family, dict(zip(arguments, given, strict=True)), value, recorded)

    def random(recorded: Any, *given: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        shape = tuple(size or np.shape(recorded))
        whole = (np.broadcast_to(x, shape + x.shape[-1:] if v else shape) for x, v in zip(given, vectors, strict=True))
        return family.draw(rng, *whole)

    pm.CustomDist(
        name,
        recorded,
        *arguments.values(),
        logp=logp,
        random=random,
        signature=",".join(["()", *("(k)" if vector else "()" for vector in vectors)]) + "->()",
        observed=value,
        dims=("event", "person"),
    )
