"""How a person feels about themselves right now: three rival read-outs of state self-worth.

    worth_level   .5 + intercept + slope * (worth - .5)                        what one believes of oneself
    worth_pulse   .5 + intercept + slope * sum of persistence^elapsed surprise      Will et al. (2017), eq. 1
    worth_trend   .5 + intercept + slope * sum of persistence^elapsed change of worth     Low et al. (2022)

A pulse is what surprises (outcome less expectation) have left behind; a trend, what changes of the belief have. A
state is thus high after good news even where the belief is low, and fades. Each is rated on a bounded scale, as in
`rating`, after the outcome; the slope is in units of the scale per unit of what is read, and none of these fixes the
scale of a belief. The trend's filter is the pulse's, put on the change of the belief: the paper's own equation was
not checked. Will et al. (2017), doi:10.7554/eLife.28098; Low et al. (2022), Scientific Reports 12, 6643.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.responses import rating as plain
from iwm_bayes.types import Parameter, Params


class Level(NamedTuple):
    noise: Array = plain.Parameters().noise
    intercept: Array = plain.Parameters().intercept
    slope: Array = Parameter("real", (-0.5, 1.5), prior_between_sd=0.3, meaning="rating per unit of belief")


class Kept(NamedTuple):
    noise: Array = plain.Parameters().noise
    intercept: Array = plain.Parameters().intercept
    slope: Array = Parameter("real", (-0.2, 0.5), prior_between_sd=0.1, meaning="rating per unit of surprise")
    persistence: Array = Parameter(
        "unit", (0.1, 0.95), pooling="complete", meaning="share that is left after one unit of time"
    )


def arguments(p: Params, kept: Array) -> dict[str, Array]:
    """A rating of something that is 0 when nothing happened."""
    return plain.arguments(p, plain.MIDDLE + kept)


def left(p: Params, elapsed: Array) -> Array:
    return p.persistence**elapsed


LEVEL = plain.rating("worth")._replace(parameters=Level(), scale={})
PULSE = LEVEL._replace(parameters=Kept(), about="surprise", arguments=arguments, accumulates={"surprise": left})
TREND = PULSE._replace(
    parameters=Kept(slope=Parameter("real", (-1.0, 3.0), prior_between_sd=0.5, meaning="rating per unit of change")),
    about="worth_change",
    accumulates={"worth_change": left},
)
