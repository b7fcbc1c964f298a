"""No learning: a belief that stays where it is.

    value = start

A null theory: whoever claims that people learn must predict better than this. `value` lies in 0..1.
"""

from typing import NamedTuple

from iwm_bayes.core import Belief, Learner, Parameter
from iwm_bayes.ops import Array


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief, before and after every event")


class State(NamedTuple):
    value: Array


def start(p: Parameters) -> State:
    return State(p.start)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s


def learn(p: Parameters, s: State, outcome: Array) -> State:
    return s


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.value)


RULE = Learner(Parameters(), start, drift, learn, belief)
