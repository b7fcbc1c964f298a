"""Learning how fast the world changes, level by level: the enhanced binary hierarchical Gaussian filter.

    added     <- added + elapsed * exp(coupling * volatility + tonic)                  (time passes)
    vagueness <- vagueness + elapsed * exp(meta)

    prior       = variance + added                                                     (an outcome is seen)
    h           = sigmoid(mean) (1 - sigmoid(mean))
    variance'   = prior / (1 + prior * h)
    mean'       = mean + variance' * (outcome - sigmoid(mean))
    change      = (variance' + (mean' - mean)^2) / prior - 1
    volatility' = volatility + vagueness / 2 * coupling * added / prior * change
    added'      = added * exp(coupling * (volatility' - volatility)),   prior' = variance + added'
    change'     = (variance' + (mean' - mean)^2) / prior' - 1
    w           = added' / prior',   r = (added' - variance) / prior'
    vagueness'  = vagueness / (1 + vagueness * max(0, coupling^2 / 2 * w * (w + r * change')))

with added set back to 0. Claim: people learn faster where they believe that others change. `mean` is in log-odds,
`volatility` in log log-odds squared per unit of time, `vagueness` its variance. The enhanced update moves the
volatility before its precision, so that no variance turns negative. Elapsed time enters both levels alike. Time adds
at most a variance of 100 (a choice: nobody is less sure than 10 log-odds), without which `exp` of `exp` overflows.
Mathys et al. (2014), doi:10.3389/fnhum.2014.00825; enhanced update as in TAPAS, of which no code is used.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, exp, logit, maximum, minimum, sigmoid
from iwm_bayes.types import Belief, Learner, Parameter

VAGUEST = constant(100.0)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="the belief before the first event")
    tonic: Array = Parameter("real", (-5.0, -1.0), meaning="log variance that a unit of time adds, volatility apart")
    start_variance: Array = Parameter(
        "positive", (0.02, 2.0), fixed=0.1, meaning="how unsure of it people are at first"
    )
    start_volatility: Array = Parameter(
        "real", (0.0, 2.0), fixed=1.0, meaning="log volatility at first; redundant with `tonic`"
    )
    start_vagueness: Array = Parameter("positive", (0.2, 2.0), fixed=1.0, meaning="variance of the log volatility")
    meta: Array = Parameter("real", (-10.0, -2.0), fixed=-6.0, meaning="log variance that time adds to the volatility")
    coupling: Array = Parameter("positive", (0.2, 2.0), fixed=1.0, meaning="how much volatility matters to the belief")


class State(NamedTuple):
    mean: Array
    variance: Array
    added: Array  # variance that time has added since this belief last met an outcome
    volatility: Array
    vagueness: Array


def start(p: Parameters) -> State:
    nothing = constant(0.0) * p.start_variance
    return State(logit(p.start), p.start_variance, nothing, p.start_volatility, p.start_vagueness)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    pace = exp(minimum(p.coupling * s.volatility + p.tonic, np.log(VAGUEST)))
    return s._replace(
        added=minimum(s.added + elapsed * pace, VAGUEST),
        vagueness=s.vagueness + elapsed * exp(p.meta),
    )


def learn(p: Parameters, s: State, outcome: Array) -> State:
    expected, prior = sigmoid(s.mean), s.variance + s.added
    variance = prior / (1.0 + prior * expected * (1.0 - expected))
    step = variance * (outcome - expected)
    scatter = variance + step**2
    jump = s.vagueness / 2.0 * p.coupling * s.added / prior * (scatter / prior - 1.0)
    added = s.added * exp(p.coupling * jump)
    prior = s.variance + added
    w, r = added / prior, (added - s.variance) / prior
    sharper = maximum(constant(0.0), p.coupling**2 / 2.0 * w * (w + r * (scatter / prior - 1.0)))
    vagueness = s.vagueness / (1.0 + s.vagueness * sharper)
    return State(s.mean + step, variance, constant(0.0) * s.added, s.volatility + jump, vagueness)


def belief(p: Parameters, s: State) -> Belief:
    mean = sigmoid(s.mean)
    return Belief(mean, (mean * (1.0 - mean)) ** 2 * (s.variance + s.added))


RULE = Learner(Parameters(), start, drift, learn, belief, "binary")
