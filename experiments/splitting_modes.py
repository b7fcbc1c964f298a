"""Bimodality of beliefs under splitting.

Does splitting mean two images, or one uncertain image? People receive mixed care (0.6) for 80 sessions. Each person's
sessions after the twentieth are divided into two groups, of lower and of higher availability, so that availability
varies as little as possible within groups. Measure: the distance of the groups in units of their SD (Ashman's D), minus
that of a uniform distribution, the square root of 12. Two images of one figure must produce two separate groups. One
belief, however uncertain, must not. Ashman, Bird & Zepf (1994), arXiv:astro-ph/9408030.

Before: Sarle's coefficient measured bimodality. It is high for skewed distributions with one mode, too, as of a belief
that drifts to one side. `splitting` claimed the effect. Now: two groups are compared, each of at least a tenth of the
sessions. `splitting_strict` claims the effect: the hypothesis is about people who integrate little.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import (
    Curve,
    Prediction,
    Result,
    median_people,
    random_care,
    simulate_beliefs,
)

UNIFORM = np.sqrt(12.0)  # D of the halves of a uniform distribution
BINS = 10


def group_distance(values: np.ndarray) -> np.ndarray:
    """Return Ashman's D of the best two groups of values (event, person), (person,); 0 where nothing varies."""
    ordered, events = np.sort(values, axis=0), len(values)
    size = np.arange(1, events)[:, None]
    total, squares = np.cumsum(ordered, axis=0), np.cumsum(ordered**2, axis=0)
    low, high = total[:-1] / size, (total[-1] - total[:-1]) / (events - size)
    low_var = np.maximum(squares[:-1] / size - low**2, 0.0)
    high_var = np.maximum((squares[-1] - squares[:-1]) / (events - size) - high**2, 0.0)
    is_group = np.minimum(size, events - size) >= 0.1 * events
    within = np.where(is_group, size * low_var + (events - size) * high_var, np.inf)
    best = within.argmin(axis=0)[None]
    distance = np.sqrt(2.0) * (high - low) / np.sqrt(np.maximum(low_var + high_var, 1e-12))
    return np.take_along_axis(distance, best, axis=0)[0]


def share_by_level(values: np.ndarray) -> np.ndarray:
    """Return the shares of events in equal parts of each person's range, (part, person)."""
    low, high = values.min(axis=0), values.max(axis=0)
    part = np.minimum((BINS * (values - low) / np.maximum(high - low, 1e-9)).astype(int), BINS - 1)
    return np.stack([(part == index).mean(axis=0) for index in range(BINS)])


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people, care = median_people(model, draws, rng), random_care(0.6, 80, draws, rng)
    later = simulate_beliefs(model, people, care).availability[20:]
    return Result(group_distance(later) - UNIFORM, Curve((np.arange(BINS) + 0.5) / BINS, share_by_level(later)))


PREDICTION = Prediction(
    "splitting_modes",
    "Bimodality of beliefs under splitting",
    shows=("splitting_strict",),
    rivals=("rescorla_wagner", "kalman", "conjugate_beta", "compensatory"),
    smallest=0.0,
    unit="distance of two groups of sessions (Ashman's D), minus that of a uniform distribution",
    experiment=experiment,
    axes=("availability, from a person's lowest to highest", "share of sessions"),
    withdrawn={"splitting": "Its prior includes people who integrate good and bad, and these have one image."},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
