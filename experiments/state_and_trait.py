"""State self-worth: trace of change or level of belief.

Does state self-worth follow the latest change, or the belief? People who expect little (0.2) have five events of such
care, and then 40 of good care (each 0.8). After each they rate how they feel about themselves. Measure: the share of
the highest rise of this state that is gone at the end, without response noise. A belief that has risen stays. A state
that is a trace of prediction errors or of change must rise at first, and pass while care is still good. A state that is
the belief itself must not.

Will et al. (2017), doi:10.7554/eLife.28098, found that the rating rises with outcomes and falls with expectations.

Before: the rating's correlations with the last prediction error and with the expectation were compared, over 80 random
outcomes. There a slow trace and a fast belief are sums of the same recent outcomes. A negative slope reversed the
measure in all models, and response noise hid it. Now: care changes once, so that change ends and level does not.
`affect_pulse_strict` and `affect_trend_strict`, in which the state rises with good news, claim the effect.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import (
    ScriptedEvent,
    event_array_of,
    expected_answers,
    median_people,
    with_initial_beliefs,
)

POOR, GOOD = [ScriptedEvent(0.2)] * 5, [ScriptedEvent(0.8)] * 40


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = with_initial_beliefs(median_people(model, draws, rng), availability=0.2, worth=0.2)
    [state] = expected_answers(model, people, event_array_of(POOR + GOOD, 1, draws), rng).values()
    rise = (state - state[len(POOR) - 1])[len(POOR) - 1 :]
    highest, furthest = rise.max(axis=0), np.abs(rise).max(axis=0)
    gone = np.where(highest > 0.0, (highest - rise[-1]) / np.maximum(highest, 1e-9), 0.0)
    return Result(gone, Curve(np.arange(float(len(rise))), rise / np.maximum(furthest, 1e-9)))


REVERSED = "Its prior allows a negative slope; then good news lowers the state."
PREDICTION = Prediction(
    "state_and_trait",
    "State self-worth: trace of change or level of belief",
    shows=("models/affect_pulse_strict.toml", "models/affect_trend_strict.toml"),
    rivals=("studies/affect_level.model.toml",),
    smallest=0.2,
    unit="share of the state's highest rise that is gone at the end of good care",
    experiment=experiment,
    axes=("event of good care", "change of the state, as a share of its largest"),
    takes_part=lambda model: set(model.responses) == {"confidence"},
    withdrawn={"studies/affect_pulse.model.toml": REVERSED, "studies/affect_trend.model.toml": REVERSED},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
