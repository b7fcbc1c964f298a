"""A momentary rating: the belief, and a direct effect of the last outcome.

    latent ~ Normal(.5 + intercept + slope * (belief - .5) + colouring * (outcome - .5), sd)

When people rate after every outcome, the last outcome has more weight than they learn from it. This excess is gone at
the next rating. It is the recency effect of step-by-step judgements (Hogarth & Einhorn, 1992,
doi:10.1016/0010-0285(92)90002-J). An outcome that was not experienced has no effect. The rest is as in `rating`: units
of the scale, censored at its ends.
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
        "real",
        (-0.2, 0.6),
        prior_between_sd=0.3,
        meaning="direct effect of the last outcome: rating per unit of outcome",
    )


def arguments(p: Parameters, belief: Array, centred_outcome: Array) -> dict[str, Array]:
    rated = plain.arguments(p, belief)
    return {**rated, "mu": rated["mu"] + p.colouring * centred_outcome}


def impression(about: plain.RatedBelief) -> Response:
    """Make a momentary rating of one belief, given after the outcome."""
    return plain.rating(about)._replace(parameters=Parameters(), arguments=arguments, also_reads=("centred_outcome",))
