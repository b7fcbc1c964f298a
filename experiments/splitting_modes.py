"""Bimodality of beliefs under splitting.

Does splitting mean two images, or one uncertain image? People receive mixed care (0.6) for 80 sessions. Measure:
Sarle's bimodality coefficient of each person's availability over the sessions after the twentieth, minus the 5/9 of a
uniform distribution. Two images of one figure must produce two modes. One belief, however uncertain, must not.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Prediction, median_people, random_care, simulate_beliefs


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    beliefs = simulate_beliefs(model, median_people(model, draws, rng), random_care(0.6, 80, draws, rng))
    deviation = beliefs.availability[20:] - beliefs.availability[20:].mean(axis=0)
    second, third, fourth = ((deviation**power).mean(axis=0) for power in (2, 3, 4))
    return (third**2 / second**3 + 1.0) / (fourth / second**2) - 5.0 / 9.0


PREDICTION = Prediction(
    "splitting_modes",
    "Bimodality of beliefs under splitting",
    shows=("splitting",),
    rivals=("rescorla_wagner", "kalman", "conjugate_beta", "compensatory"),
    smallest=0.0,
    unit="bimodality coefficient minus that of a uniform distribution",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
