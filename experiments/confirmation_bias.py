"""Do people confirm what they already believe, or do bad acts simply weigh more?

Secure (.8) and insecure (.2) people meet one good and one bad act, each as the first. Measured: how much more of a good
surprise than of a bad one is learned (log ratio), in the secure less in the insecure. Confirmation must turn the bias
around with the belief; a bias by valence must not.
"""

from math import log

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, live, starting


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = average_people(model, draws, rng)
    bias = []
    for start in (0.8, 0.2):
        there = starting(people, availability=start, worth=start)
        good, bad = (live(model, there, [Act(outcome)]).gain(slice(0, 1)) for outcome in (1.0, 0.0))
        bias.append(np.log(good / bad))
    return bias[0] - bias[1]


PREDICTION = Prediction(
    "confirmation_bias",
    "Do people confirm what they already believe, or do bad acts simply weigh more?",
    shows=("confirmation",),
    rivals=("dual_rate", "rescorla_wagner", "kalman"),
    smallest=log(1.5),
    unit="log ratio of gains, good to bad, in the secure less in the insecure",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
