"""A momentary rating: the belief, and the contrast of the last outcome with earlier experience.

    usual  = sum over all outcomes so far of (outcome - .5) / (1 + their number)
    rating ~ Normal(.5 + intercept + slope * (belief - .5) + contrast * (outcome - .5 - usual), sd)

`usual` is the adaptation level: the mean of all outcomes experienced so far, with any figure and including this one.
The middle of the scale counts as one more outcome. A rupture after good care therefore lowers the rating more than the
same outcome without earlier experience, and a repair raises it more. An outcome that was not experienced has no effect.
Helson (1948), doi:10.1037/h0056721.

Unlike `rating`, nothing is censored: a rating is taken as given, as in a linear mixed model. The estimates therefore
describe mean ratings, whatever people do at the ends of a scale. Simulated ratings may lie beyond the ends. Units are
those of the scale; the SD is that of `rating`.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant
from iwm_bayes.responses import rating as plain
from iwm_bayes.responses.families import NORMAL
from iwm_bayes.types import Parameter, Params, Response

MIDDLE_WEIGHT = constant(1.0)  # of the middle of the scale, in outcomes


class Parameters(NamedTuple):
    noise: Array = plain.Parameters().noise
    intercept: Array = plain.Parameters().intercept
    slope: Array = plain.Parameters().slope
    contrast: Array = Parameter(
        "real", (-0.2, 0.6), prior_between_sd=0.3, meaning="rating per unit of outcome above the adaptation level"
    )


def arguments(
    p: Params,
    belief: Array,
    centred_outcome: Array,
    was_experienced: Array,
    centred_outcomes: Array,
    outcome_count: Array,
) -> dict[str, Array]:
    rated = plain.arguments(p, belief)
    usual = was_experienced * centred_outcomes / (MIDDLE_WEIGHT + outcome_count)
    return {**rated, "mu": rated["mu"] + p.contrast * (centred_outcome - usual)}


def no_decay(p: Params, elapsed: Array) -> Array:
    """Return 1: all experience is retained."""
    return constant(1.0) + 0.0 * elapsed


def contrast(about: plain.RatedBelief) -> Response:
    """Make a momentary rating of one belief with contrast, given after the outcome."""
    return plain.rating(about)._replace(
        parameters=Parameters(),
        family=NORMAL,
        arguments=arguments,
        also_reads=("centred_outcome", "was_experienced", "centred_outcomes", "outcome_count"),
        accumulates={"centred_outcomes": no_decay, "outcome_count": no_decay},
    )
