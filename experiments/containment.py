"""Containment of deactivation by a therapist.

Does a therapist who does not act on the pull of a person's bids shorten the way to security? The same insecure people
(0.3) meet a therapist who contains the pull or follows it, for 40 sessions. Distressing things happen before half of
them. A therapist who follows withdraws from people who make few bids. One who contains responds at 0.8, whatever they
do. Measure: the log ratio of the rises of availability, contained to not contained. Each draw is a group of twenty
people alike. People who deactivate withdraw from the care that would change their beliefs, and the more so the less of
it there is. The claim is about them alone: with people who cling, a therapist who follows responds more often
(`reactive_care.py`). Where beliefs change with time alone, containment makes no difference.

`bids` learns as `deactivating` does. Its people may approach or avoid, as likely the one as the other, and whoever
frightens them turns them away. It is a rival, because a claim about deactivation must not hold for everybody.
"""

from math import log

import numpy as np

from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.simulation.care import DistressProcess, reactive
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, rule_values
from iwm_bayes.validation.prior_predictions import Curve, Prediction, Result
from iwm_bayes.validation.scripted_events import People, group_means, median_people, people_alike, with_initial_beliefs

INITIAL, SESSIONS, GROUP = 0.3, 40, 20
AFTER = [Readout("availability", "after")]


def rises(model: ModelSpec, people: People, containment: float, seed: int) -> np.ndarray:
    """Return the rise of availability by session, (session, draw), in closed loop."""
    care = reactive(0.8, pull=1.0, containment=containment)
    phase = Phase({"therapist": care}, SESSIONS, distress=DistressProcess(rate=0.5))
    data = simulate(model, [phase], people, seed)
    [after] = filter_readouts(model.rule, rule_values(model, people), event_array(data), 1, AFTER)
    return group_means(after - INITIAL, GROUP)


def experiment(model: ModelSpec, draws: int, rng: np.random.Generator) -> Result:
    people = people_alike(median_people(model, draws, rng), GROUP)
    people = with_initial_beliefs(people, availability=INITIAL)
    seed = int(rng.integers(2**31))  # what happens by chance is the same in both arms
    contained, followed = (rises(model, people, containment, seed) for containment in (1.0, 0.0))
    effect = np.log(np.maximum(contained[-1], 1e-3) / np.maximum(followed[-1], 1e-3))
    return Result(effect, Curve(np.arange(1.0, SESSIONS + 1), contained - followed))


PREDICTION = Prediction(
    "containment",
    "Containment of deactivation by a therapist",
    shows=("models/deactivating.toml", "models/deactivating_leaky_beta.toml"),
    rivals=("models/bids.toml", "models/hyperactivating.toml", "models/deactivating_growth.toml"),
    smallest=log(1.1),
    unit="log ratio of rises of availability, contained to not contained",
    experiment=experiment,
    axes=("session", "availability: contained minus not contained"),
    takes_part=lambda model: "bid" in model.responses,
)

if __name__ == "__main__":
    from iwm_bayes.cli.predictions import run_script

    run_script(PREDICTION)
