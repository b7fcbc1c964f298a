"""Avoidance: slower learning or fewer observations.

Do people who avoid learn less from what they observe, or do they only observe less? Insecure people (0.3) meet a
therapist who mostly responds (0.8) for 12 sessions: once as people who do not avoid, and once as people who do.
Avoidance is what a model takes it for. In most models avoiding people are less ready to approach (bias -1 instead of
1), and whoever withdraws does not observe the outcome. In `closed` they observe every outcome, and their learning rate
is one step lower on its link scale. Measure: the log ratio of the rises of availability (others to avoiding people),
minus the absolute log ratio of the effective learning rates from the first outcome that each person observes. An
effective learning rate is the change per unit of prediction error. Each draw is a group of twenty people alike: rises
and rates are their means. Where avoidance withholds outcomes, people rise less and learn as much from each of them.
Where avoidance is a low learning rate, both are lower, and the rates differ as much as the rises or more. Where beliefs
change with time alone, avoidance changes nothing.

The claim is about what avoidance is, and not about how people learn. All built-in models that learn take avoidance for
fewer bids, so that none of them is a rival. Two of them stand for the others. That the rate from the first outcome is
the same is built into them. The question is if rises and rates together tell them from `closed`.

Before: rises were measured after 24 sessions, when fast learners had nothing left to learn, and for single persons,
whose number of outcomes is a matter of chance. Learning rates were means over all outcomes. Where each outcome teaches
less than the one before, people who had observed more of them seemed to learn more slowly. The rivals did not learn
from outcomes at all. Now: twelve sessions, groups, the same outcome for everyone, the first, and a rival in which
people who avoid do learn at a lower rate.
"""

from math import log

import numpy as np

from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.model.priors import LINKS
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, parameters, rule_values
from iwm_bayes.validation.prior_predictions import (
    Curve,
    People,
    Prediction,
    Result,
    group_means,
    median_people,
    people_alike,
    with_initial_beliefs,
)

AROUND = [Readout("availability", "before"), Readout("availability", "after"), Readout("expected", "before")]
INITIAL, SESSIONS, GROUP = 0.3, 12, 20
READINESS, LOWER_RATE = 1.0, -1.0  # a bias in log-odds, and a step on the link scale


def with_avoidance(model: ModelSpec, people: People, avoids: bool) -> dict[str, np.ndarray]:
    """Return the same people as people who avoid, or who do not, in the way of the model."""
    if "approach_bias" in people:
        bias = -READINESS if avoids else READINESS
        return dict(people) | {"approach_bias": np.full_like(people["approach_bias"], bias)}
    link, unlink = LINKS[parameters(model)["availability_rate"].support]
    rate = people["availability_rate"]
    return dict(people) | {"availability_rate": unlink(link(rate) + LOWER_RATE) if avoids else rate}


def rises_and_rates(
    model: ModelSpec, people: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return rises by session (session, draw), and learning rates from the first observed outcome (draw,)."""
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
    (others, others_rate), (avoiding, avoiding_rate) = (
        rises_and_rates(model, with_avoidance(model, people, avoids), rng) for avoids in (False, True)
    )
    logs = np.log(np.maximum([others[-1], avoiding[-1], others_rate, avoiding_rate], 1e-3))
    effect = logs[0] - logs[1] - np.abs(logs[2] - logs[3])
    return Result(effect, Curve(np.arange(1.0, SESSIONS + 1), others - avoiding))


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
