"""Is a new figure first met as the old one, and then less and less?

People grow up with a figure who responds mostly (.8), or rarely (.2), for 20 events, and then meet a new one (.6) for
12. Measured: how much more the first group expects of the new figure, at first and in the end; the effect is the lesser
of what there is at first and what of it goes, less what stays.
Andersen & Chen (2002), doi:10.1037/0033-295X.109.4.619.
"""

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, care, live


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = average_people(model, draws, rng, figures=2)
    new: list[Act] = care(0.6, 12, draws, rng, figure=1)
    good, bad = (live(model, people, care(chance, 20, draws, rng) + new, figures=2) for chance in (0.8, 0.2))
    apart = good.availability_before - bad.availability_before
    first, last = apart[20], apart[-1]
    return np.minimum(first, first - 2.0 * last)


PREDICTION = Prediction(
    "transference",
    "Is a new figure first met as the old one, and then less and less?",
    shows=("compensatory",),
    rivals=("figures_apart", "rescorla_wagner", "kalman"),
    smallest=0.02,
    unit="availability: apart at first, or at first less twice in the end, whichever is less",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
