"""State self-worth: trace of change or level of belief.

Does state self-worth follow the latest change, or the belief? People experience 80 outcomes, each responsive with
probability 0.5. After each they rate how they feel about themselves. Two correlations are computed over each person's
events: of the rating with the last prediction error, and of the rating with the expectation before it. Measure: the
first correlation minus the second. A state that is a trace of prediction errors or of change must correlate with the
prediction error. A state that is the belief itself must not.

Will et al. (2017), doi:10.7554/eLife.28098, found that the rating rises with outcomes and falls with expectations.
"""

import numpy as np

from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.simulation.open_loop import simulate_open_loop
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.validation.prior_predictions import Prediction, event_array_of, median_people, random_care


def correlation(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the correlation over events, (person,); 0 where nothing varies."""
    one, other = (x - x.mean(axis=0) for x in (one, other))
    scale = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    return (one * other).sum(axis=0) / np.maximum(scale, 1e-9)


def effect(model: ModelSpec, draws: int, rng: np.random.Generator) -> np.ndarray:
    people, sessions = median_people(model, draws, rng), random_care(0.5, 80, draws, rng)
    events = event_array_of(sessions, 1, draws)
    [expected] = filter_readouts(model.rule, rule_values(model, people), events, 1, [Readout("expected", "before")])
    [state] = simulate_open_loop(model, people, events, 1, 1, rng).values()
    return correlation(state, events[:, 0] - expected) - correlation(state, expected)


PREDICTION = Prediction(
    "state_and_trait",
    "State self-worth: trace of change or level of belief",
    shows=("studies/affect_pulse.model.toml", "studies/affect_trend.model.toml"),
    rivals=("studies/affect_level.model.toml",),
    smallest=0.1,
    unit="correlation with the last prediction error minus that with the expectation",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
