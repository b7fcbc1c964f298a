"""What confirms a belief learned at another rate than what contradicts it.

    surprise  = outcome - value
    agreement = sign(surprise) * tanh((value - .5) / .1)        (-1 contradicts .. 1 confirms)
    value    <- value + sigmoid(logit(rate) + difference / 2 * agreement) * surprise        (an outcome is seen)

Claim: people take from care what they already believe. For insecure starts this cannot be told from learning
bad surprises faster; for secure starts it is the opposite. `value` and `rate` lie in 0..1, `difference` is in
log-odds. Within a tenth of even (a choice) a belief is hardly there to be confirmed, which also keeps the
likelihood continuous. Palminteri et al. (2017), doi:10.1371/journal.pcbi.1005684.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, logit, sigmoid, where
from iwm_bayes.rules import rescorla_wagner
from iwm_bayes.rules.rescorla_wagner import State
from iwm_bayes.types import Parameter

EVEN, WIDTH = constant(0.5), constant(0.1)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    rate: Array = Parameter("unit", (0.02, 0.5), meaning="share of a surprise that is learned when beliefs are even")
    difference: Array = Parameter(
        "real", (-2.0, 2.0), pooling="complete", meaning="log-odds by which what confirms is learned faster"
    )


def learn(p: Parameters, s: State, outcome: Array) -> State:
    surprise = outcome - s.value
    conviction = 2.0 * sigmoid(2.0 * (s.value - EVEN) / WIDTH) - 1.0  # tanh
    agreement = where(surprise >= 0, conviction, -conviction)
    return State(s.value + sigmoid(logit(p.rate) + p.difference / 2.0 * agreement) * surprise)


RULE = rescorla_wagner.RULE._replace(parameters=Parameters(), learn=learn)
