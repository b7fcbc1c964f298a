"""Drift back to the early model.

Do later beliefs drift back to the early model? People who are insecure at baseline (0.25) receive constant care (0.9)
for 24 sessions, and then meet no one for the time of 24 sessions. Measure: the share of the gain that is lost. With a
prototype, the belief must drift back when nothing maintains it. With a model that is only ever revised, it must not.
Fraley (2002), doi:10.1207/S15327957PSPR0602_03.

Before: `prototype` and `noisy_and` claimed the effect, and the rivals were models in which nothing changes without
sessions, so that none of them could show it. Now: `leaky_beta` and `latent_cause_strict` are claimants, because gains
that fade without sessions are among their predictions, whatever draws them back. `strain_test` and `splitting_strict`
are rivals: they show the effect most often without claiming it. The measure is as before.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import (
    ScriptedEvent,
    median_people,
    random_care,
    simulate_beliefs,
    with_initial_beliefs,
)

SESSIONS = 24
ALONE = [ScriptedEvent(None)] * SESSIONS


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = with_initial_beliefs(median_people(model, draws, rng), availability=0.25, worth=0.25)
    beliefs = simulate_beliefs(model, people, random_care(0.9, SESSIONS, draws, rng) + ALONE)
    rise = beliefs.availability - beliefs.availability_before[0]
    gain = rise[SESSIONS - 1]
    return Result((gain - rise[-1]) / np.maximum(gain, 0.05), Curve(np.arange(1.0, len(rise) + 1), rise))


PREDICTION = Prediction(
    "prototype_drift",
    "Drift back to the early model",
    shows=("prototype", "noisy_and", "leaky_beta", "latent_cause_strict"),
    rivals=("splitting_strict", "strain_test", "leaky_beta_strict", "revisionist", "rescorla_wagner", "kalman"),
    smallest=0.2,
    unit="share of the gain that is lost over an equal time without anyone",
    experiment=experiment,
    axes=(f"time: care for {SESSIONS} sessions, then nobody", "availability minus its initial value"),
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
