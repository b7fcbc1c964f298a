"""A rating of a belief on a bounded scale: Gaussian around the belief, censored at both ends.

    sd     = sqrt(noise^2 + floor^2)
    latent ~ Normal(.5 + intercept + slope * (held - .5), sd)
    rating = latent, recorded as 0 below 0 and as 1 above 1

`intercept` is thus how far from the middle of the scale an even belief is rated (people's intercepts and
slopes are then nearly uncorrelated); a slope below 0 is a scale used the other way round.

People who always give the same answer would drive `noise` to zero and the density to infinity; the
floor of .02 (a fiftieth of the scale: finer than people tick, a choice and not a finding) stops that.
Ratings and `noise` are in units of the scale's length. Tobin (1958), doi:10.2307/1907382.
"""

from typing import Literal, NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, sqrt
from iwm_bayes.types import Family, Parameter, Params, Response

type Rated = Literal["availability", "worth", "expected", "perceived"]  # what people are asked for

FLOOR = constant(0.02)
MIDDLE = constant(0.5)


class Parameters(NamedTuple):
    noise: Array = Parameter("positive", (0.03, 0.3), meaning="sd of a rating around the belief")
    intercept: Array = Parameter("real", (-0.3, 0.3), prior_between_sd=0.1, meaning="rating of an even belief, less .5")
    slope: Array = Parameter("real", (0.5, 1.5), prior_between_sd=0.2, meaning="rating per unit of belief")


def arguments(p: Params, held: Array) -> dict[str, Array]:
    return {"mu": MIDDLE + p.intercept + p.slope * (held - MIDDLE), "sigma": sqrt(p.noise**2 + FLOOR**2)}


def draw(generator: np.random.Generator, mu: Array, sigma: Array) -> Array:
    return np.clip(generator.normal(mu, sigma), 0.0, 1.0)


FAMILY = Family("Normal", draw, bounds=(0.0, 1.0))


def rating(about: Rated) -> Response:
    """A rating of one belief, given after the outcome."""
    return Response(Parameters(), about, "after", FAMILY, arguments, scale={"intercept": 0.0, "slope": 1.0})
