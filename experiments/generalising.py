"""Does therapy change what is expected of somebody who was not there?

After ten sessions of poor care (.2) by one figure, people meet another who responds mostly (.8) for 24. Measured, over
those 24: the rise of worth less the rise of availability of the first, and that rise itself; the effect is the lesser.
Where figures are of one kind, worth generalises and the untreated relation follows a little; where they are apart, it
does not follow at all.
"""

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Prediction, average_people, care, live


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = average_people(model, draws, rng, figures=2)
    acts = care(0.2, 10, draws, rng) + care(0.8, 24, draws, rng, figure=1)
    lived = live(model, people, acts, figures=2, of=0)
    worth = lived.worth[-1] - lived.worth[9]
    untreated = lived.availability[-1] - lived.availability[9]
    return np.minimum(untreated, worth - untreated)


PREDICTION = Prediction(
    "generalising",
    "Does therapy change what is expected of somebody who was not there?",
    shows=("compensatory",),
    rivals=("figures_apart", "rescorla_wagner", "kalman"),
    smallest=0.02,
    unit="rise in the untreated relation, or of worth beyond it, whichever is less",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
