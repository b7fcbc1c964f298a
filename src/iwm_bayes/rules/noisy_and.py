"""Care requires an available other and a worthy self: a noisy AND of two hidden causes.

W (the person is worthy of care) and A (this figure is available) are each true or false. A figure responds with
probability `care` if both are true, and with probability `leak` otherwise. The beliefs are P(W), and P(A | W) of each
figure:

    yes = care^x (1 - care)^(1 - x),   no = leak^x (1 - leak)^(1 - x)           (outcome x is observed)
    likelihood = P(A | W) yes + (1 - P(A | W)) no
    P(W)      <- P(W) likelihood / (P(W) likelihood + (1 - P(W)) no)
    P(A | W)  <- P(A | W) yes / likelihood,   P(A | not W) stays
    with probability 1 - (1 - hazard)^elapsed, each of W and A is drawn again from its initial belief   (time passes)

Hypothesis: what a rejection implies depends on the beliefs before it. People who think well of others blame themselves.
People who think well of themselves blame the other. People who think poorly of both learn least about either. Without
hazard this is Bayes' rule for any number of figures. With hazard it is exact for one figure; with several it forgets
what figures would share after a change of W. Outcomes between 0 and 1 enter as a tempered likelihood. All beliefs lie
in 0..1. Derived here from the noisy AND of Pearl (1988), Probabilistic Reasoning in Intelligent Systems, 184-190.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, broadcast_figures, exp, log
from iwm_bayes.rules.lift import at_figure, set_at_figure
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Beliefs, Event, Parameter, Rule

LATEX = Notation(
    symbols={
        "availability_start": r"a_0",
        "worth_start": r"w_0",
        "hazard": r"h",
        "care": r"c",
        "leak": r"\lambda",
    },
    start=(r"w = w_0, \quad a_1 = a_0, \quad a_{\neg} = a_0",),
    time=(
        r"r = 1 - (1 - h)^{\Delta t}, \quad a = w\,a_1 + (1 - w)\,a_{\neg}, \quad w' = w + r\,(w_0 - w)",
        r"a_1 \leftarrow (1 - r)\,\frac{(1 - r)\,w\,a_1 + r\,w_0\,a}{w'} + r\,a_0",
        r"a_{\neg} \leftarrow (1 - r)\,\frac{(1 - r)(1 - w)\,a_{\neg} + r\,(1 - w_0)\,a}{1 - w'} + r\,a_0",
        r"w \leftarrow w'",
    ),
    outcome=(
        r"y = c^{o}\,(1 - c)^{1 - o}, \quad n = \lambda^{o}\,(1 - \lambda)^{1 - o}, \quad l = a_1\,y + (1 - a_1)\,n",
        r"w \leftarrow \frac{w\,l}{w\,l + (1 - w)\,n}",
        r"a_1 \leftarrow \frac{a_1\,y}{l}",
    ),
    belief=(r"a = w\,a_1 + (1 - w)\,a_{\neg}", r"p = \lambda + (c - \lambda)\,w\,a_1"),
    quantities={
        "w": "self-worth: P(W)",
        "a_1, a_{\\neg}": "P(A | W) and P(A | not W) of the figure",
        "a": "availability: P(A)",
        "p": "expected outcome",
    },
)


class Parameters(NamedTuple):
    availability_start: Array = Parameter(
        "unit", (0.15, 0.85), meaning="initial availability: probability that a figure is available"
    )
    worth_start: Array = Parameter(
        "unit", (0.15, 0.85), meaning="initial self-worth: probability that oneself is worthy of care"
    )
    hazard: Array = Parameter(
        "unit",
        (0.02, 0.4),
        pooling="complete",
        meaning="probability per unit of time that a belief returns to its initial value",
    )
    care: Array = Parameter("unit", (0.7, 0.98), fixed=0.9, meaning="probability of a response if both are true")
    leak: Array = Parameter("unit", (0.02, 0.3), fixed=0.1, meaning="probability of a response otherwise")


class State(NamedTuple):
    worth: Array  # P(W), (person,)
    if_worthy: Array  # P(A | W) of each figure, (figure, person)
    if_unworthy: Array  # P(A | not W)


def start(p: Parameters, figures: int) -> State:
    available = broadcast_figures(p.availability_start, figures)
    return State(p.worth_start, available, available)


def drift(p: Parameters, s: State, event: Event) -> State:
    reset = 1.0 - (1.0 - p.hazard) ** event.since_any
    worth = s.worth + reset * (p.worth_start - s.worth)
    available = s.worth * s.if_worthy + (1.0 - s.worth) * s.if_unworthy
    if_worthy = ((1.0 - reset) * s.worth * s.if_worthy + reset * p.worth_start * available) / worth
    if_unworthy = ((1.0 - reset) * (1.0 - s.worth) * s.if_unworthy + reset * (1.0 - p.worth_start) * available) / (
        1.0 - worth
    )
    return State(
        worth,
        if_worthy + reset * (p.availability_start - if_worthy),
        if_unworthy + reset * (p.availability_start - if_unworthy),
    )


def likelihood(outcome: Array, probability: Array) -> Array:
    """Compute probability^outcome (1 - probability)^(1 - outcome)."""
    return exp(outcome * log(probability) + (1.0 - outcome) * log(1.0 - probability))


def learn(p: Parameters, s: State, event: Event) -> State:
    available = at_figure(event, s.if_worthy)
    yes, no = likelihood(event.outcome, p.care), likelihood(event.outcome, p.leak)
    likelihood_if_worthy = available * yes + (1.0 - available) * no
    return State(
        s.worth * likelihood_if_worthy / (s.worth * likelihood_if_worthy + (1.0 - s.worth) * no),
        set_at_figure(event, available * yes / likelihood_if_worthy, s.if_worthy),
        s.if_unworthy,
    )


def beliefs(p: Parameters, s: State, event: Event) -> Beliefs:
    both = s.worth * at_figure(event, s.if_worthy)
    available = both + (1.0 - s.worth) * at_figure(event, s.if_unworthy)
    return Beliefs(p.leak + (p.care - p.leak) * both, Belief(available), Belief(s.worth))


NO_OWN_SCALE = "its beliefs are joint probabilities of hidden causes, and one cannot move without the other"
RULE = Rule(
    Parameters(),
    start,
    drift,
    learn,
    beliefs,
    frozenset({"availability_start"}),
    outcomes="binary",
    no_own_scale=NO_OWN_SCALE,
)
