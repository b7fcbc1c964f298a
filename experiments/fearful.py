"""Learning in fearful people.

Do fearful people learn least from good and bad outcomes alike, without a lower learning rate? Fearful people
(availability 0.2, self-worth 0.2) and preoccupied people (availability 0.8, self-worth 0.2) experience one good or one
bad outcome. Measure: the change of self-worth (log-odds, in the outcome's direction), in preoccupied minus in fearful
people. The effect is the smaller value of the two outcomes. Where a response needs both beliefs, doubt about one
reduces learning about the other. Where evidence adds up, people who expect less are surprised more by a good outcome.

Before: `rescorla_wagner` and `kalman` were rivals, in which self-worth changes alike whatever people expect of others.
Now: the rivals are the models in which one belief changes what is learned about the other, and `kalman`. The measure is
as before.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import (
    People,
    ScriptedEvent,
    log_odds,
    median_people,
    simulate_beliefs,
    with_initial_beliefs,
)

AVAILABILITY = np.array([0.2, 0.35, 0.5, 0.65, 0.8])  # from fearful to preoccupied


def change(model: ModelSpec, people: People, availability: float, outcome: float) -> np.ndarray:
    """Return the change of a self-worth of 0.2 in the direction of one outcome, in log-odds, (draw,)."""
    group = with_initial_beliefs(people, availability=availability, worth=0.2)
    beliefs = simulate_beliefs(model, group, [ScriptedEvent(outcome)])
    return (2.0 * outcome - 1.0) * (log_odds(beliefs.worth[-1]) - log_odds(beliefs.worth_before[-1]))


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng)
    good, bad = (
        np.stack([change(model, people, availability, outcome) for availability in AVAILABILITY])
        for outcome in (1.0, 0.0)
    )
    more = np.minimum(good - good[0], bad - bad[0])  # than fearful people
    return Result(more[-1], Curve(AVAILABILITY, more))


PREDICTION = Prediction(
    "fearful",
    "Learning in fearful people",
    shows=("noisy_and",),
    rivals=("compensatory", "reflective", "self_other_leak", "kalman"),
    smallest=0.2,
    unit="log-odds: change of self-worth, preoccupied minus fearful people, the smaller of a good and a bad outcome",
    experiment=experiment,
    axes=("availability, at a self-worth of 0.2", "log-odds: change of self-worth beyond that of fearful people"),
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
