"""Tests of the innovations with which data are simulated: they stay with the data, and truth is computed from them."""

import numpy as np
import pytest

from iwm_bayes.estimands.security.belief_paths import belief_paths
from iwm_bayes.filtering.arrays import true_innovations
from iwm_bayes.inference.prior import prior_draws
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.predictive import along_events, replicated_answers
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError

MODEL = load_model("rescorla_wagner+belief_noise", ["worth_rating", "approach"])
PEOPLE, SESSIONS, NOISE = 7, 12, 0.1
VALUES = {
    "availability_start": np.full(PEOPLE, 0.4),
    "availability_rate": np.full(PEOPLE, 0.2),
    "availability_belief_noise": np.full(PEOPLE, NOISE),
    "availability_rating_noise": np.full(PEOPLE, 1e-3),
}


@pytest.fixture(scope="module")
def data():
    return simulate(MODEL, [Phase({"therapist": constant_care(0.7)}, SESSIONS)], VALUES, 3)


def beliefs_by_hand(data):
    """Return availability after every session (event, person)."""
    value, found = VALUES["availability_start"], []
    for outcome, innovation in zip(data["outcome"].values, data["true_innovation"].values[0], strict=True):
        value = value + NOISE * innovation
        value = value + VALUES["availability_rate"] * (outcome - value)
        found.append(value)
    return np.array(found)


def test_truth_of_a_simulation_is_the_path_that_was_simulated(data):
    people = VALUES | {"availability_rating_intercept": np.zeros(PEOPLE), "availability_rating_slope": np.ones(PEOPLE)}
    path = belief_paths(MODEL, data, people, "therapist", innovations=true_innovations(MODEL.rule, data))
    np.testing.assert_allclose(path.observed_path().availability, beliefs_by_hand(data), rtol=1e-12)
    ratings = data["answer_availability_rating"].values
    inside = (ratings > 0) & (ratings < 1)
    np.testing.assert_allclose(ratings[inside], beliefs_by_hand(data)[inside], atol=5 * np.hypot(1e-3, 0.02))


def test_answers_along_events_follow_the_innovations_of_the_data(data):
    people = VALUES | {"availability_rating_intercept": np.zeros(PEOPLE), "availability_rating_slope": np.ones(PEOPLE)}
    again = along_events(MODEL, data, people, np.random.default_rng(9))["availability_rating"]
    inside = (again > 0) & (again < 1)
    np.testing.assert_allclose(again[inside], beliefs_by_hand(data)[inside], atol=5 * np.hypot(1e-3, 0.02))


def test_replications_have_the_innovations_of_their_draws_or_new_ones(data):
    """With the draws' own, two replications of one draw differ by the response SD; with new ones, by belief noise."""
    prior = prior_draws(MODEL, data, 40, 1)
    spread = {}
    for kind, draws in (("own", prior), ("new", prior.drop_vars("innovation"))):
        one, other = (
            np.concatenate([batch["availability_rating"] for batch in replicated_answers(MODEL, data, draws, 40, seed)])
            for seed in (1, 2)
        )
        noise = np.hypot(np.exp(prior["theta"].sel(parameter="availability_rating_noise").values[0]), 0.02)
        spread[kind] = np.median(np.abs(one - other) / noise[:, None, :])
    assert spread["own"] < 1.0 < spread["new"]  # |difference of two normals| / sd has the median .95


@pytest.mark.parametrize("name", ["kalman+trend+belief_noise", "kalman+belief_noise+trend"])
def test_trend_comes_before_belief_noise_however_a_name_orders_them(name):
    assert load_model(name).rule.movements == ("trend", "belief_noise")
    assert load_model(name).name == "kalman+trend+belief_noise"


def test_a_trend_cannot_follow_a_belief_noise_that_is_there_already(tmp_path):
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\nresponses = ["availability_rating"]\n'
    (tmp_path / "noisy.toml").write_text(head + "belief_noise = true\n", encoding="utf-8")
    with pytest.raises(InputError, match="`trend` comes before `belief_noise`"):
        load_model(f"{tmp_path / 'noisy.toml'}+trend")
