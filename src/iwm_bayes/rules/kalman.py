"""Learning weighted by uncertainty: the scalar Kalman filter.

    variance <- variance + diffusion * elapsed       (time passes)
    gain      = variance / (variance + noise)
    mean     <- mean + gain * (outcome - mean)       (an outcome is observed)
    variance <- (1 - gain) * variance

Hypothesis: people who are less certain about others change their beliefs more. `mean` lies in 0..1. `start_variance`
and `noise` are in outcome units squared, `diffusion` in outcome units squared per unit of time. Only their ratios
affect the mean, so `noise` is fixed at .25, the variance of a fair coin. Kalman (1960), doi:10.1115/1.3662552.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.rules.location import on_outcome_scale
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "start_variance": r"v_0", "diffusion": r"q", "noise": r"\epsilon"},
    start=(r"b = b_0, \quad v = v_0",),
    time=(r"v \leftarrow v + q\,\Delta t",),
    outcome=(
        r"k = \frac{v}{v + \epsilon}",
        r"b \leftarrow b + k\,(o - b)",
        r"v \leftarrow (1 - k)\,v",
    ),
    quantities={"b": "belief", "v": "variance of the belief", "k": "gain: the learning rate"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    start_variance: Array = Parameter(
        "positive", (0.01, 0.5), pooling="complete", meaning="uncertainty (variance) of the initial belief"
    )
    diffusion: Array = Parameter("positive", (0.001, 0.05), meaning="uncertainty (variance) added per unit of time")
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


RULE = Learner(Parameters(), start, drift, learn, belief, location=on_outcome_scale("mean"))
