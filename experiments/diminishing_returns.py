"""Diminishing returns of corrective sessions.

Do corrective sessions change a belief less and less? People receive constant care (0.8) for 24 sessions. Measure: the
effective learning rate of availability, its change per unit of prediction error. The first six sessions are compared
with the last six (log ratio). Precision grows with evidence, so models that count evidence must slow down. A model with
a constant learning rate must not. Criterion: shares of prior draws, see `iwm_bayes.validation.prior_predictions`.

Howard et al. (1986) report that 50% of patients had improved by session 8 and 75% by session 26. These numbers concern
symptoms, so they have face validity only.

Before: `leaky_beta`, `kalman` and `compensatory` claimed the effect, under priors that allow fast forgetting and little
initial uncertainty. Now: `leaky_beta_strict` and `kalman_strict` claim it. In their priors people forget slowly, and
their uncertainty about new figures leaves much to learn. `pearce_hall` and `hgf` are rivals: of the models that do not
claim the effect and are no wider variants of one that does, they show it most often. Rivals with constant learning
rates alone left them unseen. The measure is as before.
"""

from math import log

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import median_people, random_care, simulate_beliefs

SESSIONS = np.arange(24)


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    beliefs = simulate_beliefs(model, median_people(model, draws, rng), random_care(0.8, 24, draws, rng))
    first, last = beliefs.gain(slice(0, 6)), beliefs.gain(slice(18, 24))
    by_session = np.stack([beliefs.gain(slice(session, session + 1)) for session in SESSIONS])
    return Result(np.log(first / last), Curve(SESSIONS + 1.0, by_session / first))


PREDICTION = Prediction(
    "diminishing_returns",
    "Diminishing returns of corrective sessions",
    shows=("conjugate_beta", "leaky_beta_strict", "kalman_strict"),
    rivals=("rescorla_wagner", "dual_rate", "pearce_hall", "hgf"),
    smallest=log(1.5),
    unit="log ratio of effective learning rates, first six sessions to last six",
    experiment=experiment,
    axes=("session", "learning rate: ratio to the mean of the first six sessions"),
    withdrawn={
        "leaky_beta": "Its prior allows forgetting so fast that a belief soon learns as fast late as early.",
        "kalman": "Its prior allows people to be hardly less certain of a new figure than of a familiar one.",
        "compensatory": "It claims which belief an outcome changes. How fast learning slows depends on how fast "
        "figures change, about which it claims nothing.",
    },
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
