"""A choice among several: the family that ordered answers and the choice of a figure share.

    P(k) is proportional to exp(preference(k))                 (a choice among alternatives)
    P(at least k) = sigmoid(preference - threshold(k))         (an answer in steps)

Between two thresholds a < b, P = sigmoid(b - x) sigmoid(x - a) (1 - exp(a - b)), which is the difference of two
sigmoids without its cancellation. McFadden (1974), in Zarembka (Ed.), Frontiers in Econometrics, 105-142;
McCullagh (1980), doi:10.1111/j.2517-6161.1980.tb01109.x.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from iwm_bayes.ops import Array, by_choice, constant, exp, maximum, sigmoid
from iwm_bayes.types import Family


def draw_categorical(generator: np.random.Generator, p: Array) -> Array:
    """Choices 0, 1, ... by their probabilities along the last axis."""
    chance = generator.random(p.shape[:-1])[..., None]
    return (chance > np.cumsum(p, axis=-1)[..., :-1]).sum(axis=-1).astype(np.float64)


FAMILY = Family("Categorical", draw_categorical, whole=True)


def softmax_probabilities(preferences: Sequence[Array]) -> Array:
    """The chance of each alternative, by its preference in log-odds; along a last axis."""
    most = preferences[0]
    for preference in preferences[1:]:
        most = maximum(most, preference)
    weights = [exp(preference - most) for preference in preferences]
    return by_choice([weight / sum(weights[1:], weights[0]) for weight in weights])


def ordered_probabilities(preference: Array, thresholds: Sequence[Array]) -> Array:
    """The chance of each of one more steps than there are rising thresholds; along a last axis."""
    low, high = thresholds[0], thresholds[-1]
    between = [
        sigmoid(b - preference) * sigmoid(preference - a) * (constant(1.0) - exp(a - b))
        for a, b in pairwise(thresholds)
    ]
    return by_choice([sigmoid(low - preference), *between, sigmoid(preference - high)])
