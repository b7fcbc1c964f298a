"""Transference to a new figure.

Do people meet a new figure like the old one at first, and then less and less? People grow up with a figure who responds
mostly (0.8) or rarely (0.2), for 20 events. Then they meet a new figure (0.6) for 12 events. Measure: how much more the
first group expects of the new figure, at first and at the end. The effect is the smaller of two values. One is the
difference at first. The other is the part of that difference that disappears, minus the part that stays. A difference
that turns round, so that the new figure is met as unlike the old one, counts as one that stays. Everyone's new figure
resembles the old one equally; Andersen & Chen (2002), doi:10.1037/0033-295X.109.4.619, vary resemblance.

Before: a difference that turned round counted as one that had disappeared, so that contrast passed for transference
that fades. Now: it does not. `latent_cause_strict` claims the effect as well as `compensatory`: a new figure is taken
for one of a category that is known from others. This was added after looking at the shares of all built-in models.
`noisy_and` and `self_other_leak` are rivals: there only what people believe about themselves passes from one figure to
another. `reflective` contains `compensatory` and is no rival. The smallest effect is as before.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import ScriptedEvent, median_people, random_care, simulate_beliefs


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng, figures=2)
    new: list[ScriptedEvent] = random_care(0.6, 12, draws, rng, figure=1)
    good, bad = (
        simulate_beliefs(model, people, random_care(chance, 20, draws, rng) + new, figures=2) for chance in (0.8, 0.2)
    )
    difference = (good.availability_before - bad.availability_before)[20:]
    first, last = difference[0], difference[-1]
    return Result(np.minimum(first, first - 2.0 * np.abs(last)), Curve(np.arange(1.0, 13.0), difference))


PREDICTION = Prediction(
    "transference",
    "Transference to a new figure",
    shows=("compensatory", "latent_cause_strict"),
    rivals=("figures_apart", "noisy_and", "self_other_leak", "kalman"),
    smallest=0.02,
    unit="availability: group difference at first, or at first minus twice its size at the end, whichever is smaller",
    experiment=experiment,
    axes=("event with the new figure", "availability before it: good minus poor early care"),
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
