"""An answer in steps, on a Likert item: ordered logistic on a belief.

    P(answer >= k) = sigmoid(loading * (held - threshold_k)),            k = 1 .. levels - 1
    threshold_1 = location - (sum of gaps) / 2,     threshold_k+1 = threshold_k + gap_k

Thresholds lie on the scale of the belief, 0..1. `loading`, in log-odds per unit of belief, is how closely the item
follows it: a Gaussian rating with sd .1 has about 17. The reference item of a belief has its thresholds at 1 / levels,
2 / levels, ..., so that someone sure of k / levels is as likely to tick above as below. Answers count from 0.
McCullagh (1980), doi:10.1111/j.2517-6161.1980.tb01109.x.
"""

from collections import namedtuple
from typing import Any, NamedTuple

from iwm_bayes.ops import Array
from iwm_bayes.responses.categorical import FAMILY, ordered_probabilities
from iwm_bayes.responses.rating import Rated
from iwm_bayes.types import Parameter, Response, named_leaves


class Parameters(NamedTuple):
    loading: Array
    location: Array
    gap: Any  # a NamedTuple with one leaf between each two thresholds


def declared(levels: int) -> Parameters:
    """The parameters of an item with so many levels."""
    even = 1.0 / levels
    gap = Parameter("positive", (even / 3, even * 3), pooling="complete", meaning="between two thresholds")
    make: Any = namedtuple  # as many fields as there are gaps
    gaps = make("Gap", [f"above_{k}" for k in range(1, levels - 1)])
    return Parameters(
        Parameter("positive", (5.0, 40.0), pooling="complete", meaning="log-odds per unit of belief"),
        Parameter("unit", (0.25, 0.75), meaning="the belief at which the answer is in the middle"),
        gaps(*[gap] * (levels - 2)),
    )


def thresholds(p: Parameters) -> list[Array]:
    """Rising places on the scale of the belief at which the next level becomes likely."""
    found = [p.location - sum(p.gap[1:], p.gap[0]) / 2.0]
    for gap in p.gap:
        found.append(found[-1] + gap)
    return found


def arguments(p: Parameters, held: Array) -> dict[str, Array]:
    return {"p": ordered_probabilities(p.loading * held, [p.loading * threshold for threshold in thresholds(p)])}


def ordinal(about: Rated, levels: int) -> Response:
    """An item about one belief with so many levels, answered after the outcome."""
    p, family = declared(levels), FAMILY._replace(levels=levels)
    scale = {"location": 0.5} | {name: 1.0 / levels for name, _ in named_leaves(p.gap, "gap")}
    return Response(p, about, "after", family, arguments, scale=scale)
