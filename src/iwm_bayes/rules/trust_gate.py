"""Trust in the source opens and closes learning: epistemic trust grows by repair.

    trust   <- trust + change * (repaired - unrepaired)                              (an outcome is seen)
    value   <- value + rate * sigmoid(trust) * (outcome - value)
    ruptured = outcome < .5

An outcome of .5 or more directly after a rupture repairs it; another below .5 leaves it unrepaired. Claim: ruptures
that are repaired make later evidence count for more, which no amount of smooth care does. `value` and `rate` lie in
0..1; trust is in log-odds, its start and change shared by default. After Fonagy & Allison (2014),
doi:10.1037/a0036505, who give no equation: this one is derived here.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, logit, sigmoid, where
from iwm_bayes.types import Belief, Learner, Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    rate: Array = Parameter("unit", (0.05, 0.8), meaning="share of a surprise learned from a source fully trusted")
    start_trust: Array = Parameter(
        "unit", (0.1, 0.7), pooling="complete", meaning="how far the gate is open before any event"
    )
    change: Array = Parameter(
        "positive", (0.05, 1.0), pooling="complete", meaning="log-odds of trust that one repair adds"
    )


class State(NamedTuple):
    value: Array
    trust: Array
    ruptured: Array  # 1 where the last outcome was below .5


def start(p: Parameters) -> State:
    return State(p.start, logit(p.start_trust), constant(0.0) * p.start)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s


def learn(p: Parameters, s: State, outcome: Array) -> State:
    failed = where(outcome < constant(0.5), constant(1.0), constant(0.0))
    trust = s.trust + p.change * s.ruptured * (1.0 - 2.0 * failed)
    return State(s.value + p.rate * sigmoid(trust) * (outcome - s.value), trust, failed)


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.value)


RULE = Learner(Parameters(), start, drift, learn, belief)
