"""Drift back to the early model.

Do later beliefs drift back to the early model? People who are insecure at baseline (0.25) receive constant care (0.9)
for 24 sessions, and then meet no one for the time of 24 sessions. Measure: the share of the gain that is lost. With a
prototype, the belief must drift back when nothing maintains it. With a model that is only ever revised, it must not.
Fraley (2002), doi:10.1207/S15327957PSPR0602_03.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import (
    Prediction,
    ScriptedEvent,
    median_people,
    random_care,
    simulate_beliefs,
    with_initial_beliefs,
)


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = with_initial_beliefs(median_people(model, draws, rng), availability=0.25, worth=0.25)
    beliefs = simulate_beliefs(model, people, [*random_care(0.9, 24, draws, rng), ScriptedEvent(None, gap=24.0)])
    gain = beliefs.availability[-2] - beliefs.availability_before[0]
    return (beliefs.availability[-2] - beliefs.availability[-1]) / np.maximum(gain, 0.05)


PREDICTION = Prediction(
    "prototype_drift",
    "Drift back to the early model",
    shows=("prototype", "noisy_and"),
    rivals=("revisionist", "rescorla_wagner", "kalman"),
    smallest=0.2,
    unit="share of the gain that is lost over an equal time without anyone",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
