"""Does a repaired rupture move a belief further than sessions without one?

After twelve sessions of fair care (.7) people meet a rupture, its repair and four good sessions, or six good ones.
Measured: availability in the end, with the rupture less without. A rupture is a surprise, and where surprise
opens a belief the repair must more than make up for it; where the rate is fixed a rupture can only cost.
Eubanks et al. (2018) have r = .29 between repair and outcome, between patients: face validity only.
"""

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, care, live


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people, before = average_people(model, draws, rng), care(0.7, 12, draws, rng)
    broken = live(model, people, [*before, Act(0.0), *[Act(1.0)] * 5])
    smooth = live(model, people, [*before, *[Act(1.0)] * 6])
    return broken.availability[-1] - smooth.availability[-1]


PREDICTION = Prediction(
    "rupture_repair",
    "Does a repaired rupture move a belief further than sessions without one?",
    shows=("pearce_hall", "volatile_kalman", "ehgf", "change_point", "trust_gate"),
    rivals=("rescorla_wagner", "conjugate_beta"),
    smallest=0.005,
    unit="availability, with a rupture less without",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
