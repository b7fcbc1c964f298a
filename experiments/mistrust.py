"""Is mistrust the expectation that people change?

The same people twice: as they are, and with what they take for volatile raised by one on its link scale. Measured: they
must lose more trust by one rupture after twelve good sessions, and have gained less in the four before it than they
would have; the effect is the lesser of the two. In a hierarchy of beliefs expected change must give both; where
volatility is one more word for a rate, who loses faster gains faster.
Reed et al. (2020), doi:10.7554/eLife.56345.
"""

import numpy as np

from iwm_bayes.model.priors import LINKS
from iwm_bayes.types import Model, parameters
from iwm_bayes.validation.prior_predictions import Act, Prediction, average_people, live, starting

VOLATILITY = {"ehgf": "tonic", "hgf": "tonic", "kalman": "diffusion", "volatile_kalman": "start_volatility"}
ACTS = [*[Act(1.0)] * 12, Act(0.0)]


def changed(model: Model, people: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same people, who expect more change."""
    name = f"availability_{VOLATILITY[model.name]}"
    link, unlink = LINKS[parameters(model)[name].support]
    return people | {name: unlink(link(people[name]) + 1.0)}


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = starting(average_people(model, draws, rng), availability=0.3, worth=0.3)
    calm, wary = (live(model, one, ACTS) for one in (people, changed(model, people)))
    lost = [one.availability[-2] - one.availability[-1] for one in (calm, wary)]
    gained = [one.availability[3] - one.availability_before[0] for one in (calm, wary)]
    return np.minimum(lost[1] - lost[0], gained[0] - gained[1])


PREDICTION = Prediction(
    "mistrust",
    "Is mistrust the expectation that people change?",
    shows=("ehgf",),
    rivals=("kalman", "volatile_kalman"),
    smallest=0.005,
    unit="availability: more lost by a rupture, or less gained before, whichever is less",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
