"""Counting good and bad sessions, with a start that counts for some and a past that fades.

    kept     = (1 - leak)^elapsed
    for_it  <- kept * for_it  + (1 - kept) * strength * start              (time passes)
    against <- kept * against + (1 - kept) * strength * (1 - start)
    for_it  <- for_it + weight * outcome                                   (an outcome is seen)
    against <- against + weight * (1 - outcome)
    mean     = for_it / (for_it + against),   variance = mean (1 - mean) / (for_it + against + 1)

Claim: an early model is entrenched by the evidence it rests on, so that n sessions of care p > tau reach tau only
after n = (tau strength - start strength) / (weight (p - tau)). Counts are in sessions. Only strength / weight is
known, so `weight` is fixed at 1; `leak` is the share of the past that fades per unit of time. The conjugate
beta with exponential forgetting; without leak it is exact Bayes for a constant chance.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.types import Belief, Learner, Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    strength: Array = Parameter("positive", (1.0, 30.0), meaning="how many sessions the start counts for: entrenchment")
    leak: Array = Parameter(
        "unit", (0.005, 0.2), pooling="complete", meaning="share of experience that fades per unit of time"
    )
    weight: Array = Parameter("positive", (0.2, 3.0), fixed=1.0, meaning="how much one session counts")


class State(NamedTuple):
    for_it: Array
    against: Array


def start(p: Parameters) -> State:
    return State(p.strength * p.start, p.strength * (1.0 - p.start))


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    kept, first = (1.0 - p.leak) ** elapsed, start(p)
    return State(
        kept * s.for_it + (1.0 - kept) * first.for_it,
        kept * s.against + (1.0 - kept) * first.against,
    )


def learn(p: Parameters, s: State, outcome: Array) -> State:
    return State(s.for_it + p.weight * outcome, s.against + p.weight * (1.0 - outcome))


def belief(p: Parameters, s: State) -> Belief:
    counted = s.for_it + s.against
    mean = s.for_it / counted
    return Belief(mean, mean * (1.0 - mean) / (counted + 1.0))


RULE = Learner(Parameters(), start, drift, learn, belief)
