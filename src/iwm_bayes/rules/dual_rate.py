"""Good and bad surprises learned at different rates.

    surprise = outcome - value
    value   <- value + (better if surprise >= 0 else worse) * surprise        (an outcome is seen)
    better   = sigmoid(logit(rate) + difference / 2),   worse = sigmoid(logit(rate) - difference / 2)

Claim: trust is won at one pace and lost at another, so that beliefs stay biased however long care lasts:
under a chance p of a responsive act they settle at p better / (p better + (1 - p) worse). `value`, `better` and
`worse` lie in 0..1; `difference` is in log-odds and shared by default, because a rate that few outcomes
inform is hardly known by person. den Ouden et al. (2013), doi:10.1016/j.neuron.2013.08.030.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, logit, sigmoid, where
from iwm_bayes.rules import rescorla_wagner
from iwm_bayes.rules.rescorla_wagner import State
from iwm_bayes.types import Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    rate: Array = Parameter("unit", (0.02, 0.5), meaning="share of a surprise that is learned, between good and bad")
    difference: Array = Parameter(
        "real", (-2.0, 2.0), pooling="complete", meaning="log-odds by which good surprises are learned faster than bad"
    )


def learn(p: Parameters, s: State, outcome: Array) -> State:
    surprise = outcome - s.value
    favoured = where(surprise >= 0, p.difference, -p.difference) / 2.0
    return State(s.value + sigmoid(logit(p.rate) + favoured) * surprise)


RULE = rescorla_wagner.RULE._replace(parameters=Parameters(), learn=learn)
