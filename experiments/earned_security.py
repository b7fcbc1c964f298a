"""Earned and continuous security.

Do people who have earned their security differ from those who were always secure in how varied their beliefs are, and
not in their mean? People experience 20 sessions of poor care (responsive with probability 0.1) and 24 of good care
(0.9). The same people are also always secure: 44 sessions of good care, of which the last 24 are the same. And they
have the outcomes of the first course in another, random order. Each draw is a group of twenty people alike, with random
outcomes of their own. Measure: the SD of the belief about the figure, after earned security minus that after either of
the others, whichever is smaller. Where the early model is kept next to the later one, earned security must leave more
variety than good care alone, and more than the same care without an order in time. Pearson, Cohn, Cowan & Cowan (1994),
doi:10.1017/S0954579400004636, for both kinds of security, and for what remains of early difficulties.

The claim is withdrawn: mixed care leaves two parts as well, and more variety. `latent_cause_strict` is now one of the
rivals. No response of the built-in models is read from a variance, so that ratings could not have decided.
"""

import numpy as np

from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import (
    People,
    ScriptedEvent,
    event_array_of,
    group_means,
    holds_variance,
    median_people,
    people_alike,
    random_care,
)

POOR, GOOD, GROUP = (0.1, 20), (0.9, 24), 20  # chance of a response and sessions; people alike


def courses(people: int, rng: np.random.Generator) -> dict[str, list[ScriptedEvent]]:
    """Return the three courses, of which the last sessions of two are the same."""
    late = random_care(*GOOD, people, rng)
    earned = [*random_care(*POOR, people, rng), *late]
    outcomes = rng.permuted(np.stack([np.asarray(event.outcome) for event in earned]), axis=0)
    always = [*random_care(GOOD[0], POOR[1], people, rng), *late]
    return {"earned": earned, "always": always, "mixed": [ScriptedEvent(outcome) for outcome in outcomes]}


def sd_by_session(model: ModelSpec, people: People, events: list[ScriptedEvent], draws: int) -> np.ndarray:
    """Return the mean SD of availability of each group after every event, (event, draw)."""
    p = rule_values(model, people)
    filtered = filter_events(model.rule, p, event_array_of(events, 1, draws * GROUP), 1)
    variance = [model.rule.beliefs(p, event.after, event.event).availability.variance for event in filtered]
    return group_means(np.sqrt(np.stack(variance)), GROUP)


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = people_alike(median_people(model, draws, rng), GROUP)
    sd = {name: sd_by_session(model, people, events, draws) for name, events in courses(draws * GROUP, rng).items()}
    more = np.minimum(sd["earned"] - sd["always"], sd["earned"] - sd["mixed"])
    return Result(more[-1], Curve(np.arange(1.0, len(more) + 1), more))


PREDICTION = Prediction(
    "earned_security",
    "Earned and continuous security",
    shows=(),
    rivals=("latent_cause_strict", "volatile_kalman", "kalman", "conjugate_beta", "leaky_beta", "hgf", "ehgf"),
    smallest=0.05,
    unit="SD of availability, after earned minus continuous security, or minus the same care mixed, the smaller",
    experiment=experiment,
    axes=("session", "SD of availability: earned minus the more varied of the other two"),
    takes_part=holds_variance,
    withdrawn={"latent_cause_strict": "The same care in random order leaves as varied a belief."},
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
