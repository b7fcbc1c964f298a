"""Learning weighted by uncertainty: the scalar Kalman filter.

    variance <- variance + diffusion * elapsed       (time passes)
    gain      = variance / (variance + noise)
    mean     <- mean + gain * (outcome - mean)       (an outcome is seen)
    variance <- (1 - gain) * variance

Claim: people who are unsure of others move more. `mean` lies in 0..1; `start_variance` and `noise`
are in outcome units squared, `diffusion` in outcome units squared per unit of time. Only their ratios
move the mean, so `noise` is fixed at .25, the variance of a coin. Kalman (1960), doi:10.1115/1.3662552.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.types import Belief, Learner, Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    start_variance: Array = Parameter(
        "positive", (0.01, 0.5), pooling="complete", meaning="how unsure of it people are at first"
    )
    diffusion: Array = Parameter("positive", (0.001, 0.05), meaning="uncertainty that each unit of time adds")
    noise: Array = Parameter("positive", (0.05, 0.5), fixed=0.25, meaning="variance of outcomes around the belief")


class State(NamedTuple):
    mean: Array
    variance: Array


def start(p: Parameters) -> State:
    return State(p.start, p.start_variance)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(variance=s.variance + p.diffusion * elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    gain = s.variance / (s.variance + p.noise)
    return State(s.mean + gain * (outcome - s.mean), (1.0 - gain) * s.variance)


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.mean, s.variance)


RULE = Learner(Parameters(), start, drift, learn, belief)
