"""Diminishing returns of corrective sessions.

Do corrective sessions change a belief less and less? People receive constant care (0.8) for 24 sessions. Measure: the
effective learning rate of availability, its change per unit of prediction error. The first six sessions are compared
with the last six (log ratio). Precision grows with evidence, so models that count evidence must slow down. A model with
a constant learning rate must not. Criterion: shares of prior draws, see `iwm_bayes.validation.prior_predictions`.

Howard et al. (1986) report that 50% of patients had improved by session 8 and 75% by session 26. These numbers concern
symptoms, so they have face validity only.
"""

from math import log

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Prediction, median_people, random_care, simulate_beliefs


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    beliefs = simulate_beliefs(model, median_people(model, draws, rng), random_care(0.8, 24, draws, rng))
    return np.log(beliefs.gain(slice(0, 6)) / beliefs.gain(slice(18, 24)))


PREDICTION = Prediction(
    "diminishing_returns",
    "Diminishing returns of corrective sessions",
    shows=("conjugate_beta", "leaky_beta", "kalman", "compensatory"),
    rivals=("rescorla_wagner", "dual_rate"),
    smallest=log(1.5),
    unit="log ratio of effective learning rates, first six sessions to last six",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
