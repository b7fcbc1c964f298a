"""The probabilities of a choice among several, for ordinal answers and for the choice of a figure.

    P(k) is proportional to exp(preference(k))                 (a choice among alternatives)
    P(at least k) = sigmoid(preference - threshold(k))         (an ordinal answer)

Between two thresholds a < b, P = sigmoid(b - x) sigmoid(x - a) (1 - exp(a - b)). This is the difference of two sigmoids
without its cancellation. McFadden (1974), in Zarembka (Ed.), Frontiers in Econometrics, 105-142;
McCullagh (1980), doi:10.1111/j.2517-6161.1980.tb01109.x.
"""

from collections.abc import Sequence
from itertools import pairwise

from iwm_bayes.ops import Array, constant, exp, maximum, sigmoid, stack_choices


def softmax_probabilities(preferences: Sequence[Array]) -> Array:
    """Compute the probability of each alternative from its preference in log-odds, along a new last axis."""
    largest = preferences[0]
    for preference in preferences[1:]:
        largest = maximum(largest, preference)
    weights = [exp(preference - largest) for preference in preferences]
    return stack_choices([weight / sum(weights[1:], weights[0]) for weight in weights])


def ordered_probabilities(preference: Array, thresholds: Sequence[Array]) -> Array:
    """Compute the probability of each level, one more than there are rising thresholds, along a new last axis."""
    low, high = thresholds[0], thresholds[-1]
    between = [
        sigmoid(b - preference) * sigmoid(preference - a) * (constant(1.0) - exp(a - b))
        for a, b in pairwise(thresholds)
    ]
    return stack_choices([sigmoid(low - preference), *between, sigmoid(preference - high)])
