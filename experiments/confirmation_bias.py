"""Confirmation bias and valence bias.

Do people confirm what they already believe, or do bad outcomes simply weigh more? Secure (0.8) and insecure (0.2)
people experience one good and one bad outcome, each as their first. Measure: how much more people learn from a good
surprise than from a bad one (log ratio), in secure minus in insecure people. Confirmation must reverse the bias with
the belief. A valence bias must not.

Before: `confirmation` claimed the effect, under a prior that makes confirmation and its reverse equally likely. Now:
`confirmation_strict` claims it, under a prior with the direction and size of published studies. `splitting` is a rival,
as the model that shows the effect most often without claiming it, and so is `hgf`, in which beliefs change what is
learned as well. The measure is as before.
"""

from math import log

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import (
    People,
    ScriptedEvent,
    median_people,
    simulate_beliefs,
    with_initial_beliefs,
)

BELIEFS = np.array([0.2, 0.35, 0.5, 0.65, 0.8])  # from insecure to secure


def bias(model: ModelSpec, people: People, belief: float) -> np.ndarray:
    """Return the log ratio of what people learn from one good and from one bad outcome, (draw,)."""
    group = with_initial_beliefs(people, availability=belief, worth=belief)
    good, bad = (simulate_beliefs(model, group, [ScriptedEvent(outcome)]).gain(slice(0, 1)) for outcome in (1.0, 0.0))
    return np.log(good / bad)


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng)
    biases = np.stack([bias(model, people, belief) for belief in BELIEFS])
    return Result(biases[-1] - biases[0], Curve(BELIEFS, biases))


PREDICTION = Prediction(
    "confirmation_bias",
    "Confirmation bias and valence bias",
    shows=("confirmation_strict",),
    rivals=("dual_rate", "splitting", "hgf", "rescorla_wagner", "kalman"),
    smallest=log(1.5),
    unit="log ratio of effective learning rates, good to bad outcomes, secure minus insecure people",
    experiment=experiment,
    axes=("initial belief", "log ratio of learning rates: good to bad outcome"),
    withdrawn={"confirmation": "Its prior makes confirmation and its reverse equally likely."},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
