"""Margins of SDs: those of normal people in closed form, and the prior where the likelihood is flat."""

import numpy as np
import pytest
from gaussian_people import exact_marginal, gaussian_study
from scipy import optimize, stats

from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.laplace.draws import draw_group
from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.sd_margins import GRID, log_margin

N, SCALE = 10, 0.5


def margin_of(log_density):
    """The cumulative distribution of log SD over the grid."""
    weight = np.exp(log_density - log_density.max())
    return np.cumsum(weight) / weight.sum()


@pytest.mark.parametrize("squares", [0.5, 2.0, 12.0])
def test_margin_of_normal_people_is_exact(squares):
    """Ten people with an error variance of .09 and this sum of squares: the margin follows from mode and curvature."""

    def log_posterior(log_sd):
        variance = np.exp(2 * log_sd) + 0.09
        likelihood = -N / 2 * np.log(variance) - squares / (2 * variance)
        return likelihood + log_sd - np.exp(2 * log_sd) / (2 * SCALE**2)

    mode = optimize.minimize_scalar(lambda x: -log_posterior(x), bounds=(-12, 3), method="bounded").x
    step = 1e-3
    curvature = (log_posterior(mode - step) - 2 * log_posterior(mode) + log_posterior(mode + step)) / step**2
    found = margin_of(log_margin(N, np.exp(mode), SCALE, -1 / curvature))
    np.testing.assert_allclose(found, margin_of(log_posterior(mode + GRID)), atol=1e-3)


def test_margin_without_data_is_the_half_normal_prior():
    """Its mode in the logarithm is the scale, where the curvature is 2."""
    found = margin_of(log_margin(N, SCALE, SCALE, 0.5))
    prior = stats.halfnorm.cdf(SCALE * np.exp(GRID), scale=SCALE)
    np.testing.assert_allclose(found, prior, atol=3e-3)  # cells of .004 in log SD


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tails_of_sds_are_closer_to_the_exact_ones(seed):
    """Eight therapists with five people each: what lies below the 5% quantile, by the exact posterior of both SDs."""
    population, observed, problem = gaussian_study(seed)
    mode = find_mode(problem)
    drawn = draw_group(population, mode.group, mode.covariance, Settings(4000, 4000, 1, seed))[0]
    log_sds = np.linspace(-6.0, 1.5, 61)
    exact = np.array([[exact_marginal(population, observed, np.array([a, b]))[0] for b in log_sds] for a in log_sds])
    weights = np.exp(exact - exact.max())
    for axis, place, sd in ((1, -3, mode.group.sigma[0]), (0, -2, mode.group.sigma_u[0])):
        cumulative = np.cumsum(weights.sum(axis=axis)) / weights.sum()
        quantiles = np.quantile(drawn[:, place], 0.05), np.log(sd) - 1.645 * np.sqrt(mode.covariance[place, place])
        here, gaussian = (np.interp(quantile, log_sds, cumulative) for quantile in quantiles)
        assert abs(here - 0.05) < abs(gaussian - 0.05)
