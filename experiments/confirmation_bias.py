"""Confirmation bias and valence bias.

Do people confirm what they already believe, or do bad outcomes simply weigh more? Secure (0.8) and insecure (0.2)
people experience one good and one bad outcome, each as their first. Measure: how much more people learn from a good
surprise than from a bad one (log ratio), in secure minus in insecure people. Confirmation must reverse the bias with
the belief. A valence bias must not.
"""

from math import log

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import (
    Prediction,
    ScriptedEvent,
    median_people,
    simulate_beliefs,
    with_initial_beliefs,
)


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = median_people(model, draws, rng)
    bias = []
    for start in (0.8, 0.2):
        group = with_initial_beliefs(people, availability=start, worth=start)
        good, bad = (
            simulate_beliefs(model, group, [ScriptedEvent(outcome)]).gain(slice(0, 1)) for outcome in (1.0, 0.0)
        )
        bias.append(np.log(good / bad))
    return bias[0] - bias[1]


PREDICTION = Prediction(
    "confirmation_bias",
    "Confirmation bias and valence bias",
    shows=("confirmation",),
    rivals=("dual_rate", "rescorla_wagner", "kalman"),
    smallest=log(1.5),
    unit="log ratio of effective learning rates, good to bad outcomes, secure minus insecure people",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
