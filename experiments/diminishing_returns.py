"""Do corrective sessions move a belief less and less?

People meet steady care (.8) for 24 sessions. Measured: what of each surprise moved availability, in the first six
sessions against the last six (log ratio). Precision grows with evidence, so theories that count it must slow down; a
rate that is fixed must not. Decided by: shares of prior draws, see `iwm_bayes.predict`.
Howard et al. (1986) saw 50 % improved by session 8 and 75 % by 26; that is symptoms, and face validity only.
"""

from math import log

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Prediction, average_people, care, live


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    lived = live(model, average_people(model, draws, rng), care(0.8, 24, draws, rng))
    return np.log(lived.gain(slice(0, 6)) / lived.gain(slice(18, 24)))


PREDICTION = Prediction(
    "diminishing_returns",
    "Do corrective sessions move a belief less and less?",
    shows=("conjugate_beta", "leaky_beta", "kalman", "compensatory"),
    rivals=("rescorla_wagner", "dual_rate"),
    smallest=log(1.5),
    unit="log ratio of gains, first six sessions to last six",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
