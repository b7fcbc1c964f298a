"""Learning as fast as one has lately been surprised: the Pearce-Hall hybrid.

    surprise       = outcome - value                                                    (an outcome is seen)
    value         <- value + rate * associability * surprise        (with the associability from before)
    associability <- attention * |surprise| + (1 - attention) * associability

Claim: who is never surprised stops learning, and one rupture reopens a settled belief. Everything lies in 0..1.
`attention` is shared by default (by person it is hardly known below 50 events), and associability starts at 1.
Li et al. (2011), doi:10.1038/nn.2904.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, where
from iwm_bayes.types import Belief, Learner, Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    rate: Array = Parameter("unit", (0.05, 0.8), meaning="share of a surprise learned at full associability")
    attention: Array = Parameter(
        "unit", (0.05, 0.7), pooling="complete", meaning="share of associability that the last surprise sets"
    )
    start_associability: Array = Parameter("unit", (0.2, 0.95), fixed=1.0, meaning="associability before any event")


class State(NamedTuple):
    value: Array
    associability: Array


def start(p: Parameters) -> State:
    return State(p.start, p.start_associability)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s


def learn(p: Parameters, s: State, outcome: Array) -> State:
    surprise = outcome - s.value
    size = where(surprise >= 0, surprise, -surprise)
    return State(
        s.value + p.rate * s.associability * surprise,
        p.attention * size + (1.0 - p.attention) * s.associability,
    )


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.value)


RULE = Learner(Parameters(), start, drift, learn, belief)
