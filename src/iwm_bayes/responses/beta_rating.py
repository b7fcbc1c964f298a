"""A rating of a belief on a bounded scale: a Beta around the belief.

    logit(mean) = intercept + slope * logit(held),     rating ~ Beta(mean concentration, (1 - mean) concentration)

The spread is smaller near the ends of the scale, which a Gaussian's is not. `intercept` is in log-odds;
`concentration` is worth so many observations of the belief: the variance is mean (1 - mean) / (1 + concentration). A
Beta has no mass at its ends: ratings within half a point of an end of 0..100 are taken to lie there, and a belief
counts as never surer than 1 in 1,000. Where many ratings lie at an end, `rating` says what they are.
Ferrari & Cribari-Neto (2004), doi:10.1080/0266476042000214501.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, logit, sigmoid
from iwm_bayes.responses.approach import SUREST
from iwm_bayes.responses.rating import Rated
from iwm_bayes.types import Family, Parameter, Response


class Parameters(NamedTuple):
    concentration: Array = Parameter("positive", (5.0, 200.0), meaning="observations that a rating's mean is worth")
    intercept: Array = Parameter(
        "real", (-1.0, 1.0), prior_between_sd=0.3, meaning="log-odds of the rating of an even belief"
    )
    slope: Array = Parameter(
        "real", (0.5, 1.5), prior_between_sd=0.2, meaning="log-odds of rating per log-odds of belief"
    )


def arguments(p: Parameters, held: Array) -> dict[str, Array]:
    believed = logit(SUREST + (1.0 - 2.0 * SUREST) * held)
    mean = SUREST + (1.0 - 2.0 * SUREST) * sigmoid(p.intercept + p.slope * believed)
    return {"mu": mean, "nu": p.concentration + constant(0.0) * held}


def draw(generator: np.random.Generator, mu: Array, nu: Array) -> Array:
    return generator.beta(mu * nu, (1.0 - mu) * nu)


FAMILY = Family("Beta", draw, inside=(0.005, 0.995))


def beta_rating(about: Rated) -> Response:
    """A rating of one belief, given after the outcome."""
    return Response(Parameters(), about, "after", FAMILY, arguments, scale={"intercept": 0.0, "slope": 1.0})
