"""Belief noise in the linear-Gaussian case, against the exact Kalman filter and smoother.

A delta rule on its own scale, ratings that are Gaussian around the belief, and no rating at an end of the scale. With
the parameters fixed, the log likelihood of the ratings has the innovations integrated out, and beliefs are smoothed.
"""

from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr
from helpers import random_data
from scipy import stats
from uncompiled import call, run_source

from iwm_bayes.filtering.arrays import event_array, response_array, with_innovations
from iwm_bayes.filtering.engine.equations import person_equations
from iwm_bayes.filtering.engine.kernel_source import gradient_source
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.inference.laplace.hierarchy import Group, linear_population
from iwm_bayes.inference.laplace.person_posteriors import (
    Problem,
    fit_person_gaussians,
    person_log_evidence,
    person_modes,
)
from iwm_bayes.model.person_step import person_step
from iwm_bayes.model.priors import LINKS
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.model.specification.prior_arguments import with_priors
from iwm_bayes.types import parameters, rule_values

VALUES = {"availability_start": 0.4, "availability_rate": 0.15, "availability_belief_noise": 0.06}
RATING_SD = 0.08
TOLERANCE = 1e-6
AFTER = [Readout("availability", "after")]


class Exact(NamedTuple):
    """One person: log likelihood of the ratings, and mean and variance of the belief after each event."""

    log_likelihood: float
    mean: np.ndarray
    variance: np.ndarray


def linear_gaussian():
    """Return the model; everybody has its parameters, and only innovations differ between people."""
    model = load_model("rescorla_wagner+belief_noise", without=["worth_rating", "approach"])
    complete = {name: {"pooling": "complete"} for name in (*VALUES, "availability_rating_noise")}
    return with_priors(model, complete)


def simulated_study(seed: int = 5) -> xr.Dataset:
    """Simulate people with unequal times, outcomes that are not observed, and ratings that are not given."""
    data, generator = random_data(1, 4, 14, seed=seed), np.random.default_rng(seed)
    beliefs = filtered(data, generator.normal(size=(1, *data["outcome"].shape)))
    ratings = beliefs + RATING_SD * generator.normal(size=beliefs.shape)
    given = data["present"].values & (generator.random(ratings.shape) < 0.8)
    assert ((ratings > 0) & (ratings < 1))[given].all()
    return data.assign(answer_availability_rating=(("event", "person"), np.where(given, ratings, np.nan)))


def filtered(data: xr.Dataset, innovations: np.ndarray) -> np.ndarray:
    """Return the belief after each event, (event, person), for innovations (1, event, person)."""
    model, people = linear_gaussian(), data.sizes["person"]
    values = {name: np.full(people, value) for name, value in VALUES.items()}
    events = with_innovations(event_array(data), innovations)
    [belief] = filter_readouts(model.rule, rule_values(model, values), events, 1, AFTER)
    return belief


def by_the_program(data: xr.Dataset) -> list[Exact]:
    """Integrate the innovations out as the method `laplace` does, and smooth with their posterior."""
    model = linear_gaussian()
    kernel = run_source(gradient_source(person_equations(person_step(model, ["figure 0"])), event_array(data).shape[1]))
    arrays = (event_array(data), response_array(model, data))

    def likelihood(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, gradient = np.empty(theta.shape[1]), np.empty_like(theta)
        call(kernel, data.sizes["event"], theta.shape[1], (*arrays, theta, value, gradient))
        return value, gradient

    problem, declared = Problem(linear_population(model, data), likelihood), parameters(model)
    values = VALUES | {"availability_rating_noise": np.sqrt(RATING_SD**2 - 0.02**2)}
    labels = problem.population.names["parameter"]
    complete = np.array([LINKS[declared[name].support][0](values[name]) for name in labels])
    group = Group(np.empty(0), np.empty(0), np.empty(0), complete)
    shape = (data.sizes["event"], data.sizes["person"])
    start = person_modes(problem, group, np.zeros(shape))
    people = fit_person_gaussians(problem, group, start, np.tile(np.eye(shape[0]), (shape[1], 1, 1)))
    mean = filtered(data, people.mean[None])
    unit = [filtered(data, np.broadcast_to(row[:, None], (1, *shape))) for row in np.eye(shape[0])]
    effect = np.stack(unit) - filtered(data, np.zeros((1, *shape)))  # (innovation, event, person): beliefs are linear
    variance = np.einsum("iep,pij,jep->ep", effect, people.covariance, effect)
    evidence = person_log_evidence(problem, group, people)
    return [Exact(evidence[person], mean[:, person], variance[:, person]) for person in range(shape[1])]


class Linear(NamedTuple):
    """One person as a state-space model: belief after t = kept[t] * (belief after t - 1) + pull[t] + noise[t] z[t]."""

    kept: np.ndarray
    pull: np.ndarray
    noise: np.ndarray
    rating: np.ndarray


def state_space(data: xr.Dataset, person: int) -> Linear:
    """Return the state-space model of a person, from the equations of delta rule and belief noise."""
    own = data.isel(person=person)
    rate = VALUES["availability_rate"] * own["observed"].values
    noise = VALUES["availability_belief_noise"] * np.sqrt(own["since_figure"].values)
    return Linear(
        1.0 - rate, rate * own["outcome"].values, (1.0 - rate) * noise, own["answer_availability_rating"].values
    )


def by_joint_normal(linear: Linear) -> Exact:
    """Condition the joint normal distribution of all beliefs and ratings."""
    size = len(linear.kept)
    mean, covariance, last = np.empty(size), np.zeros((size, size)), VALUES["availability_start"]
    for t in range(size):
        mean[t] = last = linear.kept[t] * last + linear.pull[t]
        if t:
            covariance[t, :t] = covariance[:t, t] = linear.kept[t] * covariance[t - 1, :t]
            covariance[t, t] = linear.kept[t] ** 2 * covariance[t - 1, t - 1]
        covariance[t, t] += linear.noise[t] ** 2
    given = np.isfinite(linear.rating)
    of_ratings = covariance[np.ix_(given, given)] + RATING_SD**2 * np.eye(given.sum())
    gain = np.linalg.solve(of_ratings, covariance[given]).T
    return Exact(
        stats.multivariate_normal(mean[given], of_ratings).logpdf(linear.rating[given]),
        mean + gain @ (linear.rating[given] - mean[given]),
        np.diag(covariance - gain @ covariance[given]),
    )


def by_kalman_smoother(linear: Linear) -> Exact:
    """Filter and smooth with statsmodels, an implementation by others."""
    smoother = pytest.importorskip(
        "statsmodels.tsa.statespace.kalman_smoother", reason="no statsmodels: `uv sync --group oracle`"
    )
    size, later = len(linear.kept), np.append(np.arange(1, len(linear.kept)), 0)  # from one event to the next
    own = smoother.KalmanSmoother(k_endog=1, k_states=1, k_posdef=1)
    own.bind(linear.rating[:, None].copy())
    own["design"], own["obs_cov"] = np.ones((1, 1)), np.array([[RATING_SD**2]])
    own["transition"] = linear.kept[later][None, None]
    own["state_intercept"] = linear.pull[later][None]
    own["selection"], own["state_cov"] = linear.noise[later][None, None], np.ones((1, 1))
    first = linear.kept[0] * VALUES["availability_start"] + linear.pull[0]
    own.initialize_known(np.array([first]), np.array([[linear.noise[0] ** 2]]))
    found = own.smooth()
    assert found.smoothed_state.shape == (1, size)
    return Exact(found.llf, found.smoothed_state[0], found.smoothed_state_cov[0, 0])


@pytest.fixture(scope="module")
def study():
    """A study, and what the program finds in it."""
    data = simulated_study()
    return data, by_the_program(data)


@pytest.mark.parametrize("exact", [by_joint_normal, by_kalman_smoother])
def test_likelihood_and_smoothed_beliefs_are_exact(study, exact):
    """Without innovations in it the likelihood is that of the Kalman filter, and beliefs are those of the smoother."""
    data, found = study
    for person, own in enumerate(found):
        expected, present = exact(state_space(data, person)), data["present"].values[:, person]
        assert own.log_likelihood == pytest.approx(expected.log_likelihood, abs=TOLERANCE)
        np.testing.assert_allclose(own.mean[present], expected.mean[present], rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(own.variance[present], expected.variance[present], rtol=0, atol=TOLERANCE)
        assert expected.variance[present].max() > 1e-4
