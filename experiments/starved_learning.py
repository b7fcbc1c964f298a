"""Do those who avoid learn less, or do they only see less?

The same insecure people (.3), ready to approach (bias 1) or not (-1), meet a therapist who mostly responds (.8) for 24
sessions; who withdraws does not see the outcome. Measured: rise of availability, ready to not (log ratio), less how far
the gain per surprise seen differs. Where what is seen teaches, avoidance starves learning and leaves its rate alone;
where beliefs change with time alone, it does neither.
"""

from math import log

import numpy as np

from iwm_bayes.filtering.arrays import course
from iwm_bayes.filtering.filter import loop
from iwm_bayes.filtering.readouts import Reading
from iwm_bayes.simulation.care import steady
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import Model, rule_values
from iwm_bayes.validation.prior_predictions import Prediction, average_people, starting

AROUND = [Reading("availability", "before"), Reading("availability", "after"), Reading("expected", "before")]


def learned(model: Model, people: dict[str, np.ndarray], bias: float, rng: np.random.Generator) -> np.ndarray:
    """Log of the rise of availability, and of the gain per surprise seen, (2, person), in closed loop."""
    ready = people | {"approach_bias": np.full_like(people["approach_bias"], bias)}
    data = simulate(model, [Phase({"therapist": steady(0.8)}, 24)], ready, rng)
    before, after, expected = loop(model.rule, rule_values(model, ready), course(data), 1, AROUND)
    surprise = np.where(data["seen"].values, np.abs(data["outcome"].values - expected), 0.0).sum(axis=0)
    gain = np.abs(after - before).sum(axis=0) / np.maximum(surprise, 0.01)
    return np.log(np.maximum([after[-1] - before[0], gain], 1e-3))


def effect(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    people = starting(average_people(model, draws, rng), availability=0.3, worth=0.3)
    per_session, per_surprise = learned(model, people, 1.0, rng) - learned(model, people, -1.0, rng)
    return per_session - np.abs(per_surprise)


PREDICTION = Prediction(
    "starved_learning",
    "Do those who avoid learn less, or do they only see less?",
    shows=("rescorla_wagner", "conjugate_beta"),
    rivals=("growth", "static"),
    smallest=log(1.1),
    unit="log ratio of rises, ready to not, less that of gains per surprise",
    effect=effect,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run

    run(PREDICTION)
