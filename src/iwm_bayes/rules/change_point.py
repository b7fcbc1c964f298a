"""Large surprises reset the belief: the reduced Bayesian change-point model.

    hazard'          = 1 - (1 - hazard)^elapsed                (time passes; elapsed since the last observed outcome)
    prediction_error = outcome - mean                                                        (an outcome is observed)
    p_change         = hazard' / (hazard' + Normal(prediction_error; 0, noise / (1 - share)) (1 - hazard'))
    mean'            = mean + (share + (1 - share) p_change) * prediction_error
    variance         = p_change noise + (1 - p_change) share noise
                       + p_change (1 - p_change) ((1 - share) prediction_error)^2
    share'           = variance / (variance + noise)

Hypothesis: a small prediction error is noise, and a large one means that the figure has changed. `mean`, `hazard` and
`share` lie in 0..1. `share` is the share of the prediction error that is learned without a change: the relative
uncertainty. It starts at one half. `noise` is a variance in outcome units squared. After a change, all outcomes in
0..1 are equally likely. Outcomes are taken to be Gaussian around `mean`, as in the source. Outcomes of 0 or 1 are
not: the rule then takes them for graded ones, and its `p_change` is no posterior probability. Nassar et al. (2010),
doi:10.1523/JNEUROSCI.0822-10.2010; `variance` is the exact variance of the mixture.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import Array, constant, exp, sqrt
from iwm_bayes.rules.location import on_outcome_scale
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "hazard": r"h", "noise": r"\epsilon", "start_share": r"u_0"},
    start=(r"b = b_0, \quad u = u_0, \quad t = 0",),
    time=(r"t \leftarrow t + \Delta t",),
    outcome=(
        r"\delta = o - b, \quad h_t = 1 - (1 - h)^{t}",
        r"p = \frac{h_t}{h_t + (1 - h_t)\,\mathcal{N}\left(\delta;\ 0,\ \frac{\epsilon}{1 - u}\right)}",
        r"b \leftarrow b + \left(u + (1 - u)\,p\right)\delta",
        r"v = p\,\epsilon + (1 - p)\,u\,\epsilon + p\,(1 - p)\left((1 - u)\,\delta\right)^2",
        r"u \leftarrow \frac{v}{v + \epsilon}, \quad t \leftarrow 0",
    ),
    belief=(r"\operatorname{Var}(b) = \epsilon\,\frac{u}{1 - u}",),
    quantities={
        "b": "belief",
        "u": "share of the prediction error that is learned without a change",
        "p": "probability that the figure has changed",
        "t": "time since the last observed outcome",
    },
)

TAU = constant(2.0 * np.pi)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    hazard: Array = Parameter("unit", (0.01, 0.4), meaning="probability per unit of time that the figure has changed")
    noise: Array = Parameter(
        "positive", (0.05, 0.5), pooling="complete", meaning="variance of outcomes of a figure that has not changed"
    )
    start_share: Array = Parameter(
        "unit", (0.1, 0.9), fixed=0.5, meaning="share of the first prediction error that is learned"
    )


class State(NamedTuple):
    mean: Array
    share: Array
    since: Array  # time since the last observed outcome


def start(p: Parameters) -> State:
    return State(p.start, p.start_share, constant(0.0) * p.start)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(since=s.since + elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    prediction_error = outcome - s.mean
    p_stable = (1.0 - p.hazard) ** s.since
    predictive_variance = p.noise / (1.0 - s.share)
    likelihood = exp(-(prediction_error**2) / (2.0 * predictive_variance)) / sqrt(TAU * predictive_variance) * p_stable
    p_change = (1.0 - p_stable) / (1.0 - p_stable + likelihood)
    variance = (p_change + (1.0 - p_change) * s.share) * p.noise + p_change * (1.0 - p_change) * (
        (1.0 - s.share) * prediction_error
    ) ** 2
    return State(
        s.mean + (s.share + (1.0 - s.share) * p_change) * prediction_error,
        variance / (variance + p.noise),
        constant(0.0) * s.since,
    )


def belief(p: Parameters, s: State) -> Belief:
    return Belief(s.mean, p.noise * s.share / (1.0 - s.share))


RULE = Learner(Parameters(), start, drift, learn, belief, location=on_outcome_scale("mean"))
