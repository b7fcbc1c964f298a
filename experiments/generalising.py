"""Generalisation of therapy to an untreated relationship.

Does therapy change what people expect of someone who was not there? Insecure people (0.25) have ten sessions of poor
care (0.2) with one figure. Then they meet a therapist who mostly responds (0.8) for 24 sessions, or they wait for as
long. Two differences between therapy and waiting are measured: that of the first figure's availability, and that of the
therapist's availability minus the first. The effect is the smaller of the two. Where figures are of one kind, the
untreated relationship follows, and less than the treated one. Where figures are separate, it does not follow.

Before: people were as secure as the prior makes them, and those who expected good care had nothing to gain. The second
value was the rise of self-worth beyond that of the untreated relationship, and it depended on which belief was less
certain. Now: people are insecure, and the treated relationship is the standard. `compensatory_strict` claims the
effect, and so does `latent_cause_strict`, in which figures are of a few categories. The latter was added after looking
at the shares of all built-in models. `noisy_and` and `self_other_leak` are rivals: there only what people believe about
themselves passes from one figure to another. `reflective` contains `compensatory` and is no rival.
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


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = with_initial_beliefs(median_people(model, draws, rng, figures=2), availability=0.25, worth=0.25)
    history = random_care(0.2, 10, draws, rng)
    therapy, waiting = random_care(0.8, SESSIONS, draws, rng, figure=1), [ScriptedEvent(None, figure=1)] * SESSIONS
    untreated, treated = (
        simulate_beliefs(model, people, history + therapy, figures=2, of=figure).availability[-SESSIONS:]
        - simulate_beliefs(model, people, history + waiting, figures=2, of=figure).availability[-SESSIONS:]
        for figure in (0, 1)
    )
    effect = np.minimum(untreated[-1], treated[-1] - untreated[-1])
    return Result(effect, Curve(np.arange(1.0, SESSIONS + 1), untreated))


PREDICTION = Prediction(
    "generalising",
    "Generalisation of therapy to an untreated relationship",
    shows=("compensatory_strict", "latent_cause_strict"),
    rivals=("figures_apart", "noisy_and", "self_other_leak", "kalman"),
    smallest=0.02,
    unit="availability after therapy minus waiting: untreated, or treated minus untreated, whichever is smaller",
    experiment=experiment,
    axes=("session of therapy", "availability of the untreated figure: therapy minus waiting"),
    withdrawn={
        "compensatory": "Its prior allows figures that share little. Then higher self-worth no longer explains the old "
        "refusals, and the untreated figure is blamed for them.",
    },
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
