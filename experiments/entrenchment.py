"""Does a long insecure history slow change?

People live through ten sessions of poor care (.2), or through sixty, and then meet care that responds each time.
Measured: what of each surprise moved availability in the first six of those, after the short history against after the
long (log ratio). Where a history counts as evidence a long one must slow change; a rate has no memory.
"""

from math import log

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, care, live

GOOD = [Act(1.0)] * 6


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = average_people(model, draws, rng)
    short, long = (live(model, people, care(0.2, sessions, draws, rng) + GOOD) for sessions in (10, 60))
    return np.log(short.gain(slice(-6, None)) / long.gain(slice(-6, None)))


PREDICTION = Prediction(
    "entrenchment",
    "Does a long insecure history slow change?",
    shows=("conjugate_beta", "leaky_beta"),
    rivals=("rescorla_wagner", "dual_rate", "pearce_hall"),
    smallest=log(1.25),
    unit="log ratio of gains, after ten sessions to after sixty",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
