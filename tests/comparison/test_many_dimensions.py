"""The evidence of people whose theta is long, as that of a model with innovations, where it is known exactly."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from iwm_bayes.comparison.draws import PosteriorArrays, PseudoLikelihood
from iwm_bayes.comparison.leave_one_person_out import marginal_likelihood
from iwm_bayes.comparison.pointwise import ALL_KNOWN, PointwiseLikelihood

SIZE, ANSWERS, PEOPLE, DRAWS, NOISE = 100, 50, 6, 400, 0.3


@pytest.fixture(scope="module")
def walk():
    """Random walks of 50 steps with drift, of which a person is seen with noise: y = loadings theta + noise e."""
    generator = np.random.default_rng(1)
    steps = np.tril(np.ones((ANSWERS, ANSWERS))) * 0.1
    loadings = np.concatenate([steps, 0.05 * generator.normal(size=(ANSWERS, SIZE - ANSWERS))], axis=1)
    theta = generator.normal(size=(SIZE, PEOPLE))
    return loadings, loadings @ theta + NOISE * generator.normal(size=(ANSWERS, PEOPLE))


def likelihood_of(loadings, answers):
    """Return the compiled likelihood's stand-in: the log density of every answer, (event, column)."""

    def by_event(_, responses, theta):
        return -(((responses[0] - loadings @ theta) / NOISE) ** 2) / 2.0 - np.log(NOISE * np.sqrt(2.0 * np.pi))

    arrays = {ALL_KNOWN: {"event_array": np.zeros((ANSWERS, 1, PEOPLE)), "response_array": answers[None]}}
    answered = np.ones((ANSWERS, PEOPLE), dtype=bool)
    return PointwiseLikelihood(by_event, arrays, np.tile(np.arange(ANSWERS)[:, None], (1, PEOPLE)), answered)


def fit_of(loadings, answers, likelihood):
    """Return exact posterior draws of people from a standard normal population."""
    precision = loadings.T @ loadings / NOISE**2
    covariance = np.linalg.inv(precision + np.eye(SIZE))
    mean, root = covariance @ loadings.T @ answers / NOISE**2, np.linalg.cholesky(covariance)
    theta = mean + np.einsum("de,sen->sdn", root, np.random.default_rng(2).normal(size=(DRAWS, SIZE, PEOPLE)))
    own = PseudoLikelihood(np.tile(precision, (PEOPLE, 1, 1)), (loadings.T @ answers / NOISE**2).T)
    return PosteriorArrays(
        np.arange(SIZE),
        np.empty(0, dtype=int),
        np.empty((DRAWS, 0)),
        theta,
        np.zeros_like(theta),
        np.tile(np.eye(SIZE), (DRAWS, 1, 1)),
        own if likelihood else None,
    )


@pytest.mark.parametrize("has_likelihood", [True, False])
def test_evidence_in_a_hundred_dimensions_needs_the_curvature_of_the_likelihood(walk, has_likelihood):
    """By the covariance of 400 draws it is units too low; by the curvature it is exact within its Monte-Carlo error."""
    loadings, answers = walk
    fit, likelihood = fit_of(loadings, answers, has_likelihood), likelihood_of(loadings, answers)
    two = fit._replace(mean=fit.mean[:2], cholesky=fit.cholesky[:2], complete=fit.complete[:2])  # equal populations
    found = marginal_likelihood(two, fit, likelihood, np.arange(PEOPLE), np.random.default_rng(3))
    exact = multivariate_normal(cov=loadings @ loadings.T + NOISE**2 * np.eye(ANSWERS)).logpdf(answers.T)
    error = found.log_p[0] - exact
    if has_likelihood:
        assert (np.abs(error) < 4.0 * np.sqrt(found.variance_of_mean)).all()
        assert np.abs(error).max() < 0.5
    else:
        assert error.mean() < -1.0
