"""The choice to approach a figure or to withdraw: Bernoulli, on the log-odds of the expectation.

    P(approach) = sigmoid(bias + sensitivity * logit(expected))

After a withdrawal the outcome is not observed. `bias` is in log-odds. `sensitivity` is in log-odds of approach per
log-odds of the expectation, and 1 is probability matching. An expectation counts as no more certain than 1 in 1,000,
so that certainty never makes a choice impossible. Luce (1959), Individual Choice Behavior.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, logit
from iwm_bayes.responses.families import BERNOULLI
from iwm_bayes.types import Parameter, Params, Response

MIN_PROBABILITY = constant(0.001)


class Parameters(NamedTuple):
    bias: Array = Parameter("real", (-1.5, 1.5), meaning="log-odds of approach at an expectation of .5")
    sensitivity: Array = Parameter(
        "positive", (0.3, 3.0), pooling="complete", meaning="log-odds of approach per log-odds of the expectation"
    )


def preference(p: Params, expected: Array) -> Array:
    """Compute the log-odds of approaching a figure."""
    return p.bias + p.sensitivity * logit(MIN_PROBABILITY + (1.0 - 2.0 * MIN_PROBABILITY) * expected)


def arguments(p: Parameters, expected: Array) -> dict[str, Array]:
    return {"logit_p": preference(p, expected)}


RESPONSE = Response(Parameters(), "expected", "before", BERNOULLI, arguments, "withdraws")
