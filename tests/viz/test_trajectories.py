"""What figures show, held against recursions by hand, closed forms, and a tiny study that can be counted."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from runs import NASTY, PEOPLE, UNSURE
from scipy import stats

from iwm_bayes.estimands.by_arm import incidence_by_arm, person_arms, risk_differences
from iwm_bayes.estimands.tables import arm_lines, time_to_security_lines
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.viz.trajectories import (
    align_by_session,
    answers_and_predictions,
    ellipse_outline,
    forecast_beliefs,
    group_trajectory,
    joint_beliefs,
    person_beliefs,
    person_trajectory,
    ruptures_and_repairs,
    session_events,
)


@pytest.fixture(scope="module")
def course(made):
    _, found, _ = made
    return (
        person_beliefs(found.model, found.fit, NASTY),
        session_events(found.data, NASTY),
        answers_and_predictions(found.model, found.fit, NASTY),
    )


def test_beliefs_are_those_of_the_recursion(made, course):
    """Rescorla-Wagner by hand: the start, and after each session with the figure a step toward its outcome."""
    _, found, _ = made
    held, lived, _ = course
    every = found.fit["posterior"].sizes["chain"] * found.fit["posterior"].sizes["draw"] // held.sizes["sample"]
    drawn = found.fit["posterior"]["level"].isel(draw=slice(None, None, every)).stack(sample=("chain", "draw"))
    natural = 1 / (1 + np.exp(-drawn))
    start, rate = (
        natural.sel(personal=f"availability_{name}").transpose("sample", ...).values for name in ("start", "rate")
    )
    value = start
    for session, outcome in enumerate(lived["outcome"].values, start=1):
        value = np.where(np.isnan(outcome), value, value + rate * (np.nan_to_num(outcome) - value))
        np.testing.assert_allclose(held.sel(belief="availability", session=session), value, rtol=1e-9)
    np.testing.assert_allclose(held.sel(belief="availability", session=0), start, rtol=1e-9)


def test_a_forecast_goes_on_where_sessions_ended(made, course):
    """Under care that always responds, every step is up, from the last belief on."""
    _, found, _ = made
    ahead = forecast_beliefs(found.model, found.fit, NASTY, constant_care(1.0), 4)
    last = course[0].isel(session=-1, drop=True)
    assert (ahead.isel(session=0) >= last - 1e-12).all()
    assert (ahead.diff("session") >= -1e-12).all()
    assert (ahead.isel(session=-1) > last).mean() > 0.5


def test_ruptures_and_repairs():
    """A bad act after a good one of the same figure and the other way round; what was not seen is neither."""
    outcome = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])[:, None]
    seen = np.array([1, 1, 0, 1, 1, 1, 1, 1, 1], dtype=bool)[:, None]
    figure = np.array([0, 1, 0, 0, 1, 0, 1, 1, 0])[:, None]
    data = xr.Dataset(
        {
            name: (("event", "person"), x)
            for name, x in (("outcome", outcome), ("seen", seen), ("figure_index", figure))
        },
        {"figure": ["mother", "father"]},
    )
    rupture, repair = ruptures_and_repairs(data)
    assert np.flatnonzero(rupture).tolist() == [3, 6]
    assert np.flatnonzero(repair).tolist() == [4, 5]


def test_sessions_are_the_events_that_count():
    counts = np.array([[True, False], [False, True], [True, False]])
    found = align_by_session(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), counts)
    np.testing.assert_array_equal(found, [[1.0, 4.0], [5.0, np.nan]])


def test_an_ellipse_holds_nine_tenths():
    """Every point of it lies at the 90 % quantile of chi-square with two degrees of freedom."""
    mean, covariance = np.array([0.4, 0.6]), np.array([[0.02, 0.012], [0.012, 0.01]])
    away = ellipse_outline(mean, covariance) - mean[:, None]
    distance = (away * (np.linalg.inv(covariance) @ away)).sum(axis=0)
    np.testing.assert_allclose(distance, stats.chi2(2).ppf(0.9), rtol=1e-9)


def test_covariance_is_that_of_draws(course):
    one = course[0].isel(person=0, drop=True)
    found = joint_beliefs(one)["covariance"].sel(session=3)
    np.testing.assert_allclose(found, np.cov(one.sel(session=3).values), rtol=1e-9)


def test_nine_tenths_of_answers_lie_in_their_band(made, course):
    """Of people whom the posterior knows: four standard errors of a share of .9."""
    parts = [person_trajectory(*course, place).sel(response="availability_rating") for place in range(UNSURE, PEOPLE)]
    inside = [
        ((own["answer"] >= own["predicted_low"]) & (own["answer"] <= own["predicted_high"])).where(
            own["answer"].notnull()
        )
        for own in parts
    ]
    found = np.concatenate([own.values[1:] for own in inside])
    assert found.mean() == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / len(found)))


def test_the_group_is_the_mean_of_people(course):
    """Of answers and outcomes; of ruptures the share, and of a person the outcome where there was one."""
    held, lived, told = course
    group, one = group_trajectory(*course), person_trajectory(*course, 2)
    np.testing.assert_allclose(group["answer"].sel(session=4), told["answer"].sel(session=4).mean("person"))
    np.testing.assert_allclose(group["rupture"].sel(session=slice(1, None)), lived["rupture"].mean("person"))
    assert set(one["rupture"].dropna("session").values) <= {0.0}
    assert one.sizes["session"] == 1 + int(lived["people"].isel(person=2).sum())
    np.testing.assert_allclose(group["mean"].sel(session=0), held.sel(session=0).mean(["sample", "person"]))


def test_arms_are_counted_apart():
    """Five people, one draw: who is secure from the start counts nowhere, who is done or gone is at risk no more."""
    people = {
        "insecure": [True, True, True, True, False],
        "earned": [True, False, True, False, True],
        "sessions": [2, 3, 3, 4, 1],  # the second had two sessions, the fourth three
        "corrective": [1, 0, 2, 1, 0],
        "repairs": [0, 0, 0, 0, 0],
        "followed": [3, 2, 3, 3, 3],
    }
    security = xr.Dataset(
        {name: (("chain", "draw", "person"), [[values]]) for name, values in people.items()}
        | {"chance": (("chain", "draw"), [[0.1]])},
        {"session": [1, 2, 3]},
        {"figure": "therapist"},
    )
    found = incidence_by_arm(security, pd.Series(["a", "a", "b", "b", "b"]))
    assert found["arm"].values.tolist() == ["everyone", "a", "b"]
    assert found["at_risk"].values.tolist() == [[4, 4, 2], [2, 2, 0], [2, 2, 2]]
    np.testing.assert_allclose(found["probability"].values[:, 0, 0], [[0, 0.25, 0.625], [0, 0.5, 0.5], [0, 0, 0.5]])
    assert found["median_sessions"].values.ravel().tolist() == [3, 2, 3]
    assert found["median_corrective"].values.ravel().tolist() == [2, 1, 2]
    apart = risk_differences(found)
    assert (apart["arm"].item(), int(apart["session"]), apart.item()) == ("b", 2, -0.5)
    [everyone, *_] = time_to_security_lines(found)
    assert everyone == {
        "figure": "therapist",
        "arm": "everyone",
        "start insecure": "80%",
        "sessions": "3 [3, 3]",
        "corrective": "2 [2, 2]",
        "earned secure": "62% [62%, 62%]",
        "by chance": "10%",
    }
    [fewer, *_] = time_to_security_lines(
        incidence_by_arm(security.assign(earned=security["earned"] & False), pd.Series(dtype=str))
    )
    assert (fewer["sessions"], fewer["corrective"]) == ("> 3", "not reached")
    [line] = arm_lines(apart, "a", "therapist")
    assert (line["arms"], line["more earned secure"], line["P(above 0)"]) == ("b - a", "-50% [-50%, -50%]", 0.0)


def test_arms_are_words_of_which_there_are_few(made):
    _, found, analysis = made
    arms = person_arms(found.data)
    assert sorted(arms.unique()) == ["<b>therapy</b>", "waiting"]
    assert person_arms(found.data.drop_vars("covariate_arm").drop_attrs()).empty
    security = analysis.security[NASTY]
    everyone = incidence_by_arm(security, arms)["probability"].sel(arm="everyone")
    np.testing.assert_allclose(everyone, security["probability"].transpose(*everyone.dims))
