"""Relapse after abrupt and after gradual change.

Is an abrupt gain lost again, and does a gradual gain last? After 20 sessions of poor care (0.1) people receive care
that always responds for 12 sessions, or care that grows from 0.2 to 1 over as many. Then nothing happens for the
time of 40 sessions. Measure: the gain that is lost over this gap, after abrupt minus after gradual care. Where people
attribute such an abrupt change to someone else, the old belief is kept and returns. Where there is one belief, a gap
treats both alike. Gershman, Jones, Norman, Monfils & Niv (2013), doi:10.3389/fnbeh.2013.00164.
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

GAP = ScriptedEvent(None, gap=40.0)


def availability_lost(
    model: ModelSpec, people: dict[str, np.ndarray], history: list[ScriptedEvent], change: list[ScriptedEvent]
) -> np.ndarray:
    """Compute the availability that is lost over the gap, (draws,)."""
    beliefs = simulate_beliefs(model, people, [*history, *change, GAP])
    return beliefs.availability[-2] - beliefs.availability[-1]


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people, history = median_people(model, draws, rng), random_care(0.1, 20, draws, rng)
    gradual = [random_care(chance, 1, draws, rng)[0] for chance in np.linspace(0.2, 1.0, 12)]
    abrupt = [ScriptedEvent(1.0)] * 12
    return availability_lost(model, people, history, abrupt) - availability_lost(model, people, history, gradual)


PREDICTION = Prediction(
    "relapse",
    "Relapse after abrupt and after gradual change",
    shows=("latent_cause",),
    rivals=("rescorla_wagner", "kalman", "conjugate_beta"),
    smallest=0.05,
    unit="availability lost over a gap, after abrupt minus after gradual care",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
