"""Trajectories against recursions by hand, closed forms, and a small study that can be counted."""

import numpy as np
import pytest
from runs import NASTY, PEOPLE, UNSURE
from scipy import stats

from iwm_bayes.estimands.security.by_arm import incidence_by_arm, person_arms
from iwm_bayes.estimands.trajectories import (
    align_by_session,
    answers_and_predictions,
    ellipse_outline,
    forecast_beliefs,
    group_trajectory,
    joint_beliefs,
    person_beliefs,
    person_trajectory,
    session_events,
)
from iwm_bayes.simulation.care import constant_care


@pytest.fixture(scope="module")
def draws(made):
    """Return beliefs, events and responses of the sessions with one figure."""
    _, known, _ = made
    return (
        person_beliefs(known.model, known.fit, NASTY),
        session_events(known.data, NASTY),
        answers_and_predictions(known.model, known.fit, NASTY),
    )


def test_beliefs_are_those_of_the_recursion(made, draws):
    """Rescorla-Wagner by hand: the initial belief, and after each session a step towards its outcome."""
    _, known, _ = made
    beliefs, events, _ = draws
    posterior = known.fit["unconstrained_posterior"]
    step = posterior.sizes["chain"] * posterior.sizes["draw"] // beliefs.sizes["sample"]
    theta = posterior["theta"].isel(draw=slice(None, None, step)).stack(sample=("chain", "draw"))
    natural = 1 / (1 + np.exp(-theta))
    initial, rate = (
        natural.sel(parameter=f"availability_{name}").transpose("sample", ...).values for name in ("start", "rate")
    )
    value = initial
    for session, outcome in enumerate(events["outcome"].values, start=1):
        value = np.where(np.isnan(outcome), value, value + rate * (np.nan_to_num(outcome) - value))
        np.testing.assert_allclose(beliefs.sel(belief="availability", session=session), value, rtol=1e-9)
    np.testing.assert_allclose(beliefs.sel(belief="availability", session=0), initial, rtol=1e-9)


def test_a_forecast_continues_from_the_last_session(made, draws):
    """Under care that is always responsive, every step is upwards, from the last belief on."""
    _, known, _ = made
    forecast = forecast_beliefs(known.model, known.fit, NASTY, constant_care(1.0), 4)
    last = draws[0].isel(session=-1, drop=True)
    assert (forecast.isel(session=0) >= last - 1e-12).all()
    assert (forecast.diff("session") >= -1e-12).all()
    assert (forecast.isel(session=-1) > last).mean() > 0.5


def test_values_are_aligned_by_session():
    is_session = np.array([[True, False], [False, True], [True, False]])
    aligned = align_by_session(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), is_session)
    np.testing.assert_array_equal(aligned, [[1.0, 4.0], [5.0, np.nan]])


def test_an_ellipse_contains_nine_tenths():
    """Every point of its outline is at the 90% quantile of chi-square with two degrees of freedom."""
    mean, covariance = np.array([0.4, 0.6]), np.array([[0.02, 0.012], [0.012, 0.01]])
    deviation = ellipse_outline(mean, covariance) - mean[:, None]
    distance = (deviation * (np.linalg.inv(covariance) @ deviation)).sum(axis=0)
    np.testing.assert_allclose(distance, stats.chi2(2).ppf(0.9), rtol=1e-9)


def test_covariance_is_that_of_draws(draws):
    person = draws[0].isel(person=0, drop=True)
    covariance = joint_beliefs(person)["covariance"].sel(session=3)
    np.testing.assert_allclose(covariance, np.cov(person.sel(session=3).values), rtol=1e-9)


def test_nine_tenths_of_responses_are_in_their_interval(draws):
    """For people with a very narrow posterior; the tolerance is four standard errors of a share of 0.9."""
    trajectories = [
        person_trajectory(*draws, index).sel(response="availability_rating") for index in range(UNSURE, PEOPLE)
    ]
    inside = [
        ((one["answer"] >= one["predicted_low"]) & (one["answer"] <= one["predicted_high"])).where(
            one["answer"].notnull()
        )
        for one in trajectories
    ]
    responses = np.concatenate([one.values[1:] for one in inside])
    assert responses.mean() == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / len(responses)))


def test_the_group_is_the_mean_of_people(draws):
    """Responses and outcomes are means, ruptures shares of people; of a person, the outcome of each rupture."""
    beliefs, events, responses = draws
    group, person = group_trajectory(*draws), person_trajectory(*draws, 2)
    np.testing.assert_allclose(group["answer"].sel(session=4), responses["answer"].sel(session=4).mean("person"))
    np.testing.assert_allclose(group["rupture"].sel(session=slice(1, None)), events["rupture"].mean("person"))
    assert set(person["rupture"].dropna("session").values) <= {0.0}
    assert person.sizes["session"] == 1 + int(events["people"].isel(person=2).sum())
    np.testing.assert_allclose(group["mean"].sel(session=0), beliefs.sel(session=0).mean(["sample", "person"]))


def test_arms_are_covariates_with_few_categories(made):
    _, known, analysis = made
    arms = person_arms(known.data)
    assert sorted(arms.unique()) == ["<b>therapy</b>", "waiting"]
    assert person_arms(known.data.drop_vars("covariate_arm").drop_attrs()).empty
    security = analysis.security[NASTY].security
    everyone = incidence_by_arm(security, arms)["probability"].sel(arm="everyone")
    np.testing.assert_allclose(everyone, security["probability"].transpose(*everyone.dims))
