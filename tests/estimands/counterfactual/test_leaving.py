"""The shift of beliefs of people who left: a calculation by hand, for the share and for a difference."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import logit

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.estimands.counterfactual.leaving import (
    DELTAS,
    MOVED,
    SESSIONS,
    SHARE,
    answer_lines,
    leaving_sensitivity,
    moved_path,
)
from iwm_bayes.estimands.counterfactual.turning import difference_margin, turning_points
from iwm_bayes.estimands.security.belief_paths import belief_paths
from iwm_bayes.estimands.security.follow_up import continued_events
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, ModelSpec

RESPONSES_OF_MODEL = {"availability_rating": RESPONSES["availability_rating"], "dropout": RESPONSES["dropout"]}
MODEL = ModelSpec("one", lift_learner(RULES["rescorla_wagner"], worth=False), RESPONSES_OF_MODEL)
KNOWN = {
    "availability_start": 0.3,
    "availability_rate": 0.15,
    "availability_rating_noise": 0.1,
    "availability_rating_intercept": 0.0,
    "availability_rating_slope": 1.0,
    "dropout_risk": 1e-9,
    "dropout_odds_ratio": 1.0,
    "dropout_average": 0.5,
    "dropout_sd": 0.2,
}
LEFT_AFTER, N_SESSIONS, PEOPLE = 2, 20, 24
FREE = [*free_parameters(MODEL, ["therapist"])]
SLOW = -6.0  # on log-odds: of a learning rate with which nobody becomes secure


def study(leavers):
    """Everybody has only responsive sessions; some leave after the second."""
    values = {name: np.full(PEOPLE, value) for name, value in KNOWN.items()}
    data = simulate(MODEL, [Phase({"therapist": constant_care(1.0)}, N_SESSIONS)], values, seed=1)
    event, leaves = np.arange(N_SESSIONS)[:, None], np.isin(np.arange(PEOPLE), leavers)
    present = ~leaves | (event < LEFT_AFTER)
    answer = np.where(present, 1.0 * (leaves & (event == LEFT_AFTER - 1)), np.nan)
    kept = {
        name: data[name].where(present, 0).astype(data[name].dtype) for name in ("outcome", "observed", "since_any")
    }
    kept |= {name: data[name].where(present) for name in ("session", "time")}
    kept |= {"present": (("event", "person"), present), "answer_dropout": (("event", "person"), answer)}
    return data.assign(kept)


def fit_of(data, slow, beta=()):
    """A fit whose 4 draws are all the known values, with some people who learn slowly; SDs between people are 0."""
    links = {"unit": logit, "positive": np.log, "real": float}
    mu = np.array([links[one.parameter.support](KNOWN[one.name]) for one in FREE])
    theta = np.tile(mu[:, None], PEOPLE)
    theta[[one.label for one in FREE].index("availability_rate"), slow] += SLOW
    dims = ("chain", "draw")
    variables = {
        "mu": ((*dims, "parameter"), np.tile(mu, (1, 4, 1))),
        "theta": ((*dims, "parameter", "person"), np.tile(theta, (1, 4, 1, 1))),
        "sigma": ((*dims, "parameter"), np.full((1, 4, len(mu)), 1e-9)),
    }
    coords = {"parameter": [one.label for one in FREE]}
    if len(beta):
        variables["beta"] = ((*dims, "coefficient"), np.tile(beta, (1, 4, 1)))
        coords["coefficient"] = data["coefficient"].values
    return xr.DataTree.from_dict({"constant_data": data, "unconstrained_posterior": xr.Dataset(variables, coords)})


def session_by_hand(delta):
    """The session from which on a person who left is secure and resilient; 15 is the last at which a hold can begin.

    After n responsive sessions the belief is 1 - .7 * .85^n, and .85 of it after one unresponsive session more.
    """
    for n in range(1, N_SESSIONS - 4):
        belief = 1 - 0.7 * 0.85**n
        shift = delta if n > LEFT_AFTER else 0.0
        if belief + shift >= 0.6 and 0.85 * belief + shift >= 0.5:
            return n
    return np.inf


def test_the_grid_is_that_of_a_calculation_by_hand():
    """14 of 24 people leave at a belief of .49; the other 10 learn too slowly to become secure.

    By hand: those who left are secure from session 4 without a shift, with -.1 from session 6, with -.25 from session
    11, and with -.3 from session 16, too late. The share falls from 14/24 to 0 between -.25 and -.3.
    """
    found = leaving_sensitivity(MODEL, fit_of(study(range(14)), slice(14, None)), "therapist", draws=4)
    by_hand = {-0.3: np.inf, -0.25: 11, -0.1: 6, 0.0: 4, 0.1: 3, 0.3: 3}
    for delta, session in by_hand.items():
        assert session_by_hand(delta) == session
    assert found[SHARE].attrs["by_session"] == 15
    np.testing.assert_allclose(found[SHARE].mean(("chain", "draw")), np.where(DELTAS < -0.29, 0.0, 14 / 24))
    np.testing.assert_array_equal(found[SESSIONS].isel(chain=0, draw=0), [session_by_hand(delta) for delta in DELTAS])
    zero = next(line for line in answer_lines(SHARE, found[SHARE], "therapist") if line["delta"] == 0)
    assert zero["estimate"] == pytest.approx(14 / 24)
    assert zero["conclusion"] == "at least half"
    assert zero["turns_below"] == pytest.approx(-0.25 - 0.05 * (14 / 24 - 0.5) / (14 / 24))
    assert np.isnan(zero["turns_above"])


def test_a_difference_of_arms_moves_with_those_who_left():
    """In arm a all who learn leave, in arm b nobody: with -.3 nobody of arm a is secure, and arm b is as it was.

    New people have the sessions, and the pace, of a person of the study.
    """
    arm, pace = np.where(np.arange(PEOPLE) < 12, "a", "b"), np.where(np.arange(PEOPLE) % 2, "slow", "usual")
    data = study(np.arange(0, 12, 2))
    data = join_covariates(data, pd.DataFrame({"arm": arm, "pace": pace}), MODEL, {"availability_rate": "arm + pace"})
    assert [str(name) for name in data["coefficient"].values] == [
        f"availability_rate: {x}" for x in ("arm[b]", "pace[usual]")
    ]
    fit = fit_of(data, pace == "slow", beta=[0.0, -SLOW])
    fit["unconstrained_posterior"]["mu"].loc[{"parameter": "availability_rate"}] += SLOW
    found = leaving_sensitivity(MODEL, fit, "therapist", draws=8)
    answer = found["b - a"]
    assert answer.attrs == {"about": "new people", "by_session": 15}
    np.testing.assert_array_equal(answer.sel(delta=-0.25), answer.sel(delta=0.0))
    gained = (answer.sel(delta=-0.3) - answer.sel(delta=0.0)).values.ravel()  # the share of arm a
    assert gained.mean() == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 13 / 4))
    assert (answer.sel(delta=-0.3) > 0).all()
    zero = next(line for line in answer_lines("b - a", answer, "therapist") if line["delta"] == 0)
    assert zero["conclusion"] == "no difference shown"
    assert -0.3 < zero["turns_below"] < -0.25


OF_WORTH = {name for name in MOVED if name.startswith("worth")}


@pytest.mark.parametrize("delta", [-0.6, 0.6])
def test_only_missed_sessions_of_people_who_left_move(delta):
    """Own sessions, people who stayed and outcomes are as they were; beliefs stay in 0..1.

    A model without self-worth has an infinite one, which stays.
    """
    data = study(range(12))
    values = {name: np.full(PEOPLE, value) for name, value in KNOWN.items()}
    places = continued_events(MODEL, data, np.arange(PEOPLE), np.random.default_rng(1))
    path = belief_paths(MODEL, data, values, "therapist", places).observed_path()
    left = np.arange(PEOPLE) < 12
    moved, at_an_end = moved_path(path, left, delta), False
    for name in path._fields:
        one, other = getattr(path, name), getattr(moved, name)
        if name not in MOVED:
            assert one is other
            continue
        np.testing.assert_array_equal(one[:LEFT_AFTER], other[:LEFT_AFTER])
        np.testing.assert_array_equal(one[:, 12:], other[:, 12:])
        if name in OF_WORTH:
            assert np.isposinf(one).all()
            assert np.isposinf(other).all()
            continue
        expected = np.minimum(np.maximum(one[LEFT_AFTER:, :12] + delta, 0.0), 1.0)
        at_an_end |= bool(((expected == 0.0) | (expected == 1.0)).any())
        np.testing.assert_allclose(other[LEFT_AFTER:, :12], expected)
    assert at_an_end


@pytest.mark.parametrize("deltas", [[-0.1, 0.1], [-0.05 * 6 + 0.3, 0.1], [0.1, 0.0], [0.0, 0.0, 0.1]])
def test_shifts_without_0_or_that_do_not_rise_are_refused(deltas):
    with pytest.raises(InputError, match="deltas must rise and have 0 among them"):
        leaving_sensitivity(MODEL, fit_of(study(range(14)), slice(14, None)), "therapist", deltas=deltas, draws=4)


def test_turning_points_are_nearest_to_no_shift_on_both_sides():
    """A straight line between grid points; no turn to the end of the grid is NaN."""
    shifts = np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
    below, above = turning_points(shifts, np.array([-0.3, -0.1, 0.1, 0.2, -0.2]))
    assert below == pytest.approx(-0.05)
    assert above == pytest.approx(0.15)
    assert np.isnan(turning_points(shifts, np.full(5, 0.1))).all()
    assert difference_margin(np.linspace(0.1, 0.3, 101)) == pytest.approx(0.11)
    assert difference_margin(np.linspace(-0.1, 0.3, 101)) < 0
    assert difference_margin(np.linspace(-0.3, -0.1, 101)) == pytest.approx(0.11)
