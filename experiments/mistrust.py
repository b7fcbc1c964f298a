"""Mistrust: quick to lose, slow to gain.

Why are mistrustful people quick to lose trust and slow to gain it? Insecure people (0.3) have twelve good sessions and
then a rupture. Measure: the share of their trust that the rupture takes, minus the share of the way to full trust that
each of the first four sessions gained on average. Both are of the same people. Where bad outcomes weigh more than good
ones, a rupture must take more than a good session gained. With one learning rate both shares are the same.

`dual_rate_strict` claims this: in people's impressions of others, what they do wrong weighs more than what they do
right (doi:10.1177/0146167200263004). Findings differ: beliefs about people who behave badly also change more readily
(Siegel et al., 2018, doi:10.1038/s41562-018-0425-1). The rivals are other ways of being mistrustful. People expect
others to change: `kalman` and `volatile_kalman`, one step higher on the link scale, and `ehgf`, with the pattern of
paranoia of Reed et al. (2020), doi:10.7554/eLife.56345. They are closed to all evidence: `trust_gate`, with one step
less epistemic trust. They confirm what they believe: `confirmation_strict`. They doubt the other and themselves:
`noisy_and`. A rupture brings an old expectation back: `latent_cause_strict`. It means that the figure has changed:
`change_point`. Care under strain is what counts: `contingent`.

Before: the question was whether mistrust is the expectation of change, and `ehgf` claimed it. People were simulated
twice, with one parameter raised, and those who had gained less had less to lose. Now: the question is about the pattern
itself, within people, and shares replace amounts. A model file makes the claim, with a prior in which bad outcomes
weigh more. The measure was decided before its shares were known. The last three rivals were added afterwards, because
they show the effect most often without claiming it.
"""

from math import log

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import (
    ScriptedEvent,
    median_people,
    simulate_beliefs,
    with_initial_beliefs,
    with_steps,
)

PARANOIA = {"start_volatility": 1.110, "coupling": log(1.079), "tonic": -1.154, "meta": -1.155}  # differences of means
MISTRUST = {  # steps on the link scale; people of other models are mistrustful as their priors make them
    "ehgf": {f"availability_{name}": step for name, step in PARANOIA.items()},
    "kalman": {"availability_diffusion": 1.0},
    "volatile_kalman": {"availability_start_volatility": 1.0},
    "trust_gate": {"availability_start_trust": -1.0},
}
START, FIRST, GOOD = 0.3, 4, 12  # the first of the good sessions count as gains
SESSIONS = [*[ScriptedEvent(1.0)] * GOOD, ScriptedEvent(0.0)]
RETURNING = ("latent_cause_strict", "change_point", "contingent")


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = with_initial_beliefs(median_people(model, draws, rng), availability=START, worth=START)
    beliefs = simulate_beliefs(model, with_steps(model, people, MISTRUST.get(model.name, {})), SESSIONS)
    start, trust = beliefs.availability_before[0], beliefs.availability
    lost = (trust[-2] - trust[-1]) / trust[-2]
    gained = 1.0 - ((1.0 - trust[FIRST - 1]) / (1.0 - start)) ** (1.0 / FIRST)
    return Result(lost - gained, Curve(np.arange(GOOD + 2.0), np.vstack([start, trust])))


PREDICTION = Prediction(
    "mistrust",
    "Mistrust: quick to lose, slow to gain",
    shows=("dual_rate_strict",),
    rivals=("kalman", "volatile_kalman", "ehgf", "trust_gate", "confirmation_strict", "noisy_and", *RETURNING),
    smallest=0.005,
    unit="share of trust lost by a rupture, minus the share of the way to full trust gained by a good session",
    experiment=experiment,
    axes=("session (the last is a rupture)", "availability"),
    withdrawn={"ehgf": "Expecting change makes people gain trust faster, too, mostly faster than they lose it."},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
