"""Images under splitting: more extreme than experience.

Does splitting mean two images, or one uncertain image? People receive 20 moderately good sessions (each 0.7), and then
20 moderately poor ones (each 0.3). Measure: availability after the good sessions minus 0.7, or 0.3 minus availability
after the poor ones, whichever is smaller. Who idealises expects more of a figure than it has ever shown, and who
devalues expects less. With two images of a figure both must happen: moderate care calls up the all-good or the all-bad
image, which is more extreme. A belief that averages experiences lies between them, however uncertain it is, and however
fast it changes. Kernberg (1966), Structural derivatives of object relationships, Int. J. Psycho-Anal. 47.

Beliefs in two hidden kinds of figures can go beyond experience as well. `noisy_and`, `strain_test` and
`self_other_leak` are therefore rivals, and so is `change_point`, which resets beliefs.

Before: Sarle's coefficient measured bimodality of beliefs in mixed care. It is high for skewed distributions with one
mode, too. `splitting` claimed the effect. Now: `splitting_strict` claims it, because the hypothesis is about people who
integrate little; and beliefs are compared with experience. Two modes are no sign of two images: a belief near its upper
limit has them as soon as ruptures throw it. Three more measures were tried with all built-in models, and this one was
chosen after looking at their shares. Two groups of sessions (Ashman's D) and a gap between two modes were shown by
`noisy_and` and `change_point` as often as by `splitting_strict`, or nearly. One mild rupture (0.4) after good care
threw no belief far, not that of `splitting_strict` either: its equations take a mild rupture for weak evidence.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import ScriptedEvent, median_people, simulate_beliefs

SESSIONS = 20  # of each kind
GOOD, POOR = 0.7, 0.3


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    care = [ScriptedEvent(GOOD)] * SESSIONS + [ScriptedEvent(POOR)] * SESSIONS
    availability = simulate_beliefs(model, median_people(model, draws, rng), care).availability
    effect = np.minimum(availability[SESSIONS - 1] - GOOD, POOR - availability[-1])
    return Result(effect, Curve(np.arange(1.0, 2 * SESSIONS + 1), availability))


PREDICTION = Prediction(
    "splitting_modes",
    "Images under splitting: more extreme than experience",
    shows=("splitting_strict",),
    rivals=(
        "noisy_and",
        "strain_test",
        "change_point",
        "self_other_leak",
        "rescorla_wagner",
        "kalman",
        "conjugate_beta",
        "compensatory",
    ),
    smallest=0.0,
    unit="availability beyond the best care or beyond the poorest care experienced, whichever is smaller",
    experiment=experiment,
    axes=(f"session: {SESSIONS} of {GOOD:g}, then {SESSIONS} of {POOR:g}", "availability"),
    withdrawn={"splitting": "Its prior includes people who integrate good and bad, and these have one image."},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
