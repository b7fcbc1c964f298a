"""Mistrust as the expectation of change.

Is mistrust the expectation that people change? The same people are simulated twice: unchanged, and with their expected
volatility raised by one on its link scale. With the higher volatility they must lose more trust by one rupture after
twelve good sessions. They must also have gained less in the first four of these sessions. Measure: the smaller of these
two effects. In a hierarchy of beliefs, expected change must produce both. Where volatility is only another word for a
learning rate, people who lose trust faster also gain it faster. Reed et al. (2020), doi:10.7554/eLife.56345.
"""

import numpy as np

from iwm_bayes.model.priors import LINKS
from iwm_bayes.types import ModelSpec, parameters
from iwm_bayes.validation.prior_predictions import (
    Prediction,
    ScriptedEvent,
    median_people,
    simulate_beliefs,
    with_initial_beliefs,
)

VOLATILITY = {"ehgf": "tonic", "hgf": "tonic", "kalman": "diffusion", "volatile_kalman": "start_volatility"}
SESSIONS = [*[ScriptedEvent(1.0)] * 12, ScriptedEvent(0.0)]


def with_higher_volatility(model: ModelSpec, people: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the same people with a higher expected volatility."""
    name = f"availability_{VOLATILITY[model.name]}"
    link, unlink = LINKS[parameters(model)[name].support]
    return people | {name: unlink(link(people[name]) + 1.0)}


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = with_initial_beliefs(median_people(model, draws, rng), availability=0.3, worth=0.3)
    calm, wary = (simulate_beliefs(model, one, SESSIONS) for one in (people, with_higher_volatility(model, people)))
    loss = [one.availability[-2] - one.availability[-1] for one in (calm, wary)]
    gain = [one.availability[3] - one.availability_before[0] for one in (calm, wary)]
    return np.minimum(loss[1] - loss[0], gain[0] - gain[1])


PREDICTION = Prediction(
    "mistrust",
    "Mistrust as the expectation of change",
    shows=("ehgf",),
    rivals=("kalman", "volatile_kalman"),
    smallest=0.005,
    unit="availability: additional loss by a rupture or smaller gain before it, whichever is smaller",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
