"""Frequencies of models are uniform over all that sum to 1."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import evaluate
from scipy import special, stats

from iwm_bayes.comparison.mixture.graph import declare_model_frequencies


@pytest.mark.parametrize("count", [1, 2, 5])
def test_frequencies_are_uniform(count):
    """Their density, by the Jacobian of the map, is that of a Dirichlet of ones, from the corners to the middle."""
    with pm.Model() as model:
        frequency = pt.exp(declare_model_frequencies(count))
    if count == 1:
        assert model.free_RVs == []
        assert frequency.eval() == 1.0
        return
    [found] = model.replace_rvs_by_values([frequency])
    [quantile] = model.value_vars
    function = evaluate([quantile], [found, pt.jacobian(found[:-1], quantile)])
    for point in np.random.default_rng(1).normal(0.0, 2.0, (20, count - 1)):
        frequencies, slopes = function(point)
        assert frequencies.sum() == pytest.approx(1.0, abs=1e-12)
        density = stats.norm.logpdf(point).sum() - np.linalg.slogdet(slopes)[1]
        assert density == pytest.approx(special.gammaln(count), abs=1e-6)
