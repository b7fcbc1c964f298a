"""Everyone's Gaussian where a model fits so badly that its likelihood is steep beyond measure."""

import numpy as np
from scipy.stats import special_ortho_group

from iwm_bayes.inference.laplace.hierarchy import Group, is_within_reach, pack, unpack
from iwm_bayes.inference.laplace.person_posteriors import clip_precision


def test_a_precision_beyond_double_precision_can_be_inverted():
    """A direction is known 10^20 times as well as another one: the covariance still has a Cholesky factor."""
    vectors, sd = special_ortho_group.rvs(4, random_state=1), np.array([0.1, 1.0, 2.0, 0.01])
    relative = (vectors * [1e-2, 1.0, 1e3, 1e18]) @ vectors.T
    clipped = clip_precision(np.array([relative / (sd[:, None] * sd)]), sd)
    values = np.linalg.eigvalsh(clipped[0] * sd[:, None] * sd)
    np.testing.assert_allclose(values[[0, 3]], [0.2, 1e8], rtol=1e-6)  # never vaguer than the group, and never sharper
    assert np.isfinite(np.linalg.cholesky(np.linalg.inv(clipped))).all()


def test_a_group_whose_sds_are_no_numbers_is_out_of_reach():
    """A line search may try an SD of e^-400, whose square is 0, or of e^400."""
    one = Group(np.array([0.5]), np.array([0.3, 2.0]), np.array([]), np.array([-1.0]))
    assert is_within_reach(unpack(pack(one), one))
    for far in (-400.0, 400.0):
        assert not is_within_reach(unpack(pack(one) + np.array([0.0, far, 0.0, 0.0]), one))
