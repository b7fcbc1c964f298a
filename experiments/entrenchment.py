"""Entrenchment by a long insecure history.

Does a long insecure history slow change? People receive poor care (0.2) for ten sessions or for sixty. Then they
receive care that responds every time. Measure: the effective learning rate of availability, its change per unit of
prediction error, in the first six of these responsive sessions. The short history is compared with the long one (log
ratio). Where a history counts as evidence, a long one must slow change. A constant learning rate has no memory.
"""

from math import log

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import (
    Prediction,
    ScriptedEvent,
    median_people,
    random_care,
    simulate_beliefs,
)

GOOD = [ScriptedEvent(1.0)] * 6


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = median_people(model, draws, rng)
    short, long = (
        simulate_beliefs(model, people, random_care(0.2, sessions, draws, rng) + GOOD) for sessions in (10, 60)
    )
    return np.log(short.gain(slice(-6, None)) / long.gain(slice(-6, None)))


PREDICTION = Prediction(
    "entrenchment",
    "Entrenchment by a long insecure history",
    shows=("conjugate_beta", "leaky_beta"),
    rivals=("rescorla_wagner", "dual_rate", "pearce_hall"),
    smallest=log(1.25),
    unit="log ratio of effective learning rates, after ten sessions to after sixty",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
