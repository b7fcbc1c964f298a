"""State self-worth, how people feel about themselves now: three rival observation models.

    worth_level   .5 + intercept + slope * (worth - .5)                                 the belief about oneself
    worth_pulse   .5 + intercept + slope * sum of persistence^elapsed prediction_error  Will et al. (2017), eq. 1
    worth_trend   .5 + intercept + slope * sum of persistence^elapsed change of worth   Low et al. (2022)

A pulse is the decaying sum of prediction errors; a trend is the decaying sum of changes of the belief. State self-worth
is thus high after good news even where the belief is low, and then decays. Each is rated on a bounded scale, as in
`rating`, after the outcome. The slope is in units of the scale per unit of the readout. None of the three identifies
the scale of a belief. The filter of the trend is that of the pulse, applied to changes of the belief; the equation of
Low et al. was not checked. Will et al. (2017), doi:10.7554/eLife.28098; Low et al. (2022), Scientific Reports 12, 6643.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.responses import rating as plain
from iwm_bayes.types import Parameter, Params


class LevelParameters(NamedTuple):
    noise: Array = plain.Parameters().noise
    intercept: Array = plain.Parameters().intercept
    slope: Array = Parameter("real", (-0.5, 1.5), prior_between_sd=0.3, meaning="rating per unit of belief")


class TraceParameters(NamedTuple):
    noise: Array = plain.Parameters().noise
    intercept: Array = plain.Parameters().intercept
    slope: Array = Parameter(
        "real", (-0.2, 0.5), prior_between_sd=0.1, meaning="rating per unit of the sum of prediction errors"
    )
    persistence: Array = Parameter(
        "unit", (0.1, 0.95), pooling="complete", meaning="share of the sum that is left after one unit of time"
    )


def arguments(p: Params, trace: Array) -> dict[str, Array]:
    """Return the arguments of `rating` for a decaying sum, which is 0 if nothing has happened."""
    return plain.arguments(p, plain.MIDDLE + trace)


def retention(p: Params, elapsed: Array) -> Array:
    return p.persistence**elapsed


LEVEL = plain.rating("worth")._replace(parameters=LevelParameters(), scale={})
PULSE = LEVEL._replace(
    parameters=TraceParameters(),
    about="prediction_error",
    arguments=arguments,
    accumulates={"prediction_error": retention},
)
TREND = PULSE._replace(
    parameters=TraceParameters(
        slope=Parameter(
            "real", (-1.0, 3.0), prior_between_sd=0.5, meaning="rating per unit of the sum of changes of self-worth"
        )
    ),
    about="worth_change",
    accumulates={"worth_change": retention},
)
