"""A rating of the outcome of a session by one rater: the latent outcome, seen with a bias, a slope and an error.

    latent ~ Normal(outcome + bias + (slope - 1) (outcome - .5) + lean (expected - outcome), sd)
    sd     = sqrt(noise^2 + floor^2)
    rating = latent, recorded as 0 below 0 and as 1 above 1

`bias` is how much too high a session in the middle of the scale is rated, and `slope` how much of a difference between
sessions is seen. `lean` is the expectancy bias: with a slope of 1, a rating is a mixture of outcome and expectation,
(1 - lean) outcome + lean expected. Its prior is above 0: compare with a fit in which it is fixed at 0. `expected` is
what the person expected before the outcome. Bias and slope of one rater are fixed at 0 and 1, so that the outcome has a
scale. Units and floor are those of `rating`. Without an expectation this is a congeneric measurement model; Joreskog
(1971), doi:10.1007/BF02291393. The rest is derived for this program.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, sqrt
from iwm_bayes.responses.families import CENSORED_NORMAL
from iwm_bayes.responses.rating import FLOOR, MIDDLE
from iwm_bayes.types import Parameter, Params, Response

ABOUT = "centred_outcome"  # the readout


class Parameters(NamedTuple):
    noise: Array = Parameter(
        "positive", (0.03, 0.4), pooling="complete", meaning="SD of a rating of the outcome around its mean"
    )
    bias: Array = Parameter(
        "real", (-0.3, 0.3), 0.1, "complete", meaning="rating of an outcome of .5 that was expected, minus .5"
    )
    slope: Array = Parameter("real", (0.5, 1.5), 0.2, "complete", meaning="rating per unit of outcome")
    lean: Array = Parameter(
        "unit",
        (0.05, 0.6),
        pooling="complete",
        meaning="expectancy bias: share of the way from the outcome to the expectation at which the rating is",
    )


def arguments(p: Params, centred_outcome: Array, prediction_error: Array) -> dict[str, Array]:
    mean = MIDDLE + p.bias + p.slope * centred_outcome - p.lean * prediction_error
    return {"mu": mean, "sigma": sqrt(p.noise**2 + FLOOR**2)}


def outcome_rating(leans: bool) -> Response:
    """Make a rating of the outcome, given after it; `leans` is whether it may lean towards the expectation."""
    p = Parameters()
    return Response(
        p if leans else p._replace(lean=p.lean._replace(fixed=0.0)),
        ABOUT,
        "after",
        CENSORED_NORMAL,
        arguments,
        also_reads=("prediction_error",),
        scale={"bias": 0.0, "slope": 1.0},
    )
