"""Avoidance: slower learning or fewer observations.

Do people who avoid learn less, or do they only observe less? The same insecure people (0.3), ready to approach (bias 1)
or not (bias -1), meet a therapist who mostly responds (0.8) for 24 sessions. People who withdraw do not observe the
outcome. Measure: the log ratio of the rises of availability (ready to not ready), minus the absolute log ratio of the
effective learning rates. An effective learning rate is the change per unit of observed prediction error. Where people
learn from what they observe, avoidance reduces learning and leaves the learning rate unchanged. Where beliefs change
with time alone, it does neither.
"""

from math import log

import numpy as np

from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.validation.prior_predictions import Prediction, median_people, with_initial_beliefs

AROUND = [Readout("availability", "before"), Readout("availability", "after"), Readout("expected", "before")]


def log_changes(model: ModelSpec, people: dict[str, np.ndarray], bias: float, rng: np.random.Generator) -> np.ndarray:
    """Return the logs of the rise of availability and of the effective learning rate, (2, person), in closed loop."""
    people = people | {"approach_bias": np.full_like(people["approach_bias"], bias)}
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, 24)], people, rng)
    before, after, expected = filter_readouts(model.rule, rule_values(model, people), event_array(data), 1, AROUND)
    error = np.where(data["observed"].values, np.abs(data["outcome"].values - expected), 0.0).sum(axis=0)
    gain = np.abs(after - before).sum(axis=0) / np.maximum(error, 0.01)
    return np.log(np.maximum([after[-1] - before[0], gain], 1e-3))


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = with_initial_beliefs(median_people(model, draws, rng), availability=0.3, worth=0.3)
    rise, rate = log_changes(model, people, 1.0, rng) - log_changes(model, people, -1.0, rng)
    return rise - np.abs(rate)


PREDICTION = Prediction(
    "starved_learning",
    "Avoidance: slower learning or fewer observations",
    shows=("rescorla_wagner", "conjugate_beta"),
    rivals=("growth", "static"),
    smallest=log(1.1),
    unit="log ratio of rises (ready to not ready), minus that of effective learning rates",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
