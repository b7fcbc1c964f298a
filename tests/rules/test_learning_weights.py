"""How much people learn early and late in care, over the prior: what models of uncertainty say about it."""

import numpy as np
import pytest
from scipy.special import expit

from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import rule_values

GROUPS, PEOPLE, SESSIONS, PART = 100, 10, 24, 6


def learning_weights(name, care, seed):
    """Return the share of each prediction error that a belief moves, (event, person), for one group of the prior."""
    model, generator = load_model(name), np.random.default_rng(seed)
    people = draw_people(model, ["friend"], PEOPLE, generator)
    data = simulate(model, [Phase({"friend": constant_care(care)}, SESSIONS)], people, generator)
    filtered = filter_events(model.rule, rule_values(model, people), event_array(data), 1)
    moments = [(one.before.availability.mean[0], one.after.availability.mean[0]) for one in filtered]
    before, after = expit(np.array(moments)).swapaxes(0, 1)
    error = data["outcome"].values - before
    return np.where(abs(error) > 1e-9, (after - before) / np.where(error == 0.0, 1.0, error), 0.0)  # else certain


@pytest.mark.parametrize("care", [0.5, 0.8])
@pytest.mark.parametrize("name", ["hgf", "ehgf"])
def test_learning_does_not_speed_up_over_the_prior(name, care):
    """The mean weight of the last six of 24 outcomes is at most that of the first six, and at least half of it."""
    weights = np.concatenate([learning_weights(name, care, seed) for seed in range(GROUPS)], axis=1)
    assert 0.5 < weights[-PART:].mean() / weights[:PART].mean() <= 1.0
