"""Who is to blame for a rejection?

Preoccupied people (others .8, self .2) and dismissing ones (others .2, self .8) meet a figure who does not respond.
Measured: how much further worth falls than availability (log-odds), in the preoccupied less in the dismissing. Where
one act is evidence about both, and must be explained by one of them, each charges whom they already doubt; where two
beliefs are updated side by side, they do not.
"""

import numpy as np
from scipy.special import logit as log_odds

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Course, Prediction, average_people, live, starting


def logit(belief: np.ndarray) -> np.ndarray:
    """Log-odds, of a belief that is never quite certain."""
    return log_odds(np.clip(belief, 1e-6, 1.0 - 1e-6))


def charged(lived: Course) -> np.ndarray:
    """Fall of worth less that of availability, log-odds."""
    worth = logit(lived.worth_before[-1]) - logit(lived.worth[-1])
    return worth - (logit(lived.availability_before[-1]) - logit(lived.availability[-1]))


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = average_people(model, draws, rng)
    preoccupied = starting(people, availability=0.8, worth=0.2)
    dismissing = starting(people, availability=0.2, worth=0.8)
    return charged(live(model, preoccupied, [Act(0.0)])) - charged(live(model, dismissing, [Act(0.0)]))


PREDICTION = Prediction(
    "credit",
    "Who is to blame for a rejection?",
    shows=("noisy_and", "compensatory"),
    rivals=("rescorla_wagner", "kalman", "self_other_leak"),
    smallest=0.2,
    unit="log-odds: fall of worth less availability, preoccupied less dismissing",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
