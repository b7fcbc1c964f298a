"""A rating with lag-1 autocorrelation: part of the last rating's residual carries over.

    expected(t) = .5 + intercept + slope * (belief - .5)                      (as in `rating`)
    latent(t) ~ Normal(expected(t) + persistence^elapsed * (rating - expected)(last), sd)

With a constant belief, this is the first-order autoregression around a person's mean, the null model of diary studies.
With a belief that changes, it separates learning from slow moods. `elapsed` is the time since the last rating of the
same figure (for self-worth: since the last rating). Ratings at an end of the scale carry over as recorded.
Hamaker & Wichers (2017), doi:10.1177/0963721416666518.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.responses import rating as plain
from iwm_bayes.types import Parameter, Response


class Parameters(NamedTuple):
    noise: Array = plain.Parameters().noise
    intercept: Array = plain.Parameters().intercept
    slope: Array = plain.Parameters().slope
    persistence: Array = Parameter(
        "unit",
        (0.1, 0.9),
        pooling="complete",
        meaning="share of a rating's residual that is left after one unit of time",
    )


def carry(p: Parameters, elapsed: Array) -> Array:
    return p.persistence**elapsed


def rating(about: plain.RatedBelief) -> Response:
    """Make an autocorrelated rating of one belief, given after the outcome."""
    return plain.rating(about)._replace(parameters=Parameters(), carry=carry)
