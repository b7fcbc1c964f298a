"""Learning in fearful people.

Do fearful people learn least from good and bad outcomes alike, without a lower learning rate? Fearful people
(availability 0.2, self-worth 0.2) and preoccupied people (availability 0.8, self-worth 0.2) experience one good or one
bad outcome. Measure: the change of self-worth (log-odds, in the outcome's direction), in preoccupied minus in fearful
people. The effect is the smaller value of the two outcomes. Where a response needs both beliefs, doubt about one
reduces learning about the other. Where evidence adds up, people who expect less are surprised more by a good outcome.
"""

import numpy as np
from scipy.special import logit

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
    differences = []
    for outcome, sign in ((1.0, 1.0), (0.0, -1.0)):
        beliefs = [
            simulate_beliefs(
                model, with_initial_beliefs(people, availability=others, worth=0.2), [ScriptedEvent(outcome)]
            )
            for others in (0.8, 0.2)
        ]
        steps = [sign * (logit(one.worth[-1]) - logit(one.worth_before[-1])) for one in beliefs]
        differences.append(steps[0] - steps[1])
    return np.minimum(*differences)


PREDICTION = Prediction(
    "fearful",
    "Learning in fearful people",
    shows=("noisy_and",),
    rivals=("compensatory", "rescorla_wagner", "kalman"),
    smallest=0.2,
    unit="log-odds: change of self-worth, preoccupied minus fearful people, the smaller of a good and a bad outcome",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
