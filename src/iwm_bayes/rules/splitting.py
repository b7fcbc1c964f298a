"""Belief switches between all-good and all-bad: two models of a figure, of which one is active at a time.

    good   <- 1/2 + (good - 1/2) * (1 - switching)^elapsed                                    (time passes)
    odds    = (extreme / (1 - extreme))^(2 x - 1)                                      (outcome x is observed)
    good   <- good odds / (good odds + 1 - good)
    whole  <- whole + rate * (x - whole)
    belief  = integration * whole + (1 - integration) * ((1 - extreme) + (2 extreme - 1) * good)

Hypothesis: where good and bad are not integrated, one or two ruptures turn the figure from all-good into all-bad,
however long care was good. Repairs turn it back. Beliefs are then more extreme than care was: even moderately good
sessions in a row call up the all-good image. `good` is the probability that the all-good model is true. The all-good
figure responds with probability `extreme`, the all-bad one with 1 - extreme. At an integration of 1, this is one belief
with a constant learning rate. All quantities lie in 0..1; outcomes between 0 and 1 enter as a tempered likelihood.
After Kernberg (1966), Structural derivatives of object relationships, Int. J. Psycho-Anal. 47, who gives no equation;
this one is derived here.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, exp, logit
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "integration": r"\iota", "rate": r"\alpha", "switching": r"h", "extreme": r"e"},
    start=(r"W = b_0, \quad g = b_0",),
    time=(r"g \leftarrow \tfrac{1}{2} + (1 - h)^{\Delta t}\left(g - \tfrac{1}{2}\right)",),
    outcome=(
        r"y = \left(\frac{e}{1 - e}\right)^{2 o - 1}",
        r"g \leftarrow \frac{g\,y}{g\,y + 1 - g}",
        r"W \leftarrow W + \alpha\,(o - W)",
    ),
    belief=(r"b = \iota\,W + (1 - \iota)\left((1 - e) + (2 e - 1)\,g\right)",),
    quantities={
        "b": "belief",
        "W": "whole belief, in which good and bad are integrated",
        "g": "probability that the all-good model is true",
        "y": "odds of the outcome under the all-good model",
    },
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial value of both the whole and the split belief")
    integration: Array = Parameter(
        "unit", (0.1, 0.9), meaning="weight of the whole belief relative to the split belief"
    )
    rate: Array = Parameter("unit", (0.01, 0.2), pooling="complete", meaning="learning rate of the whole belief: slow")
    switching: Array = Parameter(
        "unit",
        (0.02, 0.4),
        pooling="complete",
        meaning="probability per unit of time that the true model is uncertain again",
    )
    extreme: Array = Parameter("unit", (0.7, 0.98), fixed=0.9, meaning="probability that the all-good figure responds")


class State(NamedTuple):
    whole: Array
    good: Array


def start(p: Parameters) -> State:
    return State(p.start, p.start)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(good=0.5 + (s.good - 0.5) * (1.0 - p.switching) ** elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    weight = s.good * exp((2.0 * outcome - 1.0) * logit(p.extreme))
    return State(s.whole + p.rate * (outcome - s.whole), weight / (weight + 1.0 - s.good))


def belief(p: Parameters, s: State) -> Belief:
    split = (1.0 - p.extreme) + (2.0 * p.extreme - 1.0) * s.good
    return Belief(p.integration * s.whole + (1.0 - p.integration) * split)


NO_LOCATION = "its belief is a mixture of a whole belief and of two models, and no part of it alone is the belief"
RULE = Learner(Parameters(), start, drift, learn, belief, "binary", no_location=NO_LOCATION)
