"""Volatility is learned: the binary volatile Kalman filter.

    since          <- since + elapsed                                              (time passes)
    prior           = variance + volatility * since                                (an outcome is observed)
    gain            = prior / (prior + noise)
    mean'           = mean + sqrt(prior) * (outcome - sigmoid(mean))
    variance'       = (1 - gain) * prior
    squared_change  = (mean' - mean)^2 + variance' + variance - 2 (1 - gain) variance
    volatility     <- volatility + learning * (squared_change - volatility * since) / max(1, since)

`since` is then set to 0. Hypothesis: people who have experienced change continue to expect it, and change their beliefs
at every outcome. `mean` is in log-odds, variances are in log-odds squared, and `volatility` is per unit of time.
`variance` starts at `noise`. With one unit of time between events, this is the published filter. In longer gaps the
squared change counts per unit of time; in shorter gaps it counts as it is. Piray & Daw (2020),
doi:10.1371/journal.pcbi.1007963, equations 14-19.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, logit, maximum, sigmoid, sqrt
from iwm_bayes.rules.location import in_log_odds
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "noise": r"\epsilon", "start_volatility": r"z_0", "learning": r"\eta"},
    start=(r"m = \operatorname{logit} b_0, \quad v = \epsilon, \quad t = 0, \quad z = z_0",),
    time=(r"t \leftarrow t + \Delta t",),
    outcome=(
        r"V = v + z\,t, \quad k = \frac{V}{V + \epsilon}",
        r"m' = m + \sqrt{V}\,\left(o - \sigma(m)\right)",
        r"v' = (1 - k)\,V",
        r"z' = z + \eta\,\frac{(m' - m)^2 + v' + v - 2\,(1 - k)\,v - z\,t}{\max(1, t)}",
        r"(m, v, t, z) \leftarrow (m', v', 0, z')",
    ),
    belief=(r"b = \sigma(m), \quad \operatorname{Var}(b) \approx \left(b\,(1 - b)\right)^2 (v + z\,t)",),
    quantities={
        "b": "belief",
        "m": "belief in log-odds",
        "v": "variance of m",
        "V": "variance of m just before the outcome",
        "z": "volatility",
        "t": "time since the last observed outcome",
        "k": "gain",
    },
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    noise: Array = Parameter(
        "positive", (0.02, 1.0), meaning="variance of outcomes around the belief, log-odds squared"
    )
    start_volatility: Array = Parameter(
        "positive",
        (0.01, 0.5),
        pooling="complete",
        meaning="initial volatility: expected squared change per unit of time, log-odds squared",
    )
    learning: Array = Parameter("unit", (0.02, 0.4), pooling="complete", meaning="learning rate of the volatility")


class State(NamedTuple):
    mean: Array
    variance: Array
    since: Array  # time since the last observed outcome
    volatility: Array


def start(p: Parameters) -> State:
    return State(logit(p.start), p.noise, constant(0.0) * p.noise, p.start_volatility)


def drift(p: Parameters, s: State, elapsed: Array) -> State:
    return s._replace(since=s.since + elapsed)


def learn(p: Parameters, s: State, outcome: Array) -> State:
    added = s.volatility * s.since
    prior = s.variance + added
    complement = p.noise / (prior + p.noise)  # 1 - gain
    step = sqrt(prior) * (outcome - sigmoid(s.mean))
    variance = complement * prior
    squared_change = step**2 + variance + s.variance - 2.0 * complement * s.variance
    prediction_error = (squared_change - added) / maximum(s.since, constant(1.0))
    return State(s.mean + step, variance, constant(0.0) * s.since, s.volatility + p.learning * prediction_error)


def belief(p: Parameters, s: State) -> Belief:
    mean = sigmoid(s.mean)
    return Belief(mean, (mean * (1.0 - mean)) ** 2 * (s.variance + s.volatility * s.since))


RULE = Learner(Parameters(), start, drift, learn, belief, "binary", in_log_odds("mean"))
