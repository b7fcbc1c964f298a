"""Learning from the surprise that one's own uncertainty allows: the binary hierarchical Gaussian filter of two levels.

    prior     = variance + elapsed * exp(tonic)                (time passes)

    expected  = sigmoid(mean)                                  (an outcome is seen)
    variance' = prior / (1 + prior * expected * (1 - expected))
    mean'     = mean + variance' * (outcome - expected)

Claim: people who are unsure of others move more, and more where they took either act to be possible. `mean` is in
log-odds, `variance` its variance, `tonic` the log variance that a unit of time adds. Nothing is learned of how fast
others change: this is `ehgf` without coupling, at about a third of its cost.
Mathys et al. (2014), doi:10.3389/fnhum.2014.00825.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, exp, logit, sigmoid
from iwm_bayes.types import Belief, Learner, Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    tonic: Array = Parameter("real", (-5.0, -1.0), meaning="log variance that a unit of time adds")
    start_variance: Array = Parameter(
        "positive", (0.02, 2.0), fixed=0.1, meaning="how unsure of it people are at first"
    )


class State(NamedTuple):
    mean: Array
    variance: Array


def start(p: Parameters) -> State:
    return State(logit(p.start), p.start_variance)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(variance=s.variance + elapsed * exp(p.tonic))


def learn(p: Parameters, s: State, outcome: Array) -> State:
    expected = sigmoid(s.mean)
    variance = s.variance / (1.0 + s.variance * expected * (1.0 - expected))
    return State(s.mean + variance * (outcome - expected), variance)


def belief(p: Parameters, s: State) -> Belief:
    mean = sigmoid(s.mean)
    return Belief(mean, (mean * (1.0 - mean)) ** 2 * s.variance)


RULE = Learner(Parameters(), start, drift, learn, belief, "binary")
