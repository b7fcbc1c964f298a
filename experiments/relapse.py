"""Relapse after abrupt and after gradual change.

Is more of an abrupt gain lost again than of a gradual gain? After 20 sessions of poor care (each 0.1) people receive 12
fully responsive sessions (1), or 20 sessions in which care grows from 0.2 to 1 in equal steps. Both are the same amount
of good care. Then nothing happens for the time of 40 sessions. Measure: the availability that is lost over this gap,
after abrupt minus after gradual care. Where people attribute such an abrupt change to someone else, the old belief is
kept and returns. Where there is one belief, a gap treats both alike. A belief that drifts back to its start loses in
proportion to its gain, and equal amounts of care make the gains less unequal.

This is about how much is lost, not about who ends where: gradual gains are lost, too, and both courses end alike,
because abrupt care had raised availability further. The nearest rival is `prototype`: its median effect is about the
smallest that counts. As shares of the gain, losses differ more clearly between the two models, but
`latent_cause_strict` is then at the criterion rather than above it (0.88 of 300 draws). Gershman, Jones, Norman,
Monfils & Niv (2013), doi:10.3389/fnbeh.2013.00164.

Before: outcomes were 0 or 1, so that gradual care consisted of abrupt changes, too. Both changes took 12 sessions, and
the abrupt one was more care in all. The question was if gradual gains last. Now: outcomes are graded, arms are equal in
the amount of care, and the question is about more or less. The measure is as before. `latent_cause_strict` claims the
effect; `prototype` and `leaky_beta`, whose beliefs drift back, are rivals.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import ScriptedEvent, median_people, simulate_beliefs

POOR = [ScriptedEvent(0.1)] * 20
ABRUPT = [ScriptedEvent(1.0)] * 12
GRADUAL = [ScriptedEvent(care) for care in np.linspace(0.2, 1.0, 20)]
GAP = [ScriptedEvent(None, gap=5.0)] * 8  # belief is read every five units of time


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng)
    abrupt, gradual = (
        simulate_beliefs(model, people, POOR + change + GAP).availability[-len(GAP) - 1 :]
        for change in (ABRUPT, GRADUAL)
    )
    lost = (abrupt[0] - abrupt) - (gradual[0] - gradual)
    return Result(lost[-1], Curve(5.0 * np.arange(len(lost)), lost))


PREDICTION = Prediction(
    "relapse",
    "Relapse after abrupt and after gradual change",
    shows=("latent_cause_strict",),
    rivals=("rescorla_wagner", "kalman", "conjugate_beta", "prototype", "leaky_beta"),
    smallest=0.05,
    unit="availability lost over a gap, after abrupt minus after gradual care",
    experiment=experiment,
    axes=("time since the last session", "availability lost: after abrupt minus after gradual care"),
    withdrawn={
        "latent_cause": "Half of its prior forms no new category, or one that changes as fast as the figure does.",
    },
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
