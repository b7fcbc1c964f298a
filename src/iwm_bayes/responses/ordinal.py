"""An ordinal answer, such as a Likert item: ordered logistic, on a belief.

    P(answer >= k) = sigmoid(loading * (belief - location) - threshold_k),          k = 1 .. levels - 1
    threshold_k    = logit(P_1 + .. + P_k),    P_k = share_k (1 - share_1) .. (1 - share_k-1)

P_k is the probability of the k-th level at a belief of `location`, and share_k its probability among this level and
those above. `loading`, in log-odds per unit of belief, is how closely the item follows the belief. A Gaussian rating
with an SD of .1 has a loading of about 17. Answers count from 0.
McCullagh (1980), doi:10.1111/j.2517-6161.1980.tb01109.x.

All P together have nearly a uniform prior, Dirichlet(1, .., 1): each share has the mean and the variance of a beta
distribution in log-odds. Two thresholds may therefore lie together, and a
level that nobody uses leaves the answer as if it did not exist. Nothing says that levels are equally far apart. What a
level means as a belief follows from how answers move with the outcomes, which lie on the scale of beliefs, and from the
prior: the anchor item of a belief has its `location` at .5, where any answer is as likely as any other before data.
"""

from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, polygamma, psi

from iwm_bayes.ops import Array, log
from iwm_bayes.responses.categorical import ordered_probabilities
from iwm_bayes.responses.families import CATEGORICAL
from iwm_bayes.responses.rating import RatedBelief
from iwm_bayes.types import Z_CI90, Parameter, Response


class Parameters(NamedTuple):
    loading: Array
    location: Array
    share: Any  # a NamedTuple with one leaf per level, except the highest


def share_of_level(above: int) -> Parameter:
    """Declare the share of a level with so many levels above it: Beta(1, above), as a normal on the log-odds."""
    mean, sd = psi(1) - psi(above), np.sqrt(polygamma(1, 1) + polygamma(1, above))
    low, high = (float(expit(mean + side * Z_CI90 * sd)) for side in (-1.0, 1.0))
    meaning = "probability of this level among it and those above, at a belief of `location`"
    return Parameter("unit", (low, high), pooling="complete", meaning=meaning)


def declare_parameters(levels: int) -> Parameters:
    """Declare the parameters of an item with `levels` levels."""
    make: Any = namedtuple  # as many fields as there are levels below the highest
    shares = make("Share", [f"level_{k}" for k in range(1, levels)])
    return Parameters(
        Parameter("positive", (5.0, 40.0), pooling="complete", meaning="loading: log-odds per unit of belief"),
        Parameter("unit", (0.4, 0.6), meaning="belief at which the shares of levels hold: how a person uses the item"),
        shares(*[share_of_level(levels - k) for k in range(1, levels)]),
    )


def thresholds(p: Parameters) -> list[Array]:
    """Compute the rising thresholds in log-odds."""
    values, below, above = [], 0.0 * p.share[0], 1.0 + 0.0 * p.share[0]
    for share in p.share:
        below, above = below + above * share, above * (1.0 - share)
        values.append(log(below) - log(above))
    return values


def arguments(p: Parameters, belief: Array) -> dict[str, Array]:
    return {"p": ordered_probabilities(p.loading * (belief - p.location), thresholds(p))}


def ordinal(about: RatedBelief, levels: int) -> Response:
    """Make an item about one belief with `levels` levels, answered after the outcome."""
    p, family = declare_parameters(levels), CATEGORICAL._replace(levels=levels)
    return Response(p, about, "after", family, arguments, scale={"location": 0.5})
