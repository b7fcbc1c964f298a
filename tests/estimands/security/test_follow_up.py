"""People whose sessions end early: what they continue with, and what that does to the share that is earned secure."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.estimands.security.belief_paths import belief_paths
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, judge
from iwm_bayes.estimands.security.follow_up import continued_events, people_who_left
from iwm_bayes.filtering.arrays import event_array, session_index
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, drop_absent, simulate

MODEL = load_model("rescorla_wagner", without=["worth_rating", "approach"])


def shortened(data: xr.Dataset, lengths: np.ndarray) -> xr.Dataset:
    """Return the data with only so many events of each person."""
    return drop_absent(data.assign(present=data["present"] & (np.arange(data.sizes["event"])[:, None] < lengths)))


def simulated(people: int, sessions: int = 20, seed: int = 1, start: float = 0.3, rate: float = 0.15):
    """Return people with the same initial belief and learning rate, under care of .8, and their parameters."""
    truth = draw_people(MODEL, ["therapist"], people, np.random.default_rng(seed))
    truth |= {"availability_start": np.full(people, start), "availability_rate": np.full(people, rate)}
    return simulate(MODEL, [Phase({"therapist": constant_care(0.8)}, sessions)], truth, seed), truth


def test_sessions_after_the_last_are_those_of_somebody_who_had_more():
    """A person's own events stay; each later one is the same session of a person who was still there."""
    data = shortened(simulated(12)[0], lengths := np.repeat([8, 14, 20], 4))
    who = np.tile(np.arange(12), 50)
    places = continued_events(MODEL, data, who, np.random.default_rng(1))
    row, own = np.arange(20)[:, None], np.arange(20)[:, None] < lengths[who]
    np.testing.assert_array_equal(places.is_own, own)
    np.testing.assert_array_equal(places.event, np.broadcast_to(row, own.shape))
    assert (lengths[places.person] > row).all()
    assert {*places.person[8, who == 0]} == set(range(4, 12))  # any of the eight others
    assert {*places.person[14, who == 0]} == set(range(8, 12))


def test_donors_are_of_the_same_arm_and_did_not_leave():
    """Care differs between arms, and people who left may have had other care than those who stayed."""
    data = shortened(simulated(12)[0], np.where(np.arange(12) == 0, 8, 20))
    frame = pd.DataFrame({"arm": np.where(np.arange(12) < 6, "a", "b")})
    data = join_covariates(data, frame, MODEL, {"availability_rate": "arm"})
    who = np.zeros(200, dtype=int)
    assert {*continued_events(MODEL, data, who, np.random.default_rng(1)).person[10]} == set(range(1, 6))


@pytest.mark.parametrize("figure", ["therapist", None])
def test_where_everyone_has_all_sessions_nothing_changes(figure):
    """Paths along continued events are those along people's own."""
    data, truth = simulated(6)
    places = continued_events(MODEL, data, np.arange(6), np.random.default_rng(1))
    own, continued = (belief_paths(MODEL, data, truth, figure, given) for given in (None, places))
    for name in ("event_array", "is_session", "met", "is_own"):
        np.testing.assert_array_equal(getattr(own, name), getattr(continued, name))
    np.testing.assert_array_equal(own.event_array[:, : 7 + 1], event_array(data)[:, : 7 + 1])


def test_leaving_with_low_trust_does_not_raise_the_share():
    """People leave when their belief is low: the share of those who stay is too high, the continued one is right.

    A thousand people under care of .8; had all stayed, the share is known. The tolerance is four standard errors.
    """
    people = 1000
    whole, truth = simulated(people)
    path = belief_paths(MODEL, whole, truth, "therapist").observed_path()
    known = judge(path, DEFAULT_CRITERION).earned.mean()
    leaves = (path.availability < 0.45) & (np.random.default_rng(2).random(path.availability.shape) < 0.4)
    lengths = np.where(leaves.any(axis=0), leaves.argmax(axis=0) + 1, 20)
    data = shortened(whole, lengths)
    answer = xr.where((session_index(data) == lengths - 1) & (lengths < 20), 1.0, 0.0)
    dropout = load_model("rescorla_wagner").responses["approach"]._replace(effect="leaves")
    model = MODEL._replace(responses=MODEL.responses | {"dropout": dropout})
    data["answer_dropout"] = (("event", "person"), np.where(data["present"], answer, np.nan))
    assert people_who_left(model, data).sum() == (lengths < 20).sum() > people / 20
    places = continued_events(model, data, np.arange(people), np.random.default_rng(3))
    continued = judge(belief_paths(model, data, truth, "therapist", places).observed_path(), DEFAULT_CRITERION)
    stayed = judge(belief_paths(model, data, truth, "therapist").observed_path(), DEFAULT_CRITERION)
    standard_error = np.sqrt(known * (1 - known) / people)
    assert continued.earned.mean() == pytest.approx(known, abs=4 * standard_error)
    among_those_who_stayed = stayed.earned[lengths == 20].mean()
    assert among_those_who_stayed > known + 4 * standard_error
