"""All good or all bad: two models of one figure, of which one is active at a time.

    good   <- 1/2 + (good - 1/2) * (1 - switching)^elapsed                                    (time passes)
    favour  = (extreme / (1 - extreme))^(2 x - 1)                                      (outcome x is seen)
    good   <- good favour / (good favour + 1 - good)
    whole  <- whole + rate * (x - whole)
    belief  = integration * whole + (1 - integration) * ((1 - extreme) + (2 extreme - 1) * good)

Claim: where good and bad are not integrated, a mild rupture turns the figure from all good into all bad, however
long care has been good, and a repair turns it back; beliefs then have two modes, not a wide one. `good` is the
probability that the all-good model is the true one; the all-good figure responds with probability `extreme`, the
all-bad one with 1 - extreme. Integrated (1), this is one belief learned at a constant rate. All lie in 0..1; outcomes
between 0 and 1 enter as a tempered likelihood. After Kernberg (1966), Structural derivatives of
object relationships, Int. J. Psycho-Anal. 47, who gives no equation: this one is derived here.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, exp, logit
from iwm_bayes.types import Belief, Learner, Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="either belief before the first event")
    integration: Array = Parameter("unit", (0.1, 0.9), meaning="weight of the whole against the split belief")
    rate: Array = Parameter(
        "unit", (0.01, 0.2), pooling="complete", meaning="share of the surprise that the whole belief learns: slow"
    )
    switching: Array = Parameter(
        "unit", (0.02, 0.4), pooling="complete", meaning="chance per unit of time that which model holds is open again"
    )
    extreme: Array = Parameter("unit", (0.7, 0.98), fixed=0.9, meaning="chance that an all-good figure responds")


class State(NamedTuple):
    whole: Array
    good: Array


def start(p: Parameters) -> State:
    return State(p.start, p.start)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(good=0.5 + (s.good - 0.5) * (1.0 - p.switching) ** elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    favoured = s.good * exp((2.0 * outcome - 1.0) * logit(p.extreme))
    return State(s.whole + p.rate * (outcome - s.whole), favoured / (favoured + 1.0 - s.good))


def belief(p: Parameters, s: State) -> Belief:
    split = (1.0 - p.extreme) + (2.0 * p.extreme - 1.0) * s.good
    return Belief(p.integration * s.whole + (1.0 - p.integration) * split)


RULE = Learner(Parameters(), start, drift, learn, belief, outcomes="binary")
