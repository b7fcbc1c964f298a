"""The two-level binary hierarchical Gaussian filter: learning weighted by uncertainty.

    prior     = variance + elapsed * exp(tonic)                (time passes)

    expected  = sigmoid(mean)                                  (an outcome is observed)
    variance' = prior / (1 + prior * expected * (1 - expected))
    mean'     = mean + variance' * (outcome - expected)

Hypothesis: people change their beliefs more when they are uncertain about others. On the scale of 0 to 1, a prediction
error also has more weight where they considered either outcome possible: sigmoid is steepest there. In log-odds it has
less. `mean` is in log-odds, `variance` is its variance, and `tonic` is the log variance added per unit of time.

`start_variance` is estimated, one for everybody. The usual default of .1 is below the variance at which learning
settles (.15 to 1.5 over the prior of `tonic`), so that everybody would learn faster from event to event. 40 people
with 24 events determine it: the posterior SD of its log is .03 to .4, and that of the prior is .7. The rate
of change of others is not learned: this is `ehgf` without coupling, at about a third of its cost.
Mathys et al. (2014), doi:10.3389/fnhum.2014.00825.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, exp, logit, sigmoid
from iwm_bayes.rules.location import in_log_odds
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Learner, Parameter

LATEX = Notation(
    symbols={"start": r"b_0", "tonic": r"\omega", "start_variance": r"v_0"},
    start=(r"m = \operatorname{logit} b_0, \quad v = v_0",),
    time=(r"v \leftarrow v + \Delta t\,e^{\omega}",),
    outcome=(
        r"b = \sigma(m)",
        r"v \leftarrow \frac{v}{1 + v\,b\,(1 - b)}",
        r"m \leftarrow m + v\,(o - b)",
    ),
    belief=(r"b = \sigma(m), \quad \operatorname{Var}(b) \approx \left(b\,(1 - b)\right)^2 v",),
    quantities={"m": "belief in log-odds", "v": "variance of m", "b": "belief"},
)


class Parameters(NamedTuple):
    start: Array = Parameter("unit", (0.15, 0.85), meaning="initial belief, before the first event")
    tonic: Array = Parameter("real", (-5.0, -1.0), meaning="log variance added per unit of time")
    start_variance: Array = Parameter(
        "positive",
        (0.3, 3.0),
        pooling="complete",
        meaning="variance of the initial belief, log-odds squared",
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


RULE = Learner(Parameters(), start, drift, learn, belief, "binary", in_log_odds("mean"))
