"""Effect of a repaired rupture on availability.

Does a repaired rupture teach more than sessions without one? After twelve good sessions people are in one of three
arms. Smooth: six good sessions. Repaired: a rupture, its repair and four good sessions. Repaired late: a rupture,
another one and four good sessions. Measure: final availability, repaired minus smooth. Where people ask if care holds
under strain, smooth sessions are silent and the repair answers. Where there is one expectation, a rupture can only
cost.

The third arm does not decide if a repair teaches: an early repair ends above a late one in more than 80% of the prior
of every model below. Yet most studies of therapy compare ruptures with one another, such as r = 0.29 of repair with
outcome (Eubanks et al., 2018, between patients). The third arm separates the two models that make the claim: the second
rupture ends trust in `strain_test`, and in `contingent` its repair still outweighs it (`repaired_ruptures.py`, which
counts both).

Before: the twelve sessions were mixed (0.7), so that some people had just been through a rupture, and there was no
third arm. Five models claimed the effect because surprise raises their learning rate. Now: they are rivals, and the
models claim it that learn separately what happens under strain.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import GOOD, RUPTURE_ARMS, median_people, simulate_beliefs

HISTORY = [GOOD] * 12


def availability_by_arm(model: ModelSpec, draws: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return availability after session 12 and after each of the next six, (session, draw), of the same people."""
    people = median_people(model, draws, rng)
    return {
        name: simulate_beliefs(model, people, [*HISTORY, *arm]).availability[len(HISTORY) - 1 :]
        for name, arm in RUPTURE_ARMS.items()
    }


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    arms = availability_by_arm(model, draws, rng)
    difference = arms["repaired"] - arms["smooth"]
    return Result(difference[-1], Curve(np.arange(12.0, 19.0), difference))


ONE_EXPECTATION = "Surprise raises its learning rate, but the one expectation that it keeps pays for the rupture."
SURPRISED = ("pearce_hall", "volatile_kalman", "ehgf", "change_point")
PREDICTION = Prediction(
    "rupture_repair",
    "Effect of a repaired rupture on availability",
    shows=("strain_test", "contingent"),
    rivals=("rescorla_wagner", "conjugate_beta", *SURPRISED, "trust_gate"),
    smallest=0.005,
    unit="availability after a repaired rupture minus availability after smooth sessions",
    experiment=experiment,
    axes=("session", "availability: repaired minus smooth"),
    withdrawn=dict.fromkeys(SURPRISED, ONE_EXPECTATION)
    | {"trust_gate": "A repair raises its learning rate, but six sessions do not pay for the rupture."},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
