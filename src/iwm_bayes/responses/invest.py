"""The amount that a person invests in a figure: ordered logistic, on the log-odds of the expectation.

    P(amount >= k) = sigmoid(bias + sensitivity * logit(expected) - step * (k - levels / 2)),     k = 1 .. levels - 1

Amounts count from 0; after an amount of 0 the outcome is not observed. `bias` and `step` are in log-odds. A step is the
distance from one amount to the next. McCullagh (1980), doi:10.1111/j.2517-6161.1980.tb01109.x.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant
from iwm_bayes.responses import approach
from iwm_bayes.responses.categorical import ordered_probabilities
from iwm_bayes.responses.families import CATEGORICAL
from iwm_bayes.types import Parameter, Response


class Parameters(NamedTuple):
    bias: Array = approach.Parameters().bias
    sensitivity: Array = approach.Parameters().sensitivity
    step: Array = Parameter("positive", (0.3, 3.0), pooling="complete", meaning="log-odds from one amount to the next")


def invest(levels: int) -> Response:
    """Make a choice among `levels` amounts, before the outcome."""

    def arguments(p: Parameters, expected: Array) -> dict[str, Array]:
        steps = [p.step * constant(k - levels / 2) for k in range(1, levels)]
        return {"p": ordered_probabilities(approach.preference(p, expected), steps)}

    return approach.RESPONSE._replace(
        parameters=Parameters(), family=CATEGORICAL._replace(levels=levels), arguments=arguments
    )
