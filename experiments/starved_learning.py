"""Avoidance: slower learning or fewer observations.

Do people who avoid learn less, or do they only observe less? The same insecure people (0.3), ready to approach (bias 1)
or not (bias -1), meet a therapist who mostly responds (0.8) for 12 sessions. People who withdraw do not observe the
outcome. Measure: the log ratio of the rises of availability (ready to not ready), minus the absolute log ratio of the
effective learning rates from the first outcome that each person observes. An effective learning rate is the change per
unit of prediction error. Each draw is a group of twenty people alike: rises and rates are their means. Where
people learn from what they observe, avoidance reduces learning per session and leaves learning per outcome unchanged.
Where beliefs change with time alone, it does neither.

Before: rises were measured after 24 sessions, when fast learners had nothing left to learn, and for single persons,
whose number of outcomes is a matter of chance. Learning rates were means over all outcomes. Where each outcome teaches
less than the one before, people who had observed more of them seemed to learn more slowly. Now: twelve sessions,
groups, and the same outcome for everyone, the first.
"""

from math import log

import numpy as np

from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.validation.prior_predictions import (
    Curve,
    Prediction,
    Result,
    group_means,
    median_people,
    people_alike,
    with_initial_beliefs,
)

AROUND = [Readout("availability", "before"), Readout("availability", "after"), Readout("expected", "before")]
INITIAL, SESSIONS, GROUP = 0.3, 12, 20


def rises_and_rates(
    model: ModelSpec, people: dict[str, np.ndarray], bias: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return rises by session (session, draw), and learning rates from the first observed outcome (draw,)."""
    people = people | {"approach_bias": np.full_like(people["approach_bias"], bias)}
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, SESSIONS)], people, rng)
    before, after, expected = filter_readouts(model.rule, rule_values(model, people), event_array(data), 1, AROUND)
    observed = data["observed"].values
    is_first = observed & (np.cumsum(observed, axis=0) == 1)
    sums = [np.where(is_first, np.abs(x), 0.0).sum(axis=0) for x in (after - before, data["outcome"] - expected)]
    change, error = group_means(np.stack(sums), GROUP)
    return group_means(after - INITIAL, GROUP), change / np.maximum(error, 1e-3)


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = people_alike(median_people(model, draws, rng), GROUP)
    people = with_initial_beliefs(people, availability=INITIAL, worth=INITIAL)
    (ready, ready_rate), (not_ready, not_ready_rate) = (rises_and_rates(model, people, bias, rng) for bias in (1, -1))
    logs = np.log(np.maximum([ready[-1], not_ready[-1], ready_rate, not_ready_rate], 1e-3))
    effect = logs[0] - logs[1] - np.abs(logs[2] - logs[3])
    return Result(effect, Curve(np.arange(1.0, SESSIONS + 1), ready - not_ready))


PREDICTION = Prediction(
    "starved_learning",
    "Avoidance: slower learning or fewer observations",
    shows=("rescorla_wagner", "conjugate_beta"),
    rivals=("growth", "static"),
    smallest=log(1.1),
    unit="log ratio of rises (ready to not ready), minus that of learning rates from the first observed outcome",
    experiment=experiment,
    axes=("session", "availability: ready to approach minus not ready"),
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
