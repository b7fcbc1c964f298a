"""Does inconsistent care leave a belief that outlasts its withdrawal?

People meet care that always responds, or responds half of the time, for 24 sessions; then it is withdrawn for six.
Measured: what is left of what was expected in the end, after inconsistent less after constant care. Where people infer
what care is like, six refusals are what inconsistent care was anyway; where they only average, they are not.
The partial-reinforcement extinction effect; curves in Gershman, Blei & Niv (2010), doi:10.1037/a0017808.
"""

import numpy as np

from iwm_bayes.types import Model
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, care, live

WITHDRAWN = [Act(0.0)] * 6


def left(model: Model, people: dict[str, np.ndarray], history: list[Act]) -> np.ndarray:
    """What is expected after six refusals, as a share of what was expected before them."""
    lived = live(model, people, history + WITHDRAWN)
    return lived.availability[-1] / lived.availability[-7]


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = average_people(model, draws, rng)
    return left(model, people, care(0.5, 24, draws, rng)) - left(model, people, care(1.0, 24, draws, rng))


PREDICTION = Prediction(
    "inconsistent_care",
    "Does inconsistent care leave a belief that outlasts its withdrawal?",
    shows=("latent_cause", "volatile_kalman", "change_point"),
    rivals=("rescorla_wagner", "conjugate_beta", "kalman"),
    smallest=0.1,
    unit="share of availability left, after inconsistent less after constant care",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
