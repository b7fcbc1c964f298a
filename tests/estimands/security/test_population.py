"""New people of the same population: who they are, and what is said of arms."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import logit

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.estimands.security.population import draw_new_people, draw_twins, earned_security_of_new_people
from iwm_bayes.model.priors import free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate

MODEL = load_model("rescorla_wagner", without=["worth_rating", "approach"])
PEOPLE = 30


@pytest.fixture(scope="module")
def study():
    """Return a study with two arms that differ in the learning rate."""
    truth = draw_people(MODEL, ["therapist"], PEOPLE, np.random.default_rng(1))
    data = simulate(MODEL, [Phase({"therapist": constant_care(0.8)}, 20)], truth, 1)
    frame = pd.DataFrame({"arm": np.where(np.arange(PEOPLE) % 2, "b", "a")})
    return join_covariates(data, frame, MODEL, {"availability_rate": "arm"})


def posterior_of(samples: int, correlation: float | None = None) -> xr.Dataset:
    """Return draws of the group parameters that are all the same, (sample)."""
    labels = [free.label for free in free_parameters(MODEL, ["therapist"])]
    mu = {"availability_start": logit(0.3), "availability_rate": logit(0.1)}
    variables = {
        "mu": (("sample", "parameter"), np.tile([mu.get(name, -2.0) for name in labels], (samples, 1))),
        "sigma": (("sample", "parameter"), np.full((samples, len(labels)), 0.5)),
        "beta": (("sample", "coefficient"), np.full((samples, 1), 1.2)),
    }
    coords = {"parameter": labels, "coefficient": ["availability_rate: arm[b]"]}
    if correlation is not None:
        matrix = np.eye(len(labels)) + correlation * (1 - np.eye(len(labels)))
        variables["correlation"] = (("sample", "parameter", "parameter_other"), np.tile(matrix, (samples, 1, 1)))
        coords["parameter_other"] = labels
    return xr.Dataset(variables, coords)


def test_twins_are_a_bayesian_bootstrap():
    """Each person is taken with the same chance, but in each draw some are taken much more often than others.

    Weights are Dirichlet(1, ..., 1): the share of a person has the variance (n - 1) / (n^2 (n + 1)). Systematic
    resampling adds less than one new person to it.
    """
    draws, count = 4000, 1000
    shares = np.array(
        [np.bincount(row, minlength=10) for row in draw_twins(10, draws, count, np.random.default_rng(1))]
    )
    shares = shares / count
    np.testing.assert_allclose(shares.mean(axis=0), 0.1, atol=4 * np.sqrt(9 / 1100 / draws))
    np.testing.assert_allclose(shares.var(axis=0), 9 / 1100, rtol=4 * np.sqrt(8 / draws))


def test_new_people_are_around_the_mean_of_their_twins_covariates(study):
    """Their learning rate has the median of the twin's arm, their initial belief that of everyone; SDs are sigma."""
    count, twins = 20_000, np.tile([[0], [1]], (1, 20_000))
    values = draw_new_people(MODEL, posterior_of(2), study, twins, np.random.default_rng(1))
    rate = logit(values["availability_rate"]).reshape(2, count)
    error = 4 * 0.5 / np.sqrt(count)
    assert rate[1].mean() - rate[0].mean() == pytest.approx(1.2, abs=np.sqrt(2) * error)
    assert rate[0].mean() == pytest.approx(logit(0.1), abs=error)
    assert logit(values["availability_start"]).mean() == pytest.approx(logit(0.3), abs=error)
    np.testing.assert_allclose(rate.std(axis=1), 0.5, rtol=4 / np.sqrt(2 * count))


def test_new_people_have_the_correlations_of_the_population(study):
    """Their parameters correlate as in the draws."""
    count = 20_000
    twins = np.zeros((1, count), dtype=int)
    values = draw_new_people(MODEL, posterior_of(1, 0.6), study, twins, np.random.default_rng(1))
    found = np.corrcoef(logit(values["availability_rate"]), logit(values["availability_start"]))[0, 1]
    assert found == pytest.approx(0.6, abs=4 * (1 - 0.6**2) / np.sqrt(count))


def test_a_group_of_people_is_judged_as_many_simulated_people(study):
    """In a population without differences the share of new people is that under the same care, within its errors."""
    posterior = posterior_of(200).assign(
        sigma=lambda draws: 1e-6 * draws["sigma"], beta=lambda draws: 0 * draws["beta"]
    )
    posterior = posterior.rename(sample="draw").expand_dims("chain")
    fit = xr.DataTree.from_dict({"unconstrained_posterior": posterior, "constant_data": study})
    found = earned_security_of_new_people(MODEL, fit, "therapist", draws=200, count=200)
    assert found["insecure"].all()
    assert found.sizes["draw"] == 200
    by_sequence = found["earned"].groupby(found["twin"]).mean().values
    assert set(np.unique(by_sequence)) <= {0.0, 1.0}  # the same people in the same sessions end alike
    known = by_sequence.mean()
    # a Dirichlet share of n sequences has the variance p (1 - p) / (n + 1) in each draw
    error = np.sqrt(known * (1 - known) / (PEOPLE + 1) / 200)
    assert float(found["earned"].mean()) == pytest.approx(known, abs=4 * error)
    assert float(found["earned"].mean("person").std()) == pytest.approx(error * np.sqrt(200), rel=0.25)
