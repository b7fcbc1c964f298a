"""A rating on a bounded scale: Gaussian around the belief, censored at both ends.

    sd     = sqrt(noise^2 + floor^2)
    latent ~ Normal(.5 + intercept + slope * (belief - .5), sd)
    rating = latent, recorded as 0 below 0 and as 1 above 1

`intercept` is the distance from the middle of the scale at which a belief of .5 is rated. People's intercepts and
slopes are then nearly uncorrelated. A slope below 0 means that the scale is used in reverse.

A person who always gives the same rating would drive `noise` to 0 and the density to infinity. The floor of .02
prevents this; it is a fiftieth of the scale, finer than people rate (a choice and not a finding). Ratings and `noise`
are in units of the scale's length. Tobin (1958), doi:10.2307/1907382.
"""

from typing import Literal, NamedTuple

from iwm_bayes.ops import Array, constant, sqrt
from iwm_bayes.responses.families import CENSORED_NORMAL
from iwm_bayes.types import Parameter, Params, Response

type RatedBelief = Literal["availability", "worth", "expected"]  # keys of `READOUTS`

FLOOR = constant(0.02)
MIDDLE = constant(0.5)


class Parameters(NamedTuple):
    noise: Array = Parameter("positive", (0.03, 0.3), meaning="response SD: SD of a rating around the belief")
    intercept: Array = Parameter(
        "real", (-0.3, 0.3), prior_between_sd=0.1, meaning="rating at a belief of .5, minus .5"
    )
    slope: Array = Parameter("real", (0.5, 1.5), prior_between_sd=0.2, meaning="rating per unit of belief")


def arguments(p: Params, belief: Array) -> dict[str, Array]:
    return {"mu": MIDDLE + p.intercept + p.slope * (belief - MIDDLE), "sigma": sqrt(p.noise**2 + FLOOR**2)}


def rating(about: RatedBelief) -> Response:
    """Make a rating of one belief, given after the outcome."""
    return Response(Parameters(), about, "after", CENSORED_NORMAL, arguments, scale={"intercept": 0.0, "slope": 1.0})
