"""A rating on a bounded scale: a Beta distribution around the belief.

    logit(mean) = intercept + slope * logit(belief),     rating ~ Beta(mean concentration, (1 - mean) concentration)

Unlike that of a Gaussian, the SD is smaller near the ends of the scale. `intercept` is in log-odds. `concentration` is
a number of observations: the variance is mean (1 - mean) / (1 + concentration). A Beta has no mass at the ends.
Ratings within half a point of an end of 0..100 are therefore taken to lie half a point from it. A belief counts as no
more certain than 1 in 1,000. Where many ratings lie at an end, use `rating`.
Ferrari & Cribari-Neto (2004), doi:10.1080/0266476042000214501.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, logit, maximum, minimum, sigmoid
from iwm_bayes.responses.approach import MIN_PROBABILITY
from iwm_bayes.responses.families import BETA
from iwm_bayes.responses.rating import RatedBelief
from iwm_bayes.types import Parameter, Response


class Parameters(NamedTuple):
    concentration: Array = Parameter("positive", (5.0, 200.0), meaning="precision of ratings, in observations")
    intercept: Array = Parameter(
        "real", (-1.0, 1.0), prior_between_sd=0.3, meaning="log-odds of the mean rating at a belief of .5"
    )
    slope: Array = Parameter(
        "real", (0.5, 1.5), prior_between_sd=0.2, meaning="log-odds of the mean rating per log-odds of the belief"
    )


def arguments(p: Parameters, belief: Array) -> dict[str, Array]:
    within = minimum(maximum(belief, constant(0.0)), constant(1.0))  # a belief that moves by itself can leave the scale
    log_odds = logit(MIN_PROBABILITY + (1.0 - 2.0 * MIN_PROBABILITY) * within)
    mean = MIN_PROBABILITY + (1.0 - 2.0 * MIN_PROBABILITY) * sigmoid(p.intercept + p.slope * log_odds)
    return {"mu": mean, "nu": p.concentration + constant(0.0) * belief}


def beta_rating(about: RatedBelief) -> Response:
    """Make a Beta rating of one belief, given after the outcome."""
    return Response(Parameters(), about, "after", BETA, arguments, scale={"intercept": 0.0, "slope": 1.0})
