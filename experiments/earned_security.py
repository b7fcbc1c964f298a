"""Earned and continuous security.

Do people who have earned their security differ from those who were always secure in how varied their beliefs are, and
not in their mean? People experience 20 sessions of poor care (each 0.1) and 24 of good care (each 0.9). Others expect
from the beginning what these people expect at the end, and receive as many sessions of just such care. So both have the
same mean and the same number of sessions. Measure: the SD of the belief about the figure, after earned minus after
continuous security; 0 where the means differ by more than 0.01. Where the early model is kept as well as the later
one, an earned belief is held in two parts. Where there is one belief, its uncertainty depends on how much was
experienced and not on the way. Pearson, Cohn, Cowan & Cowan (1994), doi:10.1017/S0954579400004636, for both kinds of
security, and for what remains of early difficulties.
"""

import numpy as np

from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.validation.prior_predictions import (
    Curve,
    People,
    Prediction,
    Result,
    ScriptedEvent,
    event_array_of,
    median_people,
)

EARNED = [ScriptedEvent(0.1)] * 20 + [ScriptedEvent(0.9)] * 24


def mean_and_sd(
    model: ModelSpec, people: People, events: list[ScriptedEvent], draws: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and SD of availability after every event, (event, draw) each."""
    p = rule_values(model, people)
    filtered = filter_events(model.rule, p, event_array_of(events, 1, draws), 1)
    beliefs = [model.rule.beliefs(p, event.after, event.event).availability for event in filtered]
    return np.stack([belief.mean for belief in beliefs]), np.sqrt(np.stack([belief.variance for belief in beliefs]))


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = median_people(model, draws, rng)
    earned_mean, earned_sd = mean_and_sd(model, people, EARNED, draws)
    reached = earned_mean[-1]
    starts = {name: reached for name in ("availability_start", "worth_start") if name in people}
    always = [ScriptedEvent(reached)] * len(EARNED)
    always_mean, always_sd = mean_and_sd(model, people | starts, always, draws)
    more = earned_sd - always_sd
    same_mean = np.abs(reached - always_mean[-1]) <= 0.01
    return Result(np.where(same_mean, more[-1], 0.0), Curve(np.arange(1.0, len(EARNED) + 1), more))


PREDICTION = Prediction(
    "earned_security",
    "Earned and continuous security",
    shows=("latent_cause_strict",),
    rivals=("kalman", "conjugate_beta", "leaky_beta", "hgf", "ehgf"),
    smallest=0.05,
    unit="SD of availability at the same mean, earned minus continuous security",
    experiment=experiment,
    axes=("session", "SD of availability: earned minus continuous security"),
    withdrawn={
        "volatile_kalman": "It keeps expecting change, but by the time both means are equal the SD is larger by a few "
        "thousandths at most.",
    },
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
