"""Do fearful people learn least from good and bad alike, without a lower rate?

Fearful people (others .2, self .2) and preoccupied ones (others .8, self .2) meet one good act, or one bad one.
Measured: the step of worth (log-odds, in the act's direction) in the preoccupied less in the fearful; the effect is the
lesser of the two acts'. Where both beliefs are needed for a response, doubt of one shields the other from evidence;
where evidence adds up, who expects less is surprised more by a good act.
"""

import numpy as np
from scipy.special import logit

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, live, starting


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = average_people(model, draws, rng)
    less = []
    for outcome, sign in ((1.0, 1.0), (0.0, -1.0)):
        lived = [live(model, starting(people, availability=others, worth=0.2), [Act(outcome)]) for others in (0.8, 0.2)]
        steps = [sign * (logit(one.worth[-1]) - logit(one.worth_before[-1])) for one in lived]
        less.append(steps[0] - steps[1])
    return np.minimum(*less)


PREDICTION = Prediction(
    "fearful",
    "Do fearful people learn least from good and bad alike, without a lower rate?",
    shows=("noisy_and",),
    rivals=("compensatory", "rescorla_wagner", "kalman"),
    smallest=0.2,
    unit="log-odds: step of worth, preoccupied less fearful, the lesser of a good and a bad act",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
