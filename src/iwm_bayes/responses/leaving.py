"""Leaving after a session for two reasons: low alliance, or because it was good enough. A discrete-time hazard.

    low     = sigmoid(logit(risk) + log(odds_ratio) * (availability - average) / sd)          as in `dropout`
    good    = good_enough * sigmoid((availability - threshold) / width) * sigmoid((self-worth - threshold) / width)
    P(leaves) = 1 - (1 - low) (1 - good)

The reasons compete: a person stays after a session if neither takes them away. In log-odds, with x those of `low`,

    logit P(leaves) = log(exp(x) + good) - log(1 - good)

so without `good_enough` this is `dropout`. `good_enough` is the probability of leaving for this reason once both
beliefs are well above `threshold`, the threshold of earned security. Reasons need not be recorded: leaving that falls
with the alliance, and rises again once both beliefs are secure, has two reasons. A product of odds would be a single
slope on log-odds, in which the two cancel. `threshold` and `width` are fixed: people who leave are few, and say little
about where the risk begins to rise. Without self-worth, availability alone counts.
Prentice et al. (1978), doi:10.2307/2530374; Barkham et al. (2006), doi:10.1037/0022-006X.74.1.160.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, exp, log, log1p, sigmoid
from iwm_bayes.responses import dropout
from iwm_bayes.types import Parameter, Params


class Parameters(NamedTuple):
    risk: Array = dropout.Parameters().risk
    odds_ratio: Array = dropout.Parameters().odds_ratio
    average: Array = dropout.Parameters().average
    sd: Array = dropout.Parameters().sd
    good_enough: Array = Parameter(
        "unit",
        (0.01, 0.5),
        pooling="complete",
        meaning="probability of leaving after a session because it was good enough, at high beliefs",
    )
    threshold: Array = Parameter("unit", (0.4, 0.8), fixed=0.6, meaning="belief from which it is good enough")
    width: Array = Parameter(
        "positive", (0.02, 0.1), fixed=0.05, meaning="width of the step at this threshold, as a belief"
    )


def log_odds(p: Params, availability: Array, good: Array) -> Array:
    """Return the log-odds of leaving for either reason; `good` is the probability of the second alone."""
    low = dropout.arguments(p, availability)["logit_p"]
    return log(exp(low) + good) - log1p(-good)


def good_for(p: Params, belief: Array) -> Array:
    """Return how far a belief is good enough, 0..1."""
    return sigmoid((belief - p.threshold) / p.width)


def of_availability(p: Params, availability: Array) -> dict[str, Array]:
    return {"logit_p": log_odds(p, availability, p.good_enough * good_for(p, availability))}


def of_both(p: Params, availability: Array, worth: Array) -> dict[str, Array]:
    good = p.good_enough * good_for(p, availability) * good_for(p, worth)
    return {"logit_p": log_odds(p, availability, good)}


OF_AVAILABILITY = dropout.RESPONSE._replace(parameters=Parameters(), arguments=of_availability)
RESPONSE = OF_AVAILABILITY._replace(arguments=of_both, also_reads=("worth",), without_worth=OF_AVAILABILITY)
