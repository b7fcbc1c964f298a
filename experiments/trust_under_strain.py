"""Trust won under strain, at the next rupture.

Does trust that a repaired rupture has won survive the next rupture? After twelve responsive sessions people experience
a rupture, its repair and four good sessions, or six good sessions. Then comes one more unresponsive session, not yet
repaired. Trust won under strain is the lead in availability of the first arm over the second. The effect is the smaller
of two values. One is the lead after the second rupture. The other is the part of the lead that is left, minus the part
that is lost. Where smooth care is silent about what matters, a repair wins trust, and the next rupture alone does not
take it away. Where one expectation takes up all outcomes, no trust is won under strain. Where a repair raises the
learning rate, the next rupture costs more. After Simpson (2007), doi:10.1111/j.1467-8721.2007.00517.x.

How much the rupture costs is not the question: people who trust little have little to lose.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import GOOD, RUPTURE, RUPTURE_ARMS, median_people, simulate_beliefs

BEFORE = 12


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng)
    repaired, smooth = (
        simulate_beliefs(model, people, [GOOD] * BEFORE + [*RUPTURE_ARMS[arm], RUPTURE]).availability[BEFORE - 1 :]
        for arm in ("repaired", "smooth")
    )
    lead = repaired - smooth
    won, left = lead[-2:]
    return Result(np.minimum(left, left - (won - left)), Curve(np.arange(float(len(lead))), lead))


PREDICTION = Prediction(
    "trust_under_strain",
    "Trust won under strain, at the next rupture",
    shows=("strain_test", "contingent"),
    rivals=("rescorla_wagner", "kalman", "conjugate_beta", "pearce_hall", "trust_gate", "change_point", "ehgf"),
    smallest=0.02,
    unit="availability: lead after the next rupture, or what is left of it minus what is lost, whichever is smaller",
    experiment=experiment,
    axes=("session since the first rupture; the last is the next one", "availability: repaired minus smooth"),
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
