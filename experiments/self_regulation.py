"""Co-regulation and self-regulation.

Does being soothed by someone become calming down alone? Insecure people (0.3) have 24 sessions with a figure who mostly
responds (0.8), or rarely (0.2). After each session they are alone and in full distress (1), and nobody responds.
Measure: the share of distress that is left after a while alone, without response noise, after rarely minus after mostly
responsive care. Where people calm themselves by what they have come to expect, distress alone falls faster after good
care. It must not where they calm themselves as they always did, or better with time whatever happens. After Sbarra &
Hazan (2008), doi:10.1177/1088868308315702; the response is in `models/calming.py`.
"""

import numpy as np

from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.types import ModelSpec
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import (
    People,
    ScriptedEvent,
    event_array_of,
    expected_answers,
    median_people,
    random_care,
    with_initial_beliefs,
)

SESSIONS = 24


def distress_left_alone(
    model: ModelSpec, people: People, care: list[ScriptedEvent], draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the share of distress that is left alone after each session, (session, draw)."""
    events = [event for session in care for event in (session, ScriptedEvent(None, gap=0.5))]
    array = event_array_of(events, 1, draws)
    array[1::2, EVENT_FIELDS.index("distress")] = 1.0
    return expected_answers(model, people, array, rng)["distress"][1::2]


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = with_initial_beliefs(median_people(model, draws, rng), availability=0.3, worth=0.3)
    rarely, mostly = (
        distress_left_alone(model, people, random_care(rate, SESSIONS, draws, rng), draws, rng) for rate in (0.2, 0.8)
    )
    return Result((rarely - mostly)[-1], Curve(np.arange(1.0, SESSIONS + 1), rarely - mostly))


PREDICTION = Prediction(
    "self_regulation",
    "Co-regulation and self-regulation",
    shows=("models/calming.toml",),
    rivals=("models/calming_constant.toml", "models/calming_time.toml"),
    smallest=0.05,
    unit="share of distress left alone, after rarely minus after mostly responsive care",
    experiment=experiment,
    axes=("session", "distress left alone: rarely minus mostly responsive care"),
    takes_part=lambda model: "distress" in model.responses,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
