"""Scenarios against recursions by hand, and against the same people simulated as a study."""

import numpy as np
import pytest

from iwm_bayes.estimands.security.survival import incidence_by_session
from iwm_bayes.estimands.security.time_to_security import true_security
from iwm_bayes.explorer.people import belief_parameters, identical_people, prior_median, withdrawal_only
from iwm_bayes.explorer.presets import PRESETS
from iwm_bayes.explorer.scenario import N_PEOPLE, Scenario, scenario_phases, simulate_scenario
from iwm_bayes.explorer.sentences import readouts, sentences
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.simulate import simulate

ALWAYS = {"approach_bias": 50.0}  # nobody ever withdraws
DETERMINISTIC = Scenario(
    caregiver_events=5, caregiver_rate=0.0, sessions=24, therapist_rate=1.0, rupture_every=6, repair_rate=1.0
)
CHOSEN = ALWAYS | {"availability_start": 0.5, "availability_rate": 0.2, "worth_start": 0.4, "worth_rate": 0.1}
OUTCOMES = np.where(np.arange(24) % 6 == 5, 0.0, 1.0)


def by_hand(start, rate, outcomes):
    """Compute Rescorla and Wagner's recursion from the initial belief on."""
    values = [start]
    for outcome in outcomes:
        values.append(values[-1] + rate * (outcome - values[-1]))
    return np.array(values)


@pytest.fixture(scope="module")
def result():
    """Simulate deterministic care: five unresponsive events lower self-worth, then every sixth session is a rupture."""
    return simulate_scenario(load_model("rescorla_wagner"), CHOSEN, DETERMINISTIC, n_people=10)


def test_beliefs_follow_the_recursion(result):
    """Availability is about the caregiver and then anew about the therapist; self-worth goes on between them."""
    worth = by_hand(0.4, 0.1, np.concatenate([np.zeros(5), OUTCOMES]))
    expected = [
        np.concatenate([by_hand(0.5, 0.2, np.zeros(5)), by_hand(0.5, 0.2, OUTCOMES)]),
        np.insert(worth, 5, worth[5]),  # after the last event of childhood, and before the first session
    ]
    assert list(result.trajectory["position"].values) == list(range(-6, 25))
    for name in ("low", "middle", "high"):
        assert np.allclose(result.trajectory[name].transpose("belief", "position"), expected, atol=1e-12)
    assert np.array_equal(result.trajectory["outcome"].sel(position=slice(1, None)).values, OUTCOMES)


def test_ruptures_and_repairs_are_as_planned(result):
    """Sessions 6, 12, 18 and 24 are ruptures; the session after each, if there is one, is its repair."""
    therapy = result.trajectory.sel(position=slice(1, None))
    session = therapy["position"].values
    assert list(session[therapy["rupture"] == 1.0]) == [6, 12, 18, 24]
    assert list(session[therapy["repair"] == 1.0]) == [7, 13, 19]


def test_sessions_until_earned_secure_by_hand(result):
    """The first of six sessions at or above 0.6, each of which one more rupture would leave at 0.5 or above."""
    worth = by_hand(by_hand(0.4, 0.1, [0.0] * 5)[-1], 0.1, OUTCOMES)[1:]
    availability = by_hand(0.5, 0.2, OUTCOMES)[1:]
    secure = (np.minimum(worth, availability) >= 0.6) & (np.minimum(0.9 * worth, 0.8 * availability) >= 0.5)
    first = next((at for at in range(19) if secure[at : at + 6].all()), None)
    assert first is not None
    assert list(result.judgement.sessions) == [first + 1] * 10
    assert np.array_equal(result.incidence[:19], np.arange(1, 20) >= first + 1)
    assert result.horizon == 19
    assert np.isnan(result.incidence[19:]).all()  # the six sessions would reach beyond the last one
    (_, text) = sentences({"A: rescorla_wagner": result}, DETERMINISTIC)
    assert "100% of people are insecure at the start of the therapy. Of these, 100% are earned secure by" in text
    assert f"half of them by session {first + 1}" in text
    assert "4.0 ruptures and 3.0 repairs" in text


def test_there_is_a_sentence_at_every_session(result):
    """It says where the play is, and the median beliefs that the picture shows there."""
    lines = readouts({"A: rescorla_wagner": result}, result.trajectory["position"].values)
    final = result.trajectory["middle"].isel(position=-1)
    assert len(lines) == 31
    assert lines[0].startswith(
        "Before the first event of childhood. A: rescorla_wagner: availability 0.50, self-worth 0.40"
    )
    assert lines[5].startswith("Childhood, event 5 of 5.")
    assert lines[6].startswith("Before the first session.")
    assert lines[30] == (
        f"Session 24 of 24. A: rescorla_wagner: availability {float(final.sel(belief='availability')):.2f}, "
        f"self-worth {float(final.sel(belief='worth')):.2f}."
    )


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
    text = sentences({"A: kalman": result}, scenario)[1]
    assert f"availability rises ({expected[4]:.2f} to {expected[5]:.2f})" in text


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
    assessed = slice(0, result.horizon)
    assert np.array_equal(incidence_by_session(judgement, scenario.sessions)[assessed], result.incidence[assessed])


def test_people_who_always_withdraw_do_not_learn():
    """Nobody observes an outcome, so beliefs stay where they began, and earned security cannot be assessed."""
    result = simulate_scenario(load_model("rescorla_wagner"), {"approach_bias": -50.0}, Scenario(), n_people=5)
    assert np.allclose(result.trajectory["high"], 0.5)
    assert np.isnan(result.trajectory["outcome"]).all()
    assert result.horizon == 0
    assert "too few to assess earned security" in sentences({"A": result}, Scenario())[1]


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
    assert first.trajectory.identical(second.trajectory)
    assert len(first.judgement.sessions) == N_PEOPLE


def test_presets_are_what_they_are_called():
    """Self-worth after childhood is secure or insecure, repairs are many or few, and only one preset has a break."""
    model = load_model("kalman")
    results = {key: simulate_scenario(model, {}, preset.scenario) for key, preset in PRESETS.items()}
    worth = {key: float(one.trajectory["middle"].sel(belief="worth", position=0)) for key, one in results.items()}
    assert list(PRESETS) == ["secure", "neglect", "ruptures", "break"]
    assert worth["secure"] >= 0.6
    assert max(worth["neglect"], worth["ruptures"], worth["break"]) <= 0.4
    therapy = {key: one.trajectory.sel(position=slice(1, None)).sum("position") for key, one in results.items()}
    repaired = {key: float(one["repair"] / one["rupture"]) for key, one in therapy.items()}
    assert repaired["ruptures"] < 0.5 < 0.7 < repaired["neglect"]
    assert [key for key, preset in PRESETS.items() if preset.scenario.gap] == ["break"]
