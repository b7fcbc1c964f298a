"""Mistrust: quick to lose, slow to gain.

Why are mistrustful people quick to lose trust and slow to gain it? The same people (0.3) are simulated twice:
unchanged, and mistrustful in the way of the model. One rupture after twelve good sessions must take a larger share of
their trust from mistrustful people. They must also have come a smaller share of the way to full trust in the first four
of these sessions. Measure: the smaller of these two differences. Mistrust is one step on the link scale. Where people
learn at separate rates from good and bad outcomes, bad ones weigh more. Otherwise they expect others to change
(`kalman`, `volatile_kalman`), or are closed to all evidence (`trust_gate`, lower epistemic trust). In `ehgf` mistrust
is the pattern of paranoia of Reed et al. (2020), doi:10.7554/eLife.56345.

Before: the question was whether mistrust is the expectation of change, and `ehgf` claimed it, with one parameter
raised. People who had gained less had less to lose. Now: the question is about the pattern itself, and shares replace
amounts. `dual_rate` claims it: people with lower self-esteem learn more from bad than from good feedback
(Müller-Pinzler et al., 2019, doi:10.1038/s41598-019-50821-w). `ehgf` is a rival, with the whole published pattern.
"""

from math import log

import numpy as np

from iwm_bayes.model.priors import LINKS
from iwm_bayes.types import ModelSpec, parameters
from iwm_bayes.validation.prior_predictions import (
    Curve,
    People,
    Prediction,
    Result,
    ScriptedEvent,
    median_people,
    simulate_beliefs,
    with_initial_beliefs,
)

PARANOIA = {"start_volatility": 1.110, "coupling": log(1.079), "tonic": -1.154, "meta": -1.155}  # differences of means
MISTRUST = {  # steps on the link scale
    "dual_rate": {"difference": -1.0},
    "ehgf": PARANOIA,
    "kalman": {"diffusion": 1.0},
    "volatile_kalman": {"start_volatility": 1.0},
    "trust_gate": {"start_trust": -1.0},
}
START = 0.3
SESSIONS = [*[ScriptedEvent(1.0)] * 12, ScriptedEvent(0.0)]


def mistrustful(model: ModelSpec, people: People) -> dict[str, np.ndarray]:
    """Return the same people, mistrustful in the way of the model."""
    changed = dict(people)
    for short_name, step in MISTRUST[model.name].items():
        name = f"availability_{short_name}"
        link, unlink = LINKS[parameters(model)[name].support]
        changed[name] = unlink(link(people[name]) + step)
    return changed


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = with_initial_beliefs(median_people(model, draws, rng), availability=START, worth=START)
    groups = [simulate_beliefs(model, group, SESSIONS).availability for group in (people, mistrustful(model, people))]
    lost = [(trust[-2] - trust[-1]) / trust[-2] for trust in groups]
    gained = [(trust[3] - START) / (1.0 - START) for trust in groups]
    effect = np.minimum(lost[1] - lost[0], gained[0] - gained[1])
    return Result(effect, Curve(np.arange(1.0, 14.0), groups[1] - groups[0]))


PREDICTION = Prediction(
    "mistrust",
    "Mistrust: quick to lose, slow to gain",
    shows=("dual_rate",),
    rivals=("ehgf", "kalman", "volatile_kalman", "trust_gate"),
    smallest=0.005,
    unit="share of trust lost by a rupture, or of the way to full trust not gained before it, whichever is smaller",
    experiment=experiment,
    axes=("session (the last is a rupture)", "availability: mistrustful minus unchanged people"),
    withdrawn={"ehgf": "Expecting change makes people gain trust faster, too; so does the published pattern."},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
