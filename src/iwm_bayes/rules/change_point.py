"""Has this person changed? The reduced Bayesian change-point model.

    hazard'    = 1 - (1 - hazard)^elapsed                    (time passes; elapsed since the last outcome)
    surprise   = outcome - mean                              (an outcome is seen)
    changed    = hazard' / (hazard' + Normal(surprise; 0, noise / (1 - share)) (1 - hazard'))
    mean'      = mean + (share + (1 - share) changed) * surprise
    spread     = changed noise + (1 - changed) share noise + changed (1 - changed) ((1 - share) surprise)^2
    share'     = spread / (spread + noise)

Claim: small surprises are noise and large ones mean that someone is no longer who they were. `mean`, `hazard` and
`share` (the share of surprise learned without a change: relative uncertainty) lie in 0..1; `noise` is a variance in
outcome units squared; outcomes after a change are as likely anywhere in 0..1. `share` starts at one half.
Nassar et al. (2010), doi:10.1523/JNEUROSCI.0822-10.2010; the spread is the exact variance of the mixture.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, exp, sqrt
from iwm_bayes.types import Belief, Learner, Parameter

TAU = constant(2.0 * np.pi)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    hazard: Array = Parameter("unit", (0.01, 0.4), meaning="chance per unit of time that the figure has changed")
    noise: Array = Parameter(
        "positive", (0.05, 0.5), pooling="complete", meaning="variance of outcomes of someone who has not changed"
    )
    start_share: Array = Parameter("unit", (0.1, 0.9), fixed=0.5, meaning="share of the first surprise that is learned")


class State(NamedTuple):
    mean: Array
    share: Array
    since: Array  # time since this belief last met an outcome


def start(p: Parameters) -> State:
    return State(p.start, p.start_share, constant(0.0) * p.start)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(since=s.since + elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    surprise = outcome - s.mean
    stayed = (1.0 - p.hazard) ** s.since
    predictive = p.noise / (1.0 - s.share)
    likely = exp(-(surprise**2) / (2.0 * predictive)) / sqrt(TAU * predictive) * stayed
    changed = (1.0 - stayed) / (1.0 - stayed + likely)
    spread = (changed + (1.0 - changed) * s.share) * p.noise + changed * (1.0 - changed) * (
        (1.0 - s.share) * surprise
    ) ** 2
    return State(
        s.mean + (s.share + (1.0 - s.share) * changed) * surprise,
        spread / (spread + p.noise),
        constant(0.0) * s.since,
    )


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.mean, p.noise * s.share / (1.0 - s.share))


RULE = Learner(Parameters(), start, drift, learn, belief)
