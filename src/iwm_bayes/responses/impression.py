"""A rating given on the spot: what is believed, coloured by the act that was just seen.

    latent ~ Normal(.5 + intercept + slope * (held - .5) + colouring * (outcome - .5), sd)

Asked after every act, people weigh the last one beyond what they learn from it, and the excess is gone at the next
one: the recency of step-by-step judgements (Hogarth & Einhorn, 1992, doi:10.1016/0010-0285(92)90002-J). An outcome
that was not experienced colours nothing. The rest is `rating`: units of the scale, censored at its ends.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.responses import rating as plain
from iwm_bayes.types import Parameter, Response


class Parameters(NamedTuple):
    noise: Array = plain.Parameters().noise
    intercept: Array = plain.Parameters().intercept
    slope: Array = plain.Parameters().slope
    colouring: Array = Parameter(
        "real", (-0.2, 0.6), prior_between_sd=0.3, meaning="rating per unit of the last outcome"
    )


def arguments(p: Parameters, held: Array, act: Array) -> dict[str, Array]:
    rated = plain.arguments(p, held)
    return {**rated, "mu": rated["mu"] + p.colouring * act}


def impression(about: plain.Rated) -> Response:
    """A rating of one belief on the spot, given after the outcome."""
    return plain.rating(about)._replace(parameters=Parameters(), arguments=arguments, also_reads=("act",))
