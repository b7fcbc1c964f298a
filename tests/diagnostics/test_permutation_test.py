"""The outcome-permutation test, with people who learn from outcomes and people who do not."""

import numpy as np
import pytest

from iwm_bayes.diagnostics.permutation_test import permutation_test, permute_outcomes
from iwm_bayes.model import model_file
from iwm_bayes.model.priors import natural_values
from iwm_bayes.simulation.care import intermittent
from iwm_bayes.simulation.simulate import Phase, simulate

PEOPLE = 24


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    file = tmp_path_factory.mktemp("theory") / "own.toml"
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
    file.write_text(head, encoding="utf-8")
    return model_file.load_model(file)


def sessions(model, rate, seed):
    """Simulate people with a learning rate, under intermittent care."""
    generator = np.random.default_rng(seed)
    levels = {
        "availability_start": generator.normal(-0.5, 0.5, PEOPLE),
        "availability_rate": np.full(PEOPLE, rate),
        "availability_rating_noise": np.full(PEOPLE, np.log(0.1)),
    }
    plan = [Phase({name: intermittent(0.2, 0.8, 3) for name in ("mother", "therapist")}, 12, assessed=True)]
    return simulate(model, plan, natural_values(model, levels, ["mother", "therapist"], PEOPLE), generator)


def test_permuted_outcomes_are_the_same_in_another_order(model):
    """Each person keeps the outcomes of each figure, at the same events; everything else is unchanged."""
    data = sessions(model, -1.0, 1)
    other = permute_outcomes(data, np.random.default_rng(2))
    for figure in range(2):
        there = data["observed"] & (data["figure_index"] == figure)
        for part in ("outcome", "reported"):
            before, after = (np.sort(x[part].where(there).values, axis=0) for x in (data, other))
            np.testing.assert_array_equal(before, after)
    assert (data["outcome"] != other["outcome"]).any()
    np.testing.assert_array_equal(data["outcome"].where(~data["observed"]), other["outcome"].where(~data["observed"]))
    assert other.drop_vars(["outcome", "reported"]).identical(data.drop_vars(["outcome", "reported"]))


def test_learning_is_shown_where_people_learn_and_only_there(model):
    """A learning rate of 0.27 loses many standard errors; one of 0.00005 loses none."""
    learners, blind = (permutation_test(model, sessions(model, rate, 3)) for rate in (-1.0, -10.0))
    assert learners.shown
    assert learners.sentence.startswith("Learning from outcomes is shown: permuting the outcomes loses")
    assert learners.lost > 5 * learners.error
    assert not blind.shown
    assert blind.sentence.startswith("Learning from outcomes is not shown: permuting the outcomes loses")
