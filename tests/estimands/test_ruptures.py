"""Ruptures and repairs in a sequence of outcomes."""

import numpy as np

from iwm_bayes.estimands.ruptures import ruptures_and_repairs


def test_ruptures_and_repairs_by_hand():
    """Other figures in between do not matter; an outcome that was not observed is neither."""
    outcome = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])[:, None]
    observed = np.array([1, 1, 0, 1, 1, 1, 1, 1, 1], dtype=bool)[:, None]
    figure = np.array([0, 1, 0, 0, 1, 0, 1, 1, 0])[:, None]
    rupture, repair = ruptures_and_repairs(outcome, observed, figure)
    assert np.flatnonzero(rupture).tolist() == [3, 6]
    assert np.flatnonzero(repair).tolist() == [4, 5]
