"""Scenarios against recursions by hand, and against the same people simulated as a study."""

import numpy as np
import pytest

from iwm_bayes.estimands.security.survival import incidence_by_session
from iwm_bayes.estimands.security.time_to_security import true_security
from iwm_bayes.explorer.scenario import (
    N_PEOPLE,
    Scenario,
    belief_parameters,
    identical_people,
    prior_median,
    scenario_phases,
    scenario_summary,
    simulate_scenario,
    withdrawal_only,
)
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.simulate import simulate

ALWAYS = {"approach_bias": 50.0}  # nobody ever withdraws
DETERMINISTIC = Scenario(
    caregiver_events=5, caregiver_rate=0.0, sessions=24, therapist_rate=1.0, rupture_every=6, repair_rate=1.0
)
CHOSEN = ALWAYS | {"availability_start": 0.5, "availability_rate": 0.2, "worth_start": 0.4, "worth_rate": 0.1}


def by_hand(start, rate, outcomes):
    """Compute Rescorla and Wagner's recursion from the initial belief on."""
    values = [start]
    for outcome in outcomes:
        values.append(values[-1] + rate * (outcome - values[-1]))
    return np.array(values)


@pytest.fixture(scope="module")
def result():
    """Simulate deterministic care: five unresponsive events lower self-worth, then every sixth session is a rupture."""
    return simulate_scenario(load_model("rescorla_wagner"), CHOSEN, DETERMINISTIC, n_people=4)


def test_beliefs_follow_the_recursion(result):
    """Availability is about the therapist only, self-worth also follows the caregiver, and all people are equal."""
    outcomes = np.where(np.arange(24) % 6 == 5, 0.0, 1.0)
    worth = by_hand(0.4, 0.1, [0.0] * 5)[-1]
    expected = [by_hand(0.5, 0.2, outcomes), by_hand(worth, 0.1, outcomes)]
    for name in ("low", "middle", "high"):
        assert np.allclose(result.trajectory[name].transpose("belief", "session"), expected, atol=1e-12)
    assert np.array_equal(result.trajectory["outcome"].values[1:], outcomes)


def test_ruptures_and_repairs_are_as_planned(result):
    """Sessions 6, 12, 18 and 24 are ruptures; the session after each, if there is one, is its repair."""
    sessions = result.trajectory["session"].values
    assert list(sessions[result.trajectory["rupture"] == 1.0]) == [6, 12, 18, 24]
    assert list(sessions[result.trajectory["repair"] == 1.0]) == [7, 13, 19]


def test_sessions_until_earned_secure_by_hand(result):
    """The first of six sessions at or above 0.6 of which one is a rupture, and the summary."""
    outcomes = np.where(np.arange(24) % 6 == 5, 0.0, 1.0)
    worth = by_hand(by_hand(0.4, 0.1, [0.0] * 5)[-1], 0.1, outcomes)[1:]
    secure = np.minimum(worth, by_hand(0.5, 0.2, outcomes)[1:]) >= 0.6
    first = next(at for at in range(19) if secure[at : at + 6].all()) + 1  # any six sessions have a rupture
    assert list(result.judgement.sessions) == [first] * 4
    assert np.array_equal(result.incidence, np.arange(1, 25) >= first)
    summary = scenario_summary(result)
    assert summary.startswith(
        "100% of people are insecure at the start of the therapy. Of these, 100% are earned secure"
    )
    assert f"the median is {first} sessions" in summary
    assert "4.0 ruptures and 3.0 repairs" in summary


def test_uncertainty_grows_in_a_gap():
    """Kalman's recursion by hand; ten units of time pass before the session after half-way."""
    chosen = {"availability_start": 0.3, "availability_start_variance": 0.05, "availability_diffusion": 0.01}
    model = load_model("kalman")
    scenario = Scenario(caregiver_events=0, sessions=8, therapist_rate=1.0, rupture_every=0, gap=9)
    result = simulate_scenario(model, ALWAYS | chosen, scenario, n_people=2)
    mean, variance, noise = 0.3, 0.05, float(identical_people(model, {}, ["therapist"], 1)["availability_noise"][0])
    expected = [mean]
    for elapsed in [1, 1, 1, 1, 10, 1, 1, 1]:
        variance += 0.01 * elapsed
        gain = variance / (variance + noise)
        mean, variance = mean + gain * (1.0 - mean), (1.0 - gain) * variance
        expected.append(mean)
    assert np.allclose(result.trajectory["middle"].sel(belief="availability"), expected, atol=1e-12)


@pytest.mark.parametrize("name", ["rescorla_wagner", "compensatory"])
def test_a_scenario_gives_the_judgement_of_a_study(name):
    """The same people and seed, simulated as a study, with the judgement of `time_to_security`."""
    model, scenario = withdrawal_only(load_model(name)), Scenario()
    result = simulate_scenario(model, {}, scenario, n_people=60, seed=3)
    people = identical_people(model, {}, ["caregiver", "therapist"], 60)
    data = simulate(model, scenario_phases(scenario), people, seed=3)
    judgement = true_security(model, data, people, "therapist")
    for field, values in judgement._asdict().items():
        assert np.array_equal(values, getattr(result.judgement, field)), field
    assert np.array_equal(incidence_by_session(judgement, scenario.sessions), result.incidence, equal_nan=True)


def test_people_who_always_withdraw_do_not_learn():
    """Nobody observes an outcome, so beliefs stay where they began."""
    result = simulate_scenario(load_model("rescorla_wagner"), {"approach_bias": -50.0}, Scenario(), n_people=5)
    assert np.allclose(result.trajectory["high"], 0.5)
    assert np.isnan(result.trajectory["outcome"]).all()
    assert scenario_summary(result).startswith("Nobody is insecure at the start of the therapy")


def test_sliders_are_for_parameters_that_affect_beliefs():
    """The response SD affects nothing that is shown. A slider begins at the middle of the prior on the link scale."""
    declared = belief_parameters(load_model("rescorla_wagner"))
    assert list(declared) == [
        "availability_start", "availability_rate", "worth_start", "worth_rate", "approach_bias", "approach_sensitivity"
    ]  # fmt: skip
    odds = np.sqrt(0.02 / 0.98 * 0.5 / 0.5)  # the geometric mean of the odds of the rate's prior 90% range
    assert prior_median(declared["availability_rate"]) == pytest.approx(odds / (1 + odds))
    assert prior_median(declared["approach_sensitivity"]) == pytest.approx(np.sqrt(0.3 * 3.0))


def test_the_same_seed_gives_the_same_people():
    """So that a plot changes only because of what was moved."""
    model = load_model("kalman")
    first, second = simulate_scenario(model, {}, Scenario()), simulate_scenario(model, {}, Scenario())
    assert scenario_summary(first) == scenario_summary(second)
    assert len(first.judgement.sessions) == N_PEOPLE
