"""It takes two: a figure who is there, and someone whom others respond to.

With W (I am worthy) and A (this figure is available) each true or false, a figure responds with probability
`care` if both hold and `leak` otherwise. What is held is P(W) and P(A | W) of each figure:

    yes = care^x (1 - care)^(1 - x),   no = leak^x (1 - leak)^(1 - x)           (outcome x is seen)
    likely     = P(A | W) yes + (1 - P(A | W)) no
    P(W)      <- P(W) likely / (P(W) likely + (1 - P(W)) no)
    P(A | W)  <- P(A | W) yes / likely,   P(A | not W) stays
    with chance 1 - (1 - hazard)^elapsed each of W, A is drawn anew from its start      (time passes)

Claim: what rejection says depends on what was believed. Who thinks well of others blames oneself, who thinks well of
oneself blames the other, and who thinks ill of both learns least from either. Without hazard this is Bayes' rule for
any number of figures, and with it for one; with several it forgets what figures would have in common if worth were
drawn anew. Outcomes between 0 and 1 enter as a tempered likelihood. All beliefs lie in 0..1. Derived here from the
noisy-AND gate, Pearl (1988), Probabilistic Reasoning in Intelligent Systems, 184-190.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, each_figure, exp, log
from iwm_bayes.rules.lift import at_figure, set_at_figure
from iwm_bayes.types import Belief, Beliefs, Event, Parameter, Rule


class Parameters(NamedTuple):
    availability_start: Array = Parameter("unit", (0.15, 0.85), meaning="chance that a figure is available, at first")
    worth_start: Array = Parameter("unit", (0.15, 0.85), meaning="chance that I am one others respond to, at first")
    hazard: Array = Parameter(
        "unit", (0.02, 0.4), pooling="complete", meaning="chance per unit of time that a belief starts anew"
    )
    care: Array = Parameter("unit", (0.7, 0.98), fixed=0.9, meaning="chance of a response if both hold")
    leak: Array = Parameter("unit", (0.02, 0.3), fixed=0.1, meaning="chance of a response if either does not hold")


class State(NamedTuple):
    worth: Array  # P(W), (person,)
    if_worthy: Array  # P(A | W) of each figure, (figure, person)
    if_unworthy: Array  # P(A | not W)


def start(p: Parameters, figures: int) -> State:
    available = each_figure(p.availability_start, figures)
    return State(p.worth_start, available, available)


def drift(p: Parameters, s: State, event: Event) -> State:
    anew = 1.0 - (1.0 - p.hazard) ** event.since_any
    worth = s.worth + anew * (p.worth_start - s.worth)
    available = s.worth * s.if_worthy + (1.0 - s.worth) * s.if_unworthy
    if_worthy = ((1.0 - anew) * s.worth * s.if_worthy + anew * p.worth_start * available) / worth
    if_unworthy = ((1.0 - anew) * (1.0 - s.worth) * s.if_unworthy + anew * (1.0 - p.worth_start) * available) / (
        1.0 - worth
    )
    return State(
        worth,
        if_worthy + anew * (p.availability_start - if_worthy),
        if_unworthy + anew * (p.availability_start - if_unworthy),
    )


def likelihood(outcome: Array, chance: Array) -> Array:
    """chance^outcome (1 - chance)^(1 - outcome)."""
    return exp(outcome * log(chance) + (1.0 - outcome) * log(1.0 - chance))


def learn(p: Parameters, s: State, event: Event) -> State:
    available = at_figure(event, s.if_worthy)
    yes, no = likelihood(event.outcome, p.care), likelihood(event.outcome, p.leak)
    likely = available * yes + (1.0 - available) * no
    return State(
        s.worth * likely / (s.worth * likely + (1.0 - s.worth) * no),
        set_at_figure(event, available * yes / likely, s.if_worthy),
        s.if_unworthy,
    )


def beliefs(p: Parameters, s: State, event: Event) -> Beliefs:
    both = s.worth * at_figure(event, s.if_worthy)
    available = both + (1.0 - s.worth) * at_figure(event, s.if_unworthy)
    return Beliefs(p.leak + (p.care - p.leak) * both, Belief(available), Belief(s.worth))


RULE = Rule(Parameters(), start, drift, learn, beliefs, frozenset({"availability_start"}), outcomes="binary")
