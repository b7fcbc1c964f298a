"""The outcome-permutation test: it is shown where people learn, and not where only time passes."""

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from iwm_bayes.diagnostics.permutation_test import MAX_PERMUTATIONS, PermutationTest, p_bounds, permutation_test
from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.model.specification.model_file import load_model

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
PEOPLE, SESSIONS, STUDIES = 24, 12, 8


@pytest.fixture(scope="module")
def designs():
    """The experiment on size and power, which simulates its studies without this program's rules."""
    spec = importlib.util.spec_from_file_location("permutation_size", EXPERIMENTS / "permutation_size.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def model():
    return load_model(EXPERIMENTS / "models" / "one_belief.toml")


@pytest.fixture(scope="module")
def compiled(designs, model):
    return compile_likelihood(model, designs.simulate_study("time", 1, "outcomes", PEOPLE, SESSIONS))


@pytest.mark.parametrize("design", ["time", "turn"])
@pytest.mark.parametrize("way", ["outcomes", "deviations", "own order"])
def test_learning_is_not_shown_where_only_time_passes(designs, model, compiled, design, way):
    """Outcomes and ratings both improve: of 8 studies, more than two are shown with probability .006."""
    studies = range(1, STUDIES + 1)
    tests = [
        permutation_test(model, designs.simulate_study(design, study, way, PEOPLE, SESSIONS), study, compiled)
        for study in studies
    ]
    assert {test.way for test in tests} == {way}
    assert Counter(test.verdict for test in tests)["shown"] <= binom.ppf(0.99, STUDIES, 0.05)


@pytest.mark.parametrize("way", ["outcomes", "deviations"])
def test_learning_is_shown_where_people_learn(designs, model, compiled, way):
    """People learn at a rate of .15 from outcomes that improve for everybody; three seeds agree."""
    data = designs.simulate_study("learning", 1, way, PEOPLE, 2 * SESSIONS)
    tests = [permutation_test(model, data, seed, compiled) for seed in range(3)]
    assert [test.verdict for test in tests] == ["shown"] * 3
    assert all(test.lost > 0 and test.n_as_good == 0 for test in tests)


def test_a_study_in_which_nothing_varies_cannot_be_tested(designs, model):
    """Everybody always meets the same outcome: there is nothing to exchange, and nothing is fitted."""
    data = designs.simulate_study("time", 1, "outcomes", PEOPLE, SESSIONS)
    constant = data.assign(outcome=data["outcome"] * 0.0 + 0.5)
    test = permutation_test(model, constant)
    assert (test.n_permutations, test.n_exchanged, test.verdict) == (0, 0, "unclear")
    assert test.sentence.startswith("Learning from outcomes cannot be tested")


def test_bounds_of_p_are_those_of_the_binomial():
    """At a bound, so extreme a count has a probability of 1%; without any permutation every p is possible."""
    low, high = p_bounds(10, 99)
    assert binom.sf(9, 99, low) == pytest.approx(0.01)
    assert binom.cdf(10, 99, high) == pytest.approx(0.01)
    assert p_bounds(0, 0) == (0.0, 1.0)
    np.testing.assert_allclose(p_bounds(0, 90)[1], 1.0 - 0.01 ** (1 / 90))


@pytest.mark.parametrize(
    ("n_as_good", "n_permutations", "verdict", "words"),
    [
        (0, 90, "shown", "Learning from outcomes is shown (outcome-permutation test: p = 0.011, 90 permutations)."),
        (3, 4, "not shown", "Learning from outcomes is not shown (outcome-permutation test: p = 0.8, 4 permutations)."),
        (
            10,
            MAX_PERMUTATIONS,
            "unclear",
            "It is unclear whether people learn from outcomes (outcome-permutation test:",
        ),
    ],
)
def test_the_sentence_says_what_was_tested(n_as_good, n_permutations, verdict, words):
    """The verdict has three values; the sentence names what was swapped and for how many people."""
    test = PermutationTest(8.0, n_as_good, n_permutations, "outcomes", 58, 60)
    assert test.verdict == verdict
    assert test.sentence.startswith(words)
    assert "Each person was given the outcomes of another person in the same group: 58 of 60 people" in test.sentence
