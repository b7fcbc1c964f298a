"""Attribution of a rejection to self or other.

Who is to blame for a rejection? Preoccupied people (availability 0.8, self-worth 0.2) and dismissing people
(availability 0.2, self-worth 0.8) meet a figure who does not respond. Measure: how much further self-worth falls than
availability (log-odds), in preoccupied minus in dismissing people. Where a response needs both a good figure and a
worthy self, people blame the one they already doubt. Where blame follows uncertainty, or two beliefs are updated side
by side, they do not.

Before: `compensatory` claimed the effect as well. Now: it is a rival. It assigns blame by how uncertain a belief is,
not by how low it is. The measure is as before.
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

AVAILABILITY = np.array([0.2, 0.35, 0.5, 0.65, 0.8])  # from dismissing to preoccupied; self-worth is 1 minus it


def self_blame(model: ModelSpec, people: People, availability: float) -> np.ndarray:
    """Return the fall of self-worth minus the fall of availability after a rejection, in log-odds, (draw,)."""
    group = with_initial_beliefs(people, availability=availability, worth=1.0 - availability)
    beliefs = simulate_beliefs(model, group, [ScriptedEvent(0.0)])
    worth = log_odds(beliefs.worth_before[-1]) - log_odds(beliefs.worth[-1])
    return worth - (log_odds(beliefs.availability_before[-1]) - log_odds(beliefs.availability[-1]))


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng)
    blame = np.stack([self_blame(model, people, availability) for availability in AVAILABILITY])
    return Result(blame[-1] - blame[0], Curve(AVAILABILITY, blame))


PREDICTION = Prediction(
    "credit",
    "Attribution of a rejection to self or other",
    shows=("noisy_and",),
    rivals=("rescorla_wagner", "kalman", "self_other_leak", "compensatory"),
    smallest=0.2,
    unit="log-odds: fall of self-worth minus fall of availability, preoccupied minus dismissing people",
    experiment=experiment,
    axes=("availability (self-worth is 1 minus it)", "log-odds: fall of self-worth minus fall of availability"),
    withdrawn={"compensatory": "It assigns blame by how uncertain a belief is, not by how low it is."},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
