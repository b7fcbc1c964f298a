"""Is splitting two images, or one that is unsure?

People meet mixed care (.6) for 80 sessions. Measured: Sarle's coefficient of bimodality of what they expect from one
session to the next, from the twentieth on, less the 5/9 of an even distribution. Two images of one figure must make two
modes; one belief, however unsure, must not.
"""

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Prediction, average_people, care, live


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    held = live(model, average_people(model, draws, rng), care(0.6, 80, draws, rng)).availability[20:]
    apart = held - held.mean(axis=0)
    second, third, fourth = ((apart**power).mean(axis=0) for power in (2, 3, 4))
    return (third**2 / second**3 + 1.0) / (fourth / second**2) - 5.0 / 9.0


PREDICTION = Prediction(
    "splitting_modes",
    "Is splitting two images, or one that is unsure?",
    shows=("splitting",),
    rivals=("rescorla_wagner", "kalman", "conjugate_beta", "compensatory"),
    smallest=0.0,
    unit="coefficient of bimodality above that of an even distribution",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
