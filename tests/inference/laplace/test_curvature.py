"""When the curvature of a group's posterior makes a mode, the funnel of a group's SD and its levels included."""

from types import SimpleNamespace

import numpy as np

from iwm_bayes.inference.laplace.empirical_bayes import covariance_from_curvature, without_group_levels
from iwm_bayes.inference.laplace.hierarchy import Group

POPULATION = SimpleNamespace(prior_sd=np.ones(3), group_of_beta=np.array([-1, 0, 0]), complete_prior=np.zeros((2, 0)))
GROUP = Group(beta=np.array([0.0, 1.0, -1.0]), sigma=np.zeros(0), sigma_u=np.array([1.0]), complete=np.zeros(0))
FUNNEL = np.array(  # mean, two levels, log SD of the levels: the last is well determined once levels are integrated out
    [[4.0, 0.0, 0.0, 0.0], [0.0, 1.3, 0.0, 1.1], [0.0, 0.0, 1.3, -1.1], [0.0, 0.0, 0.0, 3.0]]
)
FUNNEL = np.triu(FUNNEL) + np.triu(FUNNEL, 1).T


def test_the_curvature_without_levels_is_that_of_the_marginal():
    """It is the inverse of the block of the covariance that is left, as for every Gaussian."""
    is_level = np.array([False, True, True, False])
    covariance = np.linalg.inv(FUNNEL)[np.ix_(~is_level, ~is_level)]
    np.testing.assert_allclose(without_group_levels(FUNNEL, is_level), np.linalg.inv(covariance), rtol=1e-12)


def test_a_funnel_between_a_group_and_its_levels_is_a_mode():
    """Jointly, one direction is flatter than half the prior; that of the marginal is steeper than the prior."""
    assert np.linalg.eigvalsh(FUNNEL).min() < 0.5
    covariance, is_definite = covariance_from_curvature(FUNNEL, POPULATION, GROUP)
    assert is_definite
    np.testing.assert_allclose(covariance, np.linalg.inv(FUNNEL), rtol=1e-10)


def test_a_flat_direction_of_the_marginal_is_no_mode():
    """The SD of the levels is then not determined, and its curvature is held at half that of its prior."""
    flat = FUNNEL.copy()
    flat[3, 3] = 2.0  # 2.0 - 2 * 1.1^2 / 1.3 is 0.14
    covariance, is_definite = covariance_from_curvature(flat, POPULATION, GROUP)
    assert not is_definite
    assert np.linalg.eigvalsh(np.linalg.inv(covariance)).min() >= 0.5 - 1e-12
