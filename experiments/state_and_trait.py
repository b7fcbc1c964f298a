"""Does state self-worth follow what just changed, or what is believed?

People live through 80 acts of even chance and say how they feel about themselves after each. Measured: the correlation
of that with the last surprise, less its correlation with what was expected before it, over each person's events. A
state that is a trace of surprises or of change must go with the surprise; one that is the belief must not.
Will et al. (2017), doi:10.7554/eLife.28098, found the rating to rise with outcomes and to fall with expectations.
"""

import numpy as np

from iwm_bayes.filtering.filter import loop
from iwm_bayes.filtering.readouts import Reading
from iwm_bayes.simulation.open_loop import retold
from iwm_bayes.types import Model, rule_values
from iwm_bayes.validation.prior_predictions import Prediction, arrayed, average_people, care


def together(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Correlation over events, (person,); 0 where nothing varies."""
    one, other = (x - x.mean(axis=0) for x in (one, other))
    scale = np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0))
    return (one * other).sum(axis=0) / np.maximum(scale, 1e-9)


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people, acts = average_people(model, draws, rng), care(0.5, 80, draws, rng)
    course = arrayed(acts, 1, draws)
    [expected] = loop(model.rule, rule_values(model, people), course, 1, [Reading("expected", "before")])
    [state] = retold(model, people, course, 1, 1, rng).values()
    return together(state, course[:, 0] - expected) - together(state, expected)


PREDICTION = Prediction(
    "state_and_trait",
    "Does state self-worth follow what just changed, or what is believed?",
    shows=("studies/affect_pulse.theory.toml", "studies/affect_trend.theory.toml"),
    rivals=("studies/affect_level.theory.toml",),
    smallest=0.1,
    unit="correlation with the last surprise less that with the expectation",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
