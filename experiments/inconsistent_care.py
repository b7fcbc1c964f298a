"""Persistence of a belief after inconsistent care.

Does inconsistent care leave a belief that outlasts its withdrawal? For 24 sessions people receive care that always
responds, or care that responds half of the time. Then care is withdrawn for six sessions. Measure: the share of
availability that is left at the end, after inconsistent minus after constant care. Where people infer what care is
like, six refusals fit inconsistent care. Where people only average outcomes, they do not.

This is the partial-reinforcement extinction effect; curves in Gershman, Blei & Niv (2010), doi:10.1037/a0017808.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import (
    Prediction,
    ScriptedEvent,
    median_people,
    random_care,
    simulate_beliefs,
)

WITHDRAWN = [ScriptedEvent(0.0)] * 6


def share_left(model: ModelSpec, people: dict[str, np.ndarray], history: list[ScriptedEvent]) -> np.ndarray:
    """Return availability after six refusals as a share of availability before them, (draws,)."""
    beliefs = simulate_beliefs(model, people, history + WITHDRAWN)
    return beliefs.availability[-1] / beliefs.availability[-7]


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = median_people(model, draws, rng)
    inconsistent, constant = (share_left(model, people, random_care(rate, 24, draws, rng)) for rate in (0.5, 1.0))
    return inconsistent - constant


PREDICTION = Prediction(
    "inconsistent_care",
    "Persistence of a belief after inconsistent care",
    shows=("latent_cause", "volatile_kalman", "change_point"),
    rivals=("rescorla_wagner", "conjugate_beta", "kalman"),
    smallest=0.1,
    unit="share of availability left, after inconsistent minus after constant care",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
