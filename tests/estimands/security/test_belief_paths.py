"""Belief paths of new figures and new people."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.special import logit

from iwm_bayes.estimands.security.belief_paths import belief_paths, median_gap
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.simulation.care import constant_care, graded
from iwm_bayes.simulation.draws import new_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, parameters


@pytest.mark.parametrize("transfer", [0.0, 0.6, 1.0])
def test_a_new_figure_is_met_with_the_generalised_expectation(transfer):
    """The generalised expectation after the last session is the belief with which a new figure is met."""
    rule = lift_learner(RULES["rescorla_wagner"], transfer=True)
    model = ModelSpec("mine", rule, {"worth_rating": RESPONSES["worth_rating"]})
    given = {"availability_start": 0.2, "worth_start": 0.2, "availability_rate": 0.5, "worth_rate": 0.5}
    given |= {"transfer": transfer, "worth_rating_intercept": 0.0}
    people = {name: np.full(4, given.get(name, 1.0)) for name in parameters(model)}
    data = simulate(model, [Phase({"mother": constant_care(1.0)}, 5)], people, seed=1)
    paths = belief_paths(model, data, people, figure=None)
    observed, forecast = paths.observed_path(), paths.forecast(constant_care(1.0), 3, np.random.default_rng(2))
    np.testing.assert_allclose(forecast.availability_before[0], observed.availability[-1], rtol=1e-12)
    np.testing.assert_allclose(forecast.worth_before[0], observed.worth[-1], rtol=1e-12)


def test_graded_care_that_is_supposed_is_a_constant_outcome():
    """A delta rule then goes the same share of the way to the level at every session, forecast or counterfactual."""
    model = ModelSpec(
        "mine", lift_learner(RULES["rescorla_wagner"], worth=False), {"rating": RESPONSES["availability_rating"]}
    )
    given = {"availability_start": 0.2, "availability_rate": 0.5, "rating_intercept": 0.0}
    people = {name: np.full(3, given.get(name, 1.0)) for name in parameters(model)}
    data = simulate(model, [Phase({"mother": constant_care(1.0)}, 4)], people, seed=1)
    paths, generator = belief_paths(model, data, people, figure="mother"), np.random.default_rng(2)
    supposed, ahead = paths.counterfactual(graded(0.6), generator), paths.forecast(graded(0.6), 4, generator)
    for path, start in ((supposed, 0.2), (ahead, 1.0 - 0.8 * 0.5**4)):
        expected = 0.6 + (start - 0.6) * 0.5 ** np.arange(1, 5)
        np.testing.assert_allclose(path.availability, np.tile(expected[:, None], 3), rtol=1e-12)


def test_new_people_are_drawn_from_the_group():
    """People who are not in the fit are around the mean of each draw, or from the prior without pooling."""
    own = RULES["rescorla_wagner"].parameters
    parameters_ = own._replace(rate=own.rate._replace(pooling="none"))
    rule = lift_learner(RULES["rescorla_wagner"]._replace(parameters=parameters_), worth=False)
    model = ModelSpec("mine", rule, {"approach": RESPONSES["approach"]})
    pooled = ["availability_start", "approach_bias", "approach_sensitivity"]
    mu = np.array([[1.0, -0.5, 0.2], [-1.0, 0.5, 0.1]])
    sigma = np.array([[0.3, 0.6, np.nan], [0.5, 0.2, np.nan]])  # the last one is pooled completely
    posterior = xr.Dataset(
        {name: (("chain", "draw", "parameter"), x[None]) for name, x in (("mu", mu), ("sigma", sigma))},
        {"parameter": pooled},
    )
    people = 20_000
    drawn = new_people(
        model, posterior.stack(sample=("chain", "draw")), ["therapist"], people, np.random.default_rng(1)
    )
    start = logit(drawn["availability_start"]).reshape(2, people)
    np.testing.assert_allclose(start.mean(axis=1), mu[:, 0], atol=4 * sigma[:, 0].max() / np.sqrt(people))
    np.testing.assert_allclose(start.std(axis=1), sigma[:, 0], rtol=4 / np.sqrt(2 * people))
    np.testing.assert_allclose(drawn["approach_sensitivity"].reshape(2, people), np.exp(mu[:, 2:]) * np.ones(people))
    low, high = logit(np.array(own.rate.prior_90))
    width = np.hypot((high - low) / (2 * stats.norm.ppf(0.95)), own.rate.prior_between_sd)
    rate = logit(drawn["availability_rate"])
    assert rate.mean() == pytest.approx((low + high) / 2, abs=4 * width / np.sqrt(2 * people))
    assert rate.std() == pytest.approx(width, rel=4 / np.sqrt(4 * people))


def test_the_median_gap_is_between_sessions():
    """Weekly sessions with an assessment on the same day are seven days apart, also where there are only two."""
    time = np.array([0.0, 0.0, 7.0, 7.0])[:, None]  # an assessment before each of two sessions
    since = np.diff(time, axis=0, prepend=0.0)
    data = xr.Dataset({"since_any": (("event", "person"), since)})
    assert median_gap(data, np.array([[False], [True], [False], [True]])) == 7.0
    assert median_gap(data, np.array([[False], [True], [False], [False]])) == 1.0
