"""A bid for care: the choice to approach a figure, under distress and after threat.

    fear     = sum of past threat, of which a share fear_persistence^elapsed is left
    P(bid)   = sigmoid(bias + sensitivity * logit(expected) + activation * distress - fearfulness * fear)

`activation` is the strategy under distress: hyperactivation above 0, deactivation below 0 (Mikulincer, Shaver & Pereg,
2003, doi:10.1023/A:1024515519160). The equation is derived for this program. Where the figure to approach
also frightens, distress and fear have opposite effects. Approach and avoidance then alternate even with a responsive
figure, without a low expectation: Main & Hesse (1990), in Greenberg, Cicchetti & Cummings (Eds.), Attachment in the
Preschool Years, 161-182. Without a bid the outcome is not observed. All effects are in log-odds; distress and
threat lie in 0..1.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.responses import approach, seek
from iwm_bayes.types import Parameter


class Parameters(NamedTuple):
    bias: Array = seek.READINESS
    sensitivity: Array = approach.Parameters().sensitivity._replace(
        meaning="log-odds of a bid per log-odds of the expectation"
    )
    activation: Array = seek.ACTIVATION._replace(fixed=None)
    fearfulness: Array = Parameter("positive", (0.5, 5.0), fixed=0.0, meaning="log-odds of a bid lost per unit of fear")
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
