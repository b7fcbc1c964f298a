"""A rating given on the spot: what is believed, and how far the act just seen is from what one has come to know.

    usual  = sum over all acts so far of (outcome - .5) / (1 + their number)
    rating ~ Normal(.5 + intercept + slope * (held - .5) + contrast * (outcome - .5 - usual), sd)

The level to which one has adapted is the mean of everything experienced so far, by anyone, this act with it; the
middle of the scale counts as one act more. So a betrayal after trust is judged more harshly than the same act by
someone of whom nothing is known, and a repair more kindly. An outcome that was not experienced is compared with
nothing. Helson (1948), doi:10.1037/h0056721.

Unlike `rating`, nothing is censored: a rating is taken as it was given, as a linear mixed model takes it, so that what
is estimated is what people say on average, whatever they do at the ends of a scale. Ratings drawn from it may
therefore lie beyond the ends. Units of the scale; the noise is that of `rating`.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant
from iwm_bayes.responses import rating as plain
from iwm_bayes.types import Family, Parameter, Params, Response

ONCE = constant(1.0)  # the weight of the middle of the scale, in acts


class Parameters(NamedTuple):
    noise: Array = plain.Parameters().noise
    intercept: Array = plain.Parameters().intercept
    slope: Array = plain.Parameters().slope
    contrast: Array = Parameter(
        "real", (-0.2, 0.6), prior_between_sd=0.3, meaning="rating per unit of outcome beyond the usual"
    )


def arguments(p: Params, held: Array, act: Array, told: Array, acts: Array, number: Array) -> dict[str, Array]:
    rated = plain.arguments(p, held)
    return {**rated, "mu": rated["mu"] + p.contrast * (act - told * acts / (ONCE + number))}


def everything(p: Params, elapsed: Array) -> Array:
    """Nothing of what was experienced is lost."""
    return ONCE + 0.0 * elapsed


FAMILY = Family("Normal", lambda generator, mu, sigma: generator.normal(mu, sigma))


def contrast(about: plain.Rated) -> Response:
    """A rating of one belief on the spot, given after the outcome."""
    return plain.rating(about)._replace(
        parameters=Parameters(),
        family=FAMILY,
        arguments=arguments,
        also_reads=("act", "told", "acts", "number"),
        accumulates={"acts": everything, "number": everything},
    )
