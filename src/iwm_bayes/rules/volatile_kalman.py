"""Learning how fast the world changes: the binary volatile Kalman filter.

    since      <- since + elapsed                                                  (time passes)
    prior       = variance + volatility * since                                    (an outcome is seen)
    gain        = prior / (prior + noise)
    mean'       = mean + sqrt(prior) * (outcome - sigmoid(mean))
    variance'   = (1 - gain) * prior
    moved       = (mean' - mean)^2 + variance' + variance - 2 (1 - gain) variance
    volatility <- volatility + learning * (moved - volatility * since) / max(1, since)

with since set back to 0. Claim: who has lived through change goes on expecting it, and moves at every act. `mean` is
in log-odds, variances in log-odds squared, `volatility` per unit of time; `variance` starts at `noise`. At one unit
between events this is the published filter; longer gaps count per unit of time, and shorter ones as they stand.
Piray & Daw (2020), doi:10.1371/journal.pcbi.1007963, their equations 14-19.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, logit, maximum, sigmoid, sqrt
from iwm_bayes.types import Belief, Learner, Parameter


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    noise: Array = Parameter(
        "positive", (0.02, 1.0), meaning="variance of outcomes around the belief, log-odds squared"
    )
    start_volatility: Array = Parameter(
        "positive",
        (0.01, 0.5),
        pooling="complete",
        meaning="expected change per unit of time at first, log-odds squared",
    )
    learning: Array = Parameter(
        "unit", (0.02, 0.4), pooling="complete", meaning="share of a surprise about change that volatility learns"
    )


class State(NamedTuple):
    mean: Array
    variance: Array
    since: Array  # time since this belief last met an outcome
    volatility: Array


def start(p: Parameters) -> State:
    return State(logit(p.start), p.noise, constant(0.0) * p.noise, p.start_volatility)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(since=s.since + elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    added = s.volatility * s.since
    prior = s.variance + added
    kept = p.noise / (prior + p.noise)  # 1 - gain
    step = sqrt(prior) * (outcome - sigmoid(s.mean))
    variance = kept * prior
    moved = step**2 + variance + s.variance - 2.0 * kept * s.variance
    surprise = (moved - added) / maximum(s.since, constant(1.0))
    return State(s.mean + step, variance, constant(0.0) * s.since, s.volatility + p.learning * surprise)


def belief(p: Parameters, s: State) -> Belief:
    mean = sigmoid(s.mean)
    return Belief(mean, (mean * (1.0 - mean)) ** 2 * (s.variance + s.volatility * s.since))


RULE = Learner(Parameters(), start, drift, learn, belief, "binary")
