"""Does what was won abruptly go again, and what was won by and by last?

After 20 sessions of poor care (.1) people meet care that always responds for 12, or care that grows from .2 to 1 over
as many; then nothing for 40 sessions' time. Measured: what of the gain is lost over the gap, after abrupt less after
gradual care. Where a change this abrupt is taken for somebody else, the old belief waits and returns; where there is
one belief, a gap treats both alike. Gershman, Jones, Norman, Monfils & Niv (2013), doi:10.3389/fnbeh.2013.00164.
"""

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, care, live

GAP = Act(None, gap=40.0)


def lost(model: Model, people: dict[str, np.ndarray], history: list[Act], change: list[Act]) -> np.ndarray:
    """Availability lost over the gap."""
    lived = live(model, people, [*history, *change, GAP])
    return lived.availability[-2] - lived.availability[-1]


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people, history = average_people(model, draws, rng), care(0.1, 20, draws, rng)
    gradual = [care(chance, 1, draws, rng)[0] for chance in np.linspace(0.2, 1.0, 12)]
    return lost(model, people, history, [Act(1.0)] * 12) - lost(model, people, history, gradual)


PREDICTION = Prediction(
    "relapse",
    "Does what was won abruptly go again, and what was won by and by last?",
    shows=("latent_cause",),
    rivals=("rescorla_wagner", "kalman", "conjugate_beta"),
    smallest=0.05,
    unit="availability lost over a gap, after abrupt less after gradual care",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
