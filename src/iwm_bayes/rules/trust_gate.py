"""Epistemic trust: repaired ruptures raise the learning rate.

    trust   <- trust + change * (repaired - unrepaired)                              (an outcome is observed)
    value   <- value + rate * sigmoid(trust) * (outcome - value)
    ruptured = outcome < .5

A rupture is repaired if the next outcome is .5 or more, and unrepaired otherwise. Hypothesis: repaired ruptures make
later evidence count for more, and care without ruptures does not. `value` and `rate` lie in 0..1. Trust is in
log-odds; its initial value and its change are pooled completely by default. After Fonagy & Allison (2014),
doi:10.1037/a0036505, who give no equation; this one is derived here.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, logit, sigmoid, where
from iwm_bayes.rules.location import on_outcome_scale
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "rate": r"\alpha", "start_trust": r"\tau_0", "change": r"\kappa"},
    start=(r"b = b_0, \quad T = \operatorname{logit}\tau_0, \quad u = 0",),
    outcome=(
        r"T \leftarrow T + \begin{cases} \kappa & u = 1,\ o \ge 0.5 \\ -\kappa & u = 1,\ o < 0.5 \\ "
        r"0 & u = 0 \end{cases}",
        r"b \leftarrow b + \alpha\,\sigma(T)\,(o - b)",
        r"u \leftarrow \begin{cases} 1 & o < 0.5 \\ 0 & o \ge 0.5 \end{cases}",
    ),
    quantities={"b": "belief", "T": "epistemic trust, log-odds", "u": "1 after a rupture"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    rate: Array = Parameter("unit", (0.05, 0.8), meaning="learning rate at full epistemic trust")
    start_trust: Array = Parameter(
        "unit", (0.1, 0.7), pooling="complete", meaning="initial epistemic trust: share of the full learning rate"
    )
    change: Array = Parameter(
        "positive", (0.05, 1.0), pooling="complete", meaning="log-odds of trust added by one repair"
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
    ruptured = where(outcome < constant(0.5), constant(1.0), constant(0.0))
    trust = s.trust + p.change * s.ruptured * (1.0 - 2.0 * ruptured)
    return State(s.value + p.rate * sigmoid(trust) * (outcome - s.value), trust, ruptured)


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.value)


RULE = Learner(Parameters(), start, drift, learn, belief, location=on_outcome_scale("value"))
