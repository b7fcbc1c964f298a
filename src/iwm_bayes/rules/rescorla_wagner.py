"""Constant learning rate: the delta rule of Rescorla and Wagner.

    value <- value + rate * (outcome - value)        (an outcome is observed)

Hypothesis: every session counts the same, whatever came before. `value` and `rate` lie in 0..1.
Rescorla & Wagner (1972), in Black & Prokasy (Eds.), Classical Conditioning II, 64-99.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.rules.location import on_outcome_scale
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "rate": r"\alpha"},
    start=(r"b = b_0",),
    outcome=(r"\delta = o - b", r"b \leftarrow b + \alpha\,\delta"),
    quantities={"b": "belief"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    rate: Array = Parameter(
        "unit",
        (0.02, 0.5),
        meaning="learning rate: share of the prediction error that is learned",
        source="doi:10.7554/eLife.28098",
    )


class State(NamedTuple):
    value: Array


def start(p: Parameters) -> State:
    return State(p.start)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s


def learn(p: Parameters, s: State, outcome: Array) -> State:
    return State(s.value + p.rate * (outcome - s.value))


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.value)


RULE = Learner(Parameters(), start, drift, learn, belief, location=on_outcome_scale("value"))
