"""Attribution of a rejection to self or other.

Who is to blame for a rejection? Preoccupied people (availability 0.8, self-worth 0.2) and dismissing people
(availability 0.2, self-worth 0.8) meet a figure who does not respond. Measure: how much further self-worth falls than
availability (log-odds), in preoccupied minus in dismissing people. Where one outcome is evidence about both beliefs,
and one of them must explain it, people blame the one they already doubt. Where two beliefs are updated side by side,
they do not.
"""

import numpy as np
from scipy.special import logit as log_odds

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import (
    BeliefTrajectory,
    Prediction,
    ScriptedEvent,
    median_people,
    simulate_beliefs,
    with_initial_beliefs,
)


def logit(belief: np.ndarray) -> np.ndarray:
    """Return the log-odds of a belief, which is never quite certain."""
    return log_odds(np.clip(belief, 1e-6, 1.0 - 1e-6))


def self_blame(beliefs: BeliefTrajectory) -> np.ndarray:
    """Return the fall of self-worth minus the fall of availability, in log-odds, (draws,)."""
    worth = logit(beliefs.worth_before[-1]) - logit(beliefs.worth[-1])
    return worth - (logit(beliefs.availability_before[-1]) - logit(beliefs.availability[-1]))


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = median_people(model, draws, rng)
    preoccupied = with_initial_beliefs(people, availability=0.8, worth=0.2)
    dismissing = with_initial_beliefs(people, availability=0.2, worth=0.8)
    return self_blame(simulate_beliefs(model, preoccupied, [ScriptedEvent(0.0)])) - self_blame(
        simulate_beliefs(model, dismissing, [ScriptedEvent(0.0)])
    )


PREDICTION = Prediction(
    "credit",
    "Attribution of a rejection to self or other",
    shows=("noisy_and", "compensatory"),
    rivals=("rescorla_wagner", "kalman", "self_other_leak"),
    smallest=0.2,
    unit="log-odds: fall of self-worth minus fall of availability, preoccupied minus dismissing people",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
