"""Playing with theories: lives against recursions by hand, and against what is said of the same lives elsewhere."""

import numpy as np
import pytest

from iwm_bayes.estimands.survival import incidence_by_session
from iwm_bayes.estimands.time_to_security import true_security
from iwm_bayes.explorer.scenario import (
    N_PEOPLE,
    Story,
    free_parameters_of,
    identical_people,
    play,
    prior_median,
    scenario_phases,
    scenario_sentence,
    withdrawal_only,
)
from iwm_bayes.model.model_file import load_model
from iwm_bayes.simulation.simulate import simulate

ALWAYS = {"approach_bias": 50.0}  # nobody ever withdraws
CERTAIN = Story(childhood=5, caregiver=0.0, sessions=24, therapist=1.0, rupture_every=6, repair=1.0)
RATED = ALWAYS | {"availability_start": 0.5, "availability_rate": 0.2, "worth_start": 0.4, "worth_rate": 0.1}


def by_hand(start, rate, outcomes):
    """Rescorla and Wagner's recursion, from the start on."""
    values = [start]
    for outcome in outcomes:
        values.append(values[-1] + rate * (outcome - values[-1]))
    return np.array(values)


@pytest.fixture(scope="module")
def certain():
    """Care that leaves nothing to chance: five events that teach worth to be low, then a rupture every six sessions."""
    return play(load_model("rescorla_wagner"), RATED, CERTAIN, lives=4)


def test_beliefs_follow_the_recursion(certain):
    """Availability is the therapist's alone, worth carries what the caregiver taught, and all lives are one."""
    outcomes = np.where(np.arange(24) % 6 == 5, 0.0, 1.0)
    worth = by_hand(0.4, 0.1, [0.0] * 5)[-1]
    expected = [by_hand(0.5, 0.2, outcomes), by_hand(worth, 0.1, outcomes)]
    for name in ("low", "middle", "high"):
        assert np.allclose(certain.trajectory[name].transpose("belief", "session"), expected, atol=1e-12)
    assert np.array_equal(certain.trajectory["outcome"].values[1:], outcomes)


def test_ruptures_and_repairs_are_where_they_were_planned(certain):
    """Sessions 6, 12, 18 and 24 are ruptures; the next of each that has one is its repair."""
    sessions = certain.trajectory["session"].values
    assert list(sessions[certain.trajectory["rupture"] == 1.0]) == [6, 12, 18, 24]
    assert list(sessions[certain.trajectory["repair"] == 1.0]) == [7, 13, 19]


def test_sessions_until_earned_secure_by_hand(certain):
    """The first of six sessions that stay at .6 and hold a rupture, and the sentence that says it."""
    outcomes = np.where(np.arange(24) % 6 == 5, 0.0, 1.0)
    worth = by_hand(by_hand(0.4, 0.1, [0.0] * 5)[-1], 0.1, outcomes)[1:]
    secure = np.minimum(worth, by_hand(0.5, 0.2, outcomes)[1:]) >= 0.6
    first = next(at for at in range(19) if secure[at : at + 6].all()) + 1  # any six sessions hold a rupture
    assert list(certain.judged.sessions) == [first] * 4
    assert np.array_equal(certain.by_session, np.arange(1, 25) >= first)
    said = scenario_sentence(certain)
    assert said.startswith("100 of 100 begin the therapy insecure. Of these, 100 of 100 are earned secure by")
    assert f"in the middle after {first} sessions" in said
    assert "4.0 ruptures and 3.0 repairs" in said


def test_a_gap_is_time_in_which_uncertainty_grows():
    """Kalman's recursion by hand, with nine sessions' worth of time before the session after half-way."""
    chosen = {"availability_start": 0.3, "availability_start_variance": 0.05, "availability_diffusion": 0.01}
    model, story = load_model("kalman"), Story(childhood=0, sessions=8, therapist=1.0, rupture_every=0, gap=9)
    found = play(model, ALWAYS | chosen, story, lives=2)
    mean, variance, noise = 0.3, 0.05, float(identical_people(model, {}, ["therapist"], 1)["availability_noise"][0])
    expected = [mean]
    for elapsed in [1, 1, 1, 1, 10, 1, 1, 1]:
        variance += 0.01 * elapsed
        gain = variance / (variance + noise)
        mean, variance = mean + gain * (1.0 - mean), (1.0 - gain) * variance
        expected.append(mean)
    assert np.allclose(found.trajectory["middle"].sel(belief="availability"), expected, atol=1e-12)


@pytest.mark.parametrize("theory", ["rescorla_wagner", "compensatory"])
def test_the_same_lives_are_judged_the_same_elsewhere(theory):
    """The same people and seed, simulated as a study and judged by `derive`."""
    model, story = withdrawal_only(load_model(theory)), Story()
    found = play(model, {}, story, lives=60, seed=3)
    people = identical_people(model, {}, ["caregiver", "therapist"], 60)
    data = simulate(model, scenario_phases(story), people, seed=3)
    judged = true_security(model, data, people, "therapist")
    for name, values in judged._asdict().items():
        assert np.array_equal(values, getattr(found.judged, name)), name
    assert np.array_equal(incidence_by_session(judged, story.sessions), found.by_session, equal_nan=True)


def test_who_withdraws_learns_nothing():
    """With nobody who ever turns to anyone, beliefs stay where they began."""
    found = play(load_model("rescorla_wagner"), {"approach_bias": -50.0}, Story(), lives=5)
    assert np.allclose(found.trajectory["high"], 0.5)
    assert np.isnan(found.trajectory["outcome"]).all()
    assert scenario_sentence(found).startswith("Nobody begins the therapy insecure")


def test_sliders_are_for_what_moves_beliefs():
    """The noise of a rating moves nothing that is shown; the usual value is the prior's middle on its link scale."""
    found = free_parameters_of(load_model("rescorla_wagner"))
    assert list(found) == [
        "availability_start", "availability_rate", "worth_start", "worth_rate", "approach_bias", "approach_sensitivity"
    ]  # fmt: skip
    odds = np.sqrt(0.02 / 0.98 * 0.5 / 0.5)  # of the geometric middle of the rate's odds
    assert prior_median(found["availability_rate"]) == pytest.approx(odds / (1 + odds))
    assert prior_median(found["approach_sensitivity"]) == pytest.approx(np.sqrt(0.3 * 3.0))


def test_the_same_seed_is_the_same_lives():
    """So that a picture changes for what was moved, and not by chance."""
    model = load_model("kalman")
    assert scenario_sentence(play(model, {}, Story())) == scenario_sentence(play(model, {}, Story()))
    assert len(play(model, {}, Story()).judged.sessions) == N_PEOPLE
