"""Effect of a repaired rupture on availability.

Does a repaired rupture change a belief further than sessions without one? After twelve sessions of fair care (0.7)
people experience a rupture, its repair and four good sessions, or six good sessions. Measure: final availability with
the rupture minus final availability without it. A rupture is a surprise. Where surprise raises the learning rate, the
repair must more than make up for it. Where the learning rate is constant, a rupture can only lower availability.

Eubanks et al. (2018) report r = 0.29 between repair and treatment outcome, between patients. This has face validity
only.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import (
    Prediction,
    ScriptedEvent,
    median_people,
    random_care,
    simulate_beliefs,
)


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people, before = median_people(model, draws, rng), random_care(0.7, 12, draws, rng)
    with_rupture = simulate_beliefs(model, people, [*before, ScriptedEvent(0.0), *[ScriptedEvent(1.0)] * 5])
    without = simulate_beliefs(model, people, [*before, *[ScriptedEvent(1.0)] * 6])
    return with_rupture.availability[-1] - without.availability[-1]


PREDICTION = Prediction(
    "rupture_repair",
    "Effect of a repaired rupture on availability",
    shows=("pearce_hall", "volatile_kalman", "ehgf", "change_point", "trust_gate"),
    rivals=("rescorla_wagner", "conjugate_beta"),
    smallest=0.005,
    unit="availability with a rupture minus availability without",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
