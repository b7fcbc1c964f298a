"""An ordinal answer, such as a Likert item: ordered logistic, on a belief.

    P(answer >= k) = sigmoid(loading * (belief - threshold_k)),            k = 1 .. levels - 1
    threshold_1 = location - (sum of gaps) / 2,     threshold_k+1 = threshold_k + gap_k

Thresholds are on the scale of the belief, 0..1. `loading`, in log-odds per unit of belief, is how closely the item
follows the belief. A Gaussian rating with an SD of .1 has a loading of about 17. The anchor item of a belief has its
thresholds at 1 / levels, 2 / levels, and so on. A belief of k / levels then makes answers above and below equally
likely. Answers count from 0. McCullagh (1980), doi:10.1111/j.2517-6161.1980.tb01109.x.
"""

from collections import namedtuple
from typing import Any, NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.responses.categorical import FAMILY, ordered_probabilities
from iwm_bayes.responses.rating import RatedBelief
from iwm_bayes.types import Parameter, Response, named_leaves


class Parameters(NamedTuple):
    loading: Array
    location: Array
    gap: Any  # a NamedTuple with one leaf per pair of neighbouring thresholds


def declare_parameters(levels: int) -> Parameters:
    """Declare the parameters of an item with `levels` levels."""
    even = 1.0 / levels
    gap = Parameter("positive", (even / 3, even * 3), pooling="complete", meaning="distance between two thresholds")
    make: Any = namedtuple  # as many fields as there are gaps
    gaps = make("Gap", [f"above_{k}" for k in range(1, levels - 1)])
    return Parameters(
        Parameter("positive", (5.0, 40.0), pooling="complete", meaning="loading: log-odds per unit of belief"),
        Parameter("unit", (0.25, 0.75), meaning="belief at which the answer is in the middle of the item"),
        gaps(*[gap] * (levels - 2)),
    )


def thresholds(p: Parameters) -> list[Array]:
    """Compute the rising thresholds on the scale of the belief."""
    values = [p.location - sum(p.gap[1:], p.gap[0]) / 2.0]
    for gap in p.gap:
        values.append(values[-1] + gap)
    return values


def arguments(p: Parameters, belief: Array) -> dict[str, Array]:
    return {"p": ordered_probabilities(p.loading * belief, [p.loading * threshold for threshold in thresholds(p)])}


def ordinal(about: RatedBelief, levels: int) -> Response:
    """Make an item about one belief with `levels` levels, answered after the outcome."""
    p, family = declare_parameters(levels), FAMILY._replace(levels=levels)
    scale = {"location": 0.5} | {name: 1.0 / levels for name, _ in named_leaves(p.gap, "gap")}
    return Response(p, about, "after", family, arguments, scale=scale)
