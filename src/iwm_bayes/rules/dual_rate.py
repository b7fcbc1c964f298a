"""Separate learning rates for outcomes better and worse than expected.

    prediction_error = outcome - value                                                  (an outcome is observed)
    value           <- value + (better if prediction_error >= 0 else worse) * prediction_error
    better           = sigmoid(logit(rate) + difference / 2),   worse = sigmoid(logit(rate) - difference / 2)

Hypothesis: trust rises at one rate and falls at another, so beliefs stay biased however long care lasts. If outcomes
are responsive with probability p, beliefs settle at p better / (p better + (1 - p) worse). `value`, `better` and
`worse` lie in 0..1. `difference` is in log-odds, and pooled completely by default: few outcomes of one person hardly
determine a rate. den Ouden et al. (2013), doi:10.1016/j.neuron.2013.08.030.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, logit, sigmoid, where
from iwm_bayes.rules import rescorla_wagner
from iwm_bayes.rules.notation import Notation
from iwm_bayes.rules.rescorla_wagner import State
from iwm_bayes.types import Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "rate": r"\alpha", "difference": r"\kappa"},
    start=(r"b = b_0",),
    outcome=(
        r"\delta = o - b",
        r"\alpha_{+} = \sigma\left(\operatorname{logit}\alpha + \tfrac{\kappa}{2}\right), \quad "
        r"\alpha_{-} = \sigma\left(\operatorname{logit}\alpha - \tfrac{\kappa}{2}\right)",
        r"b \leftarrow b + \begin{cases} \alpha_{+}\,\delta & \delta \ge 0 \\ "
        r"\alpha_{-}\,\delta & \delta < 0 \end{cases}",
    ),
    quantities={"b": "belief"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    rate: Array = Parameter("unit", (0.02, 0.5), meaning="learning rate, midway between both")
    difference: Array = Parameter(
        "real",
        (-2.0, 2.0),
        pooling="complete",
        meaning="log-odds by which positive prediction errors are learned faster than negative",
    )


def learn(p: Parameters, s: State, outcome: Array) -> State:
    prediction_error = outcome - s.value
    shift = where(prediction_error >= 0, p.difference, -p.difference) / 2.0
    return State(s.value + sigmoid(logit(p.rate) + shift) * prediction_error)


RULE = rescorla_wagner.RULE._replace(parameters=Parameters(), learn=learn)
