"""The measures of the first eight predictions, against closed forms and Bayes' rule by hand."""

from itertools import islice

import numpy as np
import pytest
from scipy.special import expit, logit

from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.validation import prediction_matrix
from iwm_bayes.validation.scripted_events import median_people, random_care, with_steps

SCRIPTS = {script.PREDICTION.name: script for script in islice(prediction_matrix.load_scripts(), 8)}
DRAWS, SEED = 40, 7


def result(prediction, model):
    """Return what a model predicts in an experiment."""
    return SCRIPTS[prediction].experiment(load_model(model), DRAWS, np.random.default_rng(SEED))


def values(model, name):
    """Return the values of a parameter of the same people, (draw,)."""
    return median_people(load_model(model), DRAWS, np.random.default_rng(SEED))[f"availability_{name}"]


def rates(model="dual_rate"):
    """Return the learning rates from good and from bad outcomes in `dual_rate` or its variant."""
    middle, half = logit(values(model, "rate")), values(model, "difference") / 2
    return expit(middle + half), expit(middle - half)


def after_one_outcome(available, worthy, outcome):
    """Return P(available) and P(worthy) after one outcome: a noisy AND with care .9 and leak .1, by Bayes' rule."""
    response = np.array([[0.1, 0.1], [0.1, 0.9]])  # [available, worthy]
    joint = np.outer([1 - available, available], [1 - worthy, worthy]) * (response if outcome else 1 - response)
    joint /= joint.sum()
    return joint[1].sum(), joint[:, 1].sum()


def test_counted_sessions_teach_less_and_less():
    """The learning rate in session t is 1 / (strength + t), where every session counts."""
    learning_rate = result("diminishing_returns", "conjugate_beta").curve.y
    strength, session = values("conjugate_beta", "strength"), np.arange(1, 25)[:, None]
    np.testing.assert_allclose(learning_rate / learning_rate[0], (strength + 1) / (strength + session))


def test_a_counted_history_slows_change():
    """Six good sessions after evidence n: the rate is 6 / (n (n + 6)) over the sum of 1 / n .. 1 / (n + 5)."""

    def learning_rate(history):
        evidence = values("conjugate_beta", "strength") + history
        return 6 / (evidence * (evidence + 6)) / sum(1 / (evidence + session) for session in range(6))

    expected = np.log(learning_rate(10) / learning_rate(60))
    np.testing.assert_allclose(result("entrenchment", "conjugate_beta").effect, expected)


def test_how_much_a_delta_rule_regains_does_not_depend_on_its_history():
    np.testing.assert_allclose(result("entrenchment", "rescorla_wagner").curve.y, 0.0, atol=1e-9)


def test_what_a_repair_spares_a_delta_rule():
    """One unresponsive outcome five sessions ago costs rate * (1 - rate)^4 of availability."""
    rate, script = values("rescorla_wagner", "rate"), SCRIPTS["rupture_repair"]
    arms = script.availability_by_arm(load_model("rescorla_wagner"), DRAWS, np.random.default_rng(SEED))
    np.testing.assert_allclose(arms["repaired"][-1] - arms["repaired late"][-1], rate * (1 - rate) ** 4)


@pytest.mark.parametrize(
    "model", [*SCRIPTS["rupture_repair"].PREDICTION.shows, *SCRIPTS["rupture_repair"].PREDICTION.rivals]
)
def test_every_model_ends_higher_after_an_early_than_after_a_late_repair(model):
    """So this comparison decides nothing."""
    arms = SCRIPTS["rupture_repair"].availability_by_arm(load_model(model), 300, np.random.default_rng(SEED))
    assert np.mean(arms["repaired"][-1] > arms["repaired late"][-1]) > 0.8


def test_confirmation_reverses_with_the_belief():
    """At 0.8 and 0.2 a belief is tanh(3) convinced: the bias is the same, with another sign."""
    half = values("confirmation", "difference") / 2 * np.tanh(3)
    middle = logit(values("confirmation", "rate"))
    bias = np.log(expit(middle + half) / expit(middle - half))
    found = result("confirmation_bias", "confirmation")
    np.testing.assert_allclose(found.curve.y[[0, -1]], [-bias, bias])
    np.testing.assert_allclose(found.effect, 2 * bias)


def test_a_valence_bias_does_not_depend_on_the_belief():
    good, bad = rates()
    bias = result("confirmation_bias", "dual_rate").curve.y
    np.testing.assert_allclose(bias, np.broadcast_to(np.log(good / bad), bias.shape))


def test_a_delta_rule_keeps_the_same_share_after_every_history():
    """Each refusal leaves 1 - rate."""
    script, model = SCRIPTS["inconsistent_care"], load_model("rescorla_wagner")
    people = median_people(model, DRAWS, np.random.default_rng(SEED))
    repeated = {name: np.tile(value, script.REPLICATES) for name, value in people.items()}
    history = random_care(0.5, script.HISTORY, DRAWS * script.REPLICATES, np.random.default_rng(SEED))
    left = (1 - people["availability_rate"]) ** np.arange(7)[:, None]
    np.testing.assert_allclose(script.share_left(model, repeated, history), left)


def test_a_belief_outlasts_inconsistent_care_without_any_learning_about_change():
    """The volatility of this filter is fixed; where volatility is learned from simple errors, the effect reverses."""
    assert np.median(result("inconsistent_care", "hgf").effect) > 0.1
    assert np.median(result("inconsistent_care", "volatile_kalman").effect) < -0.1


def test_mistrust_is_the_difference_of_two_learning_rates():
    """A rupture takes the rate after bad outcomes of all trust, and a good session adds that after good ones."""
    good, bad = rates("dual_rate_strict")
    np.testing.assert_allclose(result("mistrust", "dual_rate_strict").effect, bad - good, atol=1e-12)
    np.testing.assert_allclose(result("mistrust", "rescorla_wagner").effect, 0.0, atol=1e-12)


def test_where_evidence_adds_up_a_rupture_takes_less_than_a_session_gained():
    """It takes 1 / (evidence + 13); four good sessions leave evidence / (evidence + 4) of the way."""
    evidence = values("conjugate_beta", "strength")
    gained = 1 - (evidence / (evidence + 4)) ** (1 / 4)
    np.testing.assert_allclose(result("mistrust", "conjugate_beta").effect, 1 / (evidence + 13) - gained)


def test_mistrust_in_the_hierarchical_filter_is_the_published_pattern():
    """Reed et al. (2020): paranoid minus other people, at the fixed values of the model."""
    model = load_model("ehgf")
    people = median_people(model, 3, np.random.default_rng(SEED))
    steps = SCRIPTS["mistrust"].MISTRUST["ehgf"]
    changed = with_steps(model, people, steps)
    published = {"start_volatility": 1.110, "coupling": 0.079, "tonic": -1.154, "meta": -1.155}
    assert set(steps) == {f"availability_{name}" for name in published}
    shift = np.stack([changed[f"availability_{name}"] - people[f"availability_{name}"] for name in published])
    np.testing.assert_allclose(shift, np.array([list(published.values())] * 3).T)


def test_blame_follows_the_doubt_where_care_needs_both():
    def self_blame(available, worthy):
        availability, worth = after_one_outcome(available, worthy, 0)
        return logit(worthy) - logit(worth) - (logit(available) - logit(availability))

    found = result("credit", "noisy_and")
    np.testing.assert_allclose(found.curve.y[0], self_blame(0.2, 0.8))
    np.testing.assert_allclose(found.effect, self_blame(0.8, 0.2) - self_blame(0.2, 0.8))


def test_fearful_people_learn_least_where_care_needs_both():
    def change(available, outcome):
        return abs(logit(after_one_outcome(available, 0.2, outcome)[1]) - logit(0.2))

    smaller = min(change(0.8, outcome) - change(0.2, outcome) for outcome in (0, 1))
    np.testing.assert_allclose(result("fearful", "noisy_and").effect, smaller)


def test_fearful_people_learn_most_from_a_good_outcome_where_evidence_adds_up():
    """They are surprised most by it; by a bad outcome, preoccupied people are. The smaller difference counts."""
    assert (result("fearful", "compensatory").effect < 0).all()
