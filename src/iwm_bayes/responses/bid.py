"""A bid for a figure, or none, when there is need and when the figure frightens.

    fear     = sum of past threat, of which a share fear_persistence^elapsed is left
    P(bid)   = sigmoid(bias + sensitivity * logit(expected) + activation * distress - fearfulness * fear)

`activation` is the strategy under need: above 0 hyperactivation, below 0 deactivation. Where the figure to turn to is
the one who frightens, need and fear pull against each other: approach and avoidance alternate, though the figure be
responsive, which is no lack of trust in a response (Main & Hesse, 1990, in Greenberg, Cicchetti & Cummings (Eds.),
Attachment in the Preschool Years, 161-182). Who makes no bid does not see the outcome. Log-odds throughout; distress
and threat lie in 0..1.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.responses import approach, seek
from iwm_bayes.types import Parameter


class Parameters(NamedTuple):
    bias: Array = seek.READINESS
    sensitivity: Array = approach.Parameters().sensitivity
    activation: Array = seek.ACTIVATION._replace(fixed=None)
    fearfulness: Array = Parameter("positive", (0.5, 5.0), fixed=0.0, meaning="log-odds by which a threat lowers a bid")
    fear_persistence: Array = Parameter(
        "unit", (0.1, 0.9), fixed=0.5, meaning="share of fear that is left after one unit of time"
    )


def arguments(p: Parameters, expected: Array, distress: Array, fear: Array) -> dict[str, Array]:
    return {"logit_p": approach.preference(p, expected) + p.activation * distress - p.fearfulness * fear}


RESPONSE = approach.RESPONSE._replace(
    parameters=Parameters(),
    arguments=arguments,
    also_reads=("distress", "threat"),
    accumulates={"threat": lambda p, elapsed: p.fear_persistence**elapsed},
)
