"""Turning to a figure, or not: a Bernoulli choice on the log-odds of what is expected of it.

    P(approach) = sigmoid(bias + sensitivity * logit(expected))

Who withdraws does not see the outcome. `bias` is in log-odds; `sensitivity` is log-odds of approach
per log-odds of the expectation, and 1 is probability matching. An expectation counts as never surer
than 1 in 1,000, so that certainty cannot make a choice impossible. Luce (1959), Individual Choice
Behavior.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, logit
from iwm_bayes.types import Family, Parameter, Params, Response

SUREST = constant(0.001)


class Parameters(NamedTuple):
    bias: Array = Parameter("real", (-1.5, 1.5), meaning="readiness to approach at even expectations")
    sensitivity: Array = Parameter(
        "positive", (0.3, 3.0), pooling="complete", meaning="how much an expectation weighs in the choice"
    )


def preference(p: Params, expected: Array) -> Array:
    """Log-odds of turning to a figure rather than not."""
    return p.bias + p.sensitivity * logit(SUREST + (1.0 - 2.0 * SUREST) * expected)


def arguments(p: Parameters, expected: Array) -> dict[str, Array]:
    return {"logit_p": preference(p, expected)}


def draw(generator: np.random.Generator, logit_p: Array) -> Array:
    return (generator.logistic(size=np.shape(logit_p)) < logit_p).astype(np.float64)


FAMILY = Family("Bernoulli", draw, whole=True)
RESPONSE = Response(Parameters(), "expected", "before", FAMILY, arguments, "withdraws")
