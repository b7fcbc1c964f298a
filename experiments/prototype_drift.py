"""Does the first model pull later ones back?

People who start insecure (.25) meet steady care (.9) for 24 sessions, and then nobody for 24 sessions' time. Measured:
the share of the gain that is gone. A prototype must pull the belief back when nothing holds it; a model that is only
ever revised must not. Fraley (2002), doi:10.1207/S15327957PSPR0602_03.
"""

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, care, live, starting


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = starting(average_people(model, draws, rng), availability=0.25, worth=0.25)
    lived = live(model, people, [*care(0.9, 24, draws, rng), Act(None, gap=24.0)])
    gained = lived.availability[-2] - lived.availability_before[0]
    return (lived.availability[-2] - lived.availability[-1]) / np.maximum(gained, 0.05)


PREDICTION = Prediction(
    "prototype_drift",
    "Does the first model pull later ones back?",
    shows=("prototype", "noisy_and"),
    rivals=("revisionist", "rescorla_wagner", "kalman"),
    smallest=0.2,
    unit="share of the gain that is gone after as long without anyone",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
