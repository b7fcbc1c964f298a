"""The learning rate rises after surprises: the Pearce-Hall hybrid.

    prediction_error = outcome - value                                                  (an outcome is observed)
    value           <- value + rate * associability * prediction_error     (associability from before the outcome)
    associability   <- attention * |prediction_error| + (1 - attention) * associability

Hypothesis: without prediction errors people stop learning, and one rupture makes a stable belief change again. All
quantities lie in 0..1. `attention` is pooled completely by default: fewer than 50 events of a person hardly determine
it. Associability starts at 1. Li et al. (2011), doi:10.1038/nn.2904.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, where
from iwm_bayes.rules.location import on_outcome_scale
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "rate": r"\alpha", "attention": r"\eta", "start_associability": r"A_0"},
    start=(r"b = b_0, \quad A = A_0",),
    outcome=(
        r"\delta = o - b",
        r"b \leftarrow b + \alpha\,A\,\delta",
        r"A \leftarrow \eta\,|\delta| + (1 - \eta)\,A",
    ),
    quantities={"b": "belief", "A": "associability"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    rate: Array = Parameter("unit", (0.05, 0.8), meaning="learning rate at an associability of 1")
    attention: Array = Parameter(
        "unit", (0.05, 0.7), pooling="complete", meaning="weight of the last prediction error in the associability"
    )
    start_associability: Array = Parameter(
        "unit", (0.2, 0.95), fixed=1.0, meaning="associability before the first event"
    )


class State(NamedTuple):
    value: Array
    associability: Array


def start(p: Parameters) -> State:
    return State(p.start, p.start_associability)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s


def learn(p: Parameters, s: State, outcome: Array) -> State:
    prediction_error = outcome - s.value
    absolute_error = where(prediction_error >= 0, prediction_error, -prediction_error)
    return State(
        s.value + p.rate * s.associability * prediction_error,
        p.attention * absolute_error + (1.0 - p.attention) * s.associability,
    )


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.value)


RULE = Learner(Parameters(), start, drift, learn, belief, location=on_outcome_scale("value"))
