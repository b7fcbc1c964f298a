"""Beliefs drift back towards the early model, the prototype.

    retention = (1 - pull)^elapsed
    mean     <- prototype + retention * (mean - prototype)                   (time passes)
    variance <- variance + diffusion * elapsed
    gain      = variance / (variance + noise)
    mean     <- mean + gain * (outcome - mean)                               (an outcome is observed)
    variance <- (1 - gain) * variance

Hypothesis: what was learned first is never unlearned. Late beliefs therefore correlate with the initial belief,
however much time has passed. Without the pull (the revisionist model, a Kalman filter) this correlation approaches 0.
The prototype is the initial belief. The pull affects the belief and not its uncertainty. Units are those of the Kalman
filter; `pull` is the share of the way back per unit of time. Fraley (2002), doi:10.1207/S15327957PSPR0602_03, for both
accounts; the filter is derived here.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.rules.location import on_outcome_scale
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "pull": r"\lambda", "start_variance": r"v_0", "diffusion": r"q", "noise": r"\epsilon"},
    start=(r"b = b_0, \quad v = v_0",),
    time=(
        r"b \leftarrow b_0 + (1 - \lambda)^{\Delta t}\,(b - b_0)",
        r"v \leftarrow v + q\,\Delta t",
    ),
    outcome=(
        r"k = \frac{v}{v + \epsilon}",
        r"b \leftarrow b + k\,(o - b)",
        r"v \leftarrow (1 - k)\,v",
    ),
    quantities={"b": "belief", "v": "variance of the belief", "k": "gain: the learning rate"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, which is also the prototype")
    pull: Array = Parameter(
        "unit", (0.01, 0.3), pooling="complete", meaning="share of the way back to the prototype per unit of time"
    )
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
    retention = (1.0 - p.pull) ** elapsed
    return State(p.start + retention * (s.mean - p.start), s.variance + p.diffusion * elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    gain = s.variance / (s.variance + p.noise)
    return State(s.mean + gain * (outcome - s.mean), (1.0 - gain) * s.variance)


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.mean, s.variance)


RULE = Learner(Parameters(), start, drift, learn, belief, location=on_outcome_scale("mean"))
