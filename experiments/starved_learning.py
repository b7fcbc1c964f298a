"""Avoidance: slower learning or fewer observations.

Do people who avoid learn less from what they observe, or do they only observe less? Insecure people (0.3) meet a
therapist who mostly responds (0.8) for 12 sessions, as people who avoid or who do not. Those who avoid approach less
(bias -1 instead of 1), and withdrawal hides outcomes. In `closed` they observe everything, at a learning rate one step
lower (log-odds). Measure: the log ratio of the rises of availability (others to avoiding people), minus the absolute
log ratio of learning rates (change per prediction error) from the first outcome observed; means of twenty people alike.
All built-in models that learn take avoidance for fewer bids, at the same rate by construction. None of them is a rival.

Before: rises were of single persons after 24 sessions, and rates were means over all outcomes. No rival learned. Now:
twelve sessions, groups, the first outcome, and a rival in which people who avoid learn at a lower rate.
"""

from math import log

import numpy as np

from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, parameters, rule_values
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import (
    People,
    group_means,
    median_people,
    people_alike,
    with_initial_beliefs,
    with_steps,
)

AROUND = [Readout("availability", "before"), Readout("availability", "after"), Readout("expected", "before")]
INITIAL, SESSIONS, GROUP = 0.3, 12, 20


def by_avoidance(model: ModelSpec, people: dict[str, np.ndarray]) -> list[People]:
    """Return people who do not avoid, and the same people where they do, in the way of the model."""
    if "approach_bias" in people:
        return [people | {"approach_bias": np.full_like(people["approach_bias"], bias)} for bias in (1.0, -1.0)]
    return [people, with_steps(model, people, {"availability_rate": -1.0})]


def rises_and_rates(model: ModelSpec, people: People, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return rises by session (session, draw), and learning rates from the first observed outcome (draw,)."""
    data = simulate(model, [Phase({"therapist": constant_care(0.8)}, SESSIONS)], people, rng)
    before, after, expected = filter_readouts(model.rule, rule_values(model, people), event_array(data), 1, AROUND)
    is_first = (observed := data["observed"].values) & (np.cumsum(observed, axis=0) == 1)
    sums = [np.where(is_first, np.abs(x), 0.0).sum(axis=0) for x in (after - before, data["outcome"] - expected)]
    change, error = group_means(np.stack(sums), GROUP)
    return group_means(after - INITIAL, GROUP), change / np.maximum(error, 1e-3)


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = people_alike(median_people(model, draws, rng), GROUP)
    people = with_initial_beliefs(people, availability=INITIAL, worth=INITIAL)
    (others, rate), (avoiding, lower) = (rises_and_rates(model, group, rng) for group in by_avoidance(model, people))
    logs = np.log(np.maximum([others[-1], avoiding[-1], rate, lower], 1e-3))
    return Result(logs[0] - logs[1] - np.abs(logs[2] - logs[3]), Curve(np.arange(1.0, SESSIONS + 1), others - avoiding))


PREDICTION = Prediction(
    "starved_learning",
    "Avoidance: slower learning or fewer observations",
    shows=("rescorla_wagner", "conjugate_beta"),
    rivals=("models/closed.toml", "growth", "static"),
    smallest=log(1.1),
    unit="log ratio of rises (others to avoiding people), minus that of learning rates from the first observed outcome",
    experiment=experiment,
    axes=("session", "availability: others minus avoiding people"),
    takes_part=lambda model: bool({"approach_bias", "availability_rate"} & set(parameters(model))),
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
