"""Generalisation of therapy to an untreated relationship.

Does therapy change what people expect of someone who was not there? After ten sessions of poor care (0.2) by one
figure, people meet another figure who mostly responds (0.8) for 24 sessions. Two rises are measured over these 24
sessions. The first is the rise of the first figure's availability; the second is the rise of self-worth minus the first
rise. The effect is the smaller of the two. Where figures are of one kind, self-worth generalises and the untreated
relationship follows a little. Where figures are separate, it does not follow at all.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Prediction, median_people, random_care, simulate_beliefs


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = median_people(model, draws, rng, figures=2)
    events = random_care(0.2, 10, draws, rng) + random_care(0.8, 24, draws, rng, figure=1)
    beliefs = simulate_beliefs(model, people, events, figures=2, of=0)
    worth = beliefs.worth[-1] - beliefs.worth[9]
    untreated = beliefs.availability[-1] - beliefs.availability[9]
    return np.minimum(untreated, worth - untreated)


PREDICTION = Prediction(
    "generalising",
    "Generalisation of therapy to an untreated relationship",
    shows=("compensatory",),
    rivals=("figures_apart", "rescorla_wagner", "kalman"),
    smallest=0.02,
    unit="rise in the untreated relationship, or rise of self-worth beyond it, whichever is smaller",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
