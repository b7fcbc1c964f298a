"""The enhanced three-level hierarchical Gaussian filter: perceived volatility raises the learning rate.

    added     <- added + elapsed * exp(coupling * volatility + tonic)                  (time passes)
    vagueness <- vagueness + elapsed * exp(meta)

    prior       = variance + added                                                     (an outcome is observed)
    h           = sigmoid(mean) (1 - sigmoid(mean))
    variance'   = prior / (1 + prior * h)
    mean'       = mean + variance' * (outcome - sigmoid(mean))
    change      = (variance' + (mean' - mean)^2) / prior - 1
    volatility' = volatility + vagueness / 2 * coupling * added / prior * change
    added'      = added * exp(coupling * (volatility' - volatility)),   prior' = variance + added'
    change'     = (variance' + (mean' - mean)^2) / prior' - 1
    w           = added' / prior',   r = (added' - variance) / prior'
    vagueness'  = vagueness / (1 + vagueness * max(0, coupling^2 / 2 * w * (w + r * change')))

`added` is then set to 0. Hypothesis: people learn faster while they believe that others change. `mean` is in log-odds.
`volatility` is the log of a variance per unit of time, in log-odds squared; `vagueness` is the variance of
`volatility`. The enhanced update changes the volatility before its precision, so that no variance becomes negative.
Elapsed time enters both levels alike. Time adds a variance of at most 100: nobody is less certain than 10 log-odds (a
choice). Without this limit, `exp` of `exp` overflows. `start_variance` is estimated, as in `hgf`; learning settles at a
larger variance here, because the initial volatility is 1. Mathys et al. (2014), doi:10.3389/fnhum.2014.00825; enhanced
update as in TAPAS, without use of its code.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, exp, logit, maximum, minimum, sigmoid
from iwm_bayes.rules.location import in_log_odds
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={
        "start": r"b_0",
        "tonic": r"\omega",
        "start_variance": r"v_0",
        "start_volatility": r"z_0",
        "start_vagueness": r"s_0",
        "meta": r"\vartheta",
        "coupling": r"\kappa",
    },
    start=(r"m = \operatorname{logit} b_0, \quad v = v_0, \quad a = 0, \quad z = z_0, \quad s = s_0",),
    time=(
        r"a \leftarrow \min\left(a + \Delta t\,e^{\kappa z + \omega},\ 100\right)",
        r"s \leftarrow s + \Delta t\,e^{\vartheta}",
    ),
    outcome=(
        r"b = \sigma(m), \quad V = v + a",
        r"v' = \frac{V}{1 + V\,b\,(1 - b)}",
        r"m' = m + v'\,(o - b)",
        r"c = \frac{v' + (m' - m)^2}{V} - 1",
        r"z' = z + \frac{s}{2}\,\kappa\,\frac{a}{V}\,c",
        r"a' = a\,e^{\kappa (z' - z)}, \quad V' = v + a'",
        r"c' = \frac{v' + (m' - m)^2}{V'} - 1, \quad w = \frac{a'}{V'}, \quad r = \frac{a' - v}{V'}",
        r"s' = \frac{s}{1 + s\,\max\left(0,\ \frac{\kappa^2}{2}\,w\,(w + r\,c')\right)}",
        r"(m, v, a, z, s) \leftarrow (m', v', 0, z', s')",
    ),
    belief=(r"b = \sigma(m), \quad \operatorname{Var}(b) \approx \left(b\,(1 - b)\right)^2 (v + a)",),
    quantities={
        "b": "belief",
        "m": "belief in log-odds",
        "v": "variance of m",
        "V": "variance of m just before the outcome",
        "a": "variance that time has added since the last observed outcome",
        "z": "volatility: log of a variance per unit of time",
        "s": "variance of z",
    },
)

MAX_ADDED = constant(100.0)  # the largest variance that time adds


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    tonic: Array = Parameter("real", (-5.0, -1.0), meaning="log variance added per unit of time at a volatility of 0")
    start_variance: Array = Parameter(
        "positive",
        (0.3, 3.0),
        pooling="complete",
        meaning="variance of the initial belief, log-odds squared",
    )
    start_volatility: Array = Parameter(
        "real", (0.0, 2.0), fixed=1.0, meaning="initial log volatility; redundant with `tonic`"
    )
    start_vagueness: Array = Parameter(
        "positive", (0.2, 2.0), fixed=1.0, meaning="initial variance of the log volatility"
    )
    meta: Array = Parameter(
        "real", (-10.0, -2.0), fixed=-6.0, meaning="log variance added to the volatility per unit of time"
    )
    coupling: Array = Parameter(
        "positive", (0.2, 2.0), fixed=1.0, meaning="effect of the volatility on the belief's uncertainty"
    )


class State(NamedTuple):
    mean: Array
    variance: Array
    added: Array  # variance added by time since the last observed outcome
    volatility: Array
    vagueness: Array


def start(p: Parameters) -> State:
    zero = constant(0.0) * p.start_variance
    return State(logit(p.start), p.start_variance, zero, p.start_volatility, p.start_vagueness)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    variance_rate = exp(minimum(p.coupling * s.volatility + p.tonic, np.log(MAX_ADDED)))
    return s._replace(
        added=minimum(s.added + elapsed * variance_rate, MAX_ADDED),
        vagueness=s.vagueness + elapsed * exp(p.meta),
    )


def learn(p: Parameters, s: State, outcome: Array) -> State:
    expected, prior = sigmoid(s.mean), s.variance + s.added
    variance = prior / (1.0 + prior * expected * (1.0 - expected))
    step = variance * (outcome - expected)
    squared_change = variance + step**2
    volatility_change = s.vagueness / 2.0 * p.coupling * s.added / prior * (squared_change / prior - 1.0)
    added = s.added * exp(p.coupling * volatility_change)
    prior = s.variance + added
    w, r = added / prior, (added - s.variance) / prior
    added_precision = maximum(constant(0.0), p.coupling**2 / 2.0 * w * (w + r * (squared_change / prior - 1.0)))
    vagueness = s.vagueness / (1.0 + s.vagueness * added_precision)
    return State(s.mean + step, variance, constant(0.0) * s.added, s.volatility + volatility_change, vagueness)


def belief(p: Parameters, s: State) -> Belief:
    mean = sigmoid(s.mean)
    return Belief(mean, (mean * (1.0 - mean)) ** 2 * (s.variance + s.added))


RULE = Learner(Parameters(), start, drift, learn, belief, "binary", in_log_odds("mean"))
