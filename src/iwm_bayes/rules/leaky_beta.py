"""Evidence accumulates with exponential forgetting: a conjugate beta belief.

    retention = (1 - leak)^elapsed
    for_it   <- retention * for_it  + (1 - retention) * strength * start           (time passes)
    against  <- retention * against + (1 - retention) * strength * (1 - start)
    for_it   <- for_it + weight * outcome                                          (an outcome is observed)
    against  <- against + weight * (1 - outcome)
    mean      = for_it / (for_it + against),   variance = mean (1 - mean) / (for_it + against + 1)

Hypothesis: an early model is entrenched by the evidence behind it. Without forgetting, under outcomes p > tau, a belief
reaches tau after n = (tau strength - start strength) / (weight (p - tau)) sessions. Counts are in sessions. Only
the ratio strength / weight is identified, so `weight` is fixed at 1. `leak` is the share of the past that is forgotten
per unit of time. Without leak this is Bayes' rule for a constant probability of responsive outcomes.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, log, logit, sigmoid
from iwm_bayes.rules.location import LOG_ODDS
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Location, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "strength": r"s", "leak": r"\lambda", "weight": r"w"},
    start=(r"n_{+} = s\,b_0, \quad n_{-} = s\,(1 - b_0)",),
    time=(
        r"r = (1 - \lambda)^{\Delta t}",
        r"n_{+} \leftarrow r\,n_{+} + (1 - r)\,s\,b_0",
        r"n_{-} \leftarrow r\,n_{-} + (1 - r)\,s\,(1 - b_0)",
    ),
    outcome=(r"n_{+} \leftarrow n_{+} + w\,o, \quad n_{-} \leftarrow n_{-} + w\,(1 - o)",),
    belief=(r"b = \frac{n_{+}}{n_{+} + n_{-}}", r"\operatorname{Var}(b) = \frac{b\,(1 - b)}{n_{+} + n_{-} + 1}"),
    quantities={"b": "belief", "n_{+}, n_{-}": "evidence for and against care, in sessions", "r": "retention"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    strength: Array = Parameter(
        "positive", (1.0, 30.0), meaning="entrenchment: sessions that the initial belief is worth"
    )
    leak: Array = Parameter(
        "unit", (0.005, 0.2), pooling="complete", meaning="share of experience that is forgotten per unit of time"
    )
    weight: Array = Parameter("positive", (0.2, 3.0), fixed=1.0, meaning="weight of one session")


class State(NamedTuple):
    for_it: Array
    against: Array


def start(p: Parameters) -> State:
    return State(p.strength * p.start, p.strength * (1.0 - p.start))


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    retention, initial = (1.0 - p.leak) ** elapsed, start(p)
    return State(
        retention * s.for_it + (1.0 - retention) * initial.for_it,
        retention * s.against + (1.0 - retention) * initial.against,
    )


def learn(p: Parameters, s: State, outcome: Array) -> State:
    return State(s.for_it + p.weight * outcome, s.against + p.weight * (1.0 - outcome))


def belief(p: Parameters, s: State) -> Belief:
    total = s.for_it + s.against
    mean = s.for_it / total
    return Belief(mean, mean * (1.0 - mean) / (total + 1.0))


def log_odds(s: State) -> Array:
    return log(s.for_it / s.against)


def with_log_odds(s: State, value: Array) -> State:
    """Return the evidence divided anew: there is as much of it as before."""
    total = s.for_it + s.against
    return State(total * sigmoid(value), total * sigmoid(-value))


RULE = Learner(Parameters(), start, drift, learn, belief, location=Location(log_odds, with_log_odds, logit, LOG_ODDS))
