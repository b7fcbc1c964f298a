"""The sampler's C functions say what PyMC says, also after the data were swapped, and report failure by code."""

import ctypes

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest

from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.nutpie_numba import compile_graph
from iwm_bayes.inference.nutpie_store import sample_to_store
from iwm_bayes.inference.nuts import sample_in_memory

BRIEF = Settings(200, 300, 2)
FIRST, SECOND = (
    np.array([[0.5, -1.0, 2.0], [1.5, 0.0, 0.3]]),
    np.array([[0.1, 0.2, 0.3], [2.0, -4.0, 0.7], [1.0, 1.0, 9.0]]),
)


def regression(seen):
    """Two coefficients of three columns' differences; a matrix, a number and a vector can be swapped."""
    with pm.Model(check_bounds=False) as graph:
        matrix = pm.Data("matrix", seen)
        power = pm.Data("power", 1.0)
        slope = pm.Normal("slope", shape=2)
        spread = pm.HalfNormal("spread")
        mean = slope[0] * matrix[:, 0] + slope[1] ** power * matrix[:, 1]
        pm.Normal("answer", pt.log(matrix[:, 2]) + mean, spread, observed=matrix[:, 2])
    return graph


@pytest.fixture(scope="module")
def compiled():
    """The regression, compiled once for the sampler."""
    return compile_graph(regression(FIRST), ["spread"])


def density(sampler, point):
    """(code, log density, gradient) as nutpie calls for them."""
    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)(
        sampler.compiled_logp_func.address
    )
    slope, value = np.zeros(len(point)), np.zeros(1)
    arrays = (point, slope, value, sampler.user_data)
    return function(len(point), *(array.ctypes.data for array in arrays)), value[0], slope


@pytest.mark.parametrize("seen", [FIRST, SECOND])
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_density_and_gradient_are_those_of_pymc(compiled, seen, power):
    """At a random point, for the data it was compiled with and for data of another length."""
    point = np.random.default_rng(1).normal(size=3)
    graph = regression(seen)
    with graph:
        pm.set_data({"power": power})
    named = {"slope": point[:2], "spread_log__": point[2]}
    code, value, slope = density(compiled.with_data(matrix=seen, power=power), point)
    assert code == 0
    np.testing.assert_allclose(value, graph.compile_logp(mode="FAST_COMPILE")(named), rtol=1e-10)
    np.testing.assert_allclose(slope, graph.compile_dlogp(mode="FAST_COMPILE")(named), rtol=1e-8)


def test_a_density_that_is_not_finite_is_reported(compiled):
    """The logarithm of a negative number has no place in a density: code 3, as nutpie defines it."""
    code, _, _ = density(compiled.with_data(matrix=-FIRST), np.zeros(3))
    assert code == 3


def test_what_is_stored_is_the_point_and_the_variables_asked_for(compiled):
    """The free variables as they stand, then the spread on its own scale."""
    point = np.array([0.2, -0.3, 0.7])
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_uint64] * 2, *[ctypes.c_void_p] * 3)(
        compiled.compiled_expand_func.address
    )
    stored = np.zeros(4)
    arrays = (point, stored, compiled.user_data)
    assert function(3, 4, *(array.ctypes.data for array in arrays)) == 0
    np.testing.assert_allclose(stored, [*point, np.exp(0.7)])


@pytest.mark.parametrize("kept", [False, True], ids=["in memory", "on disk"])
def test_steps_are_as_small_as_was_asked_for(compiled, tmp_path, kept):
    """The share of steps that is accepted, on average, is nearer to what was asked for than to the other."""

    def share(accept):
        settings = BRIEF._replace(target_accept=accept)
        trace = (
            sample_to_store(compiled, settings, tmp_path / str(accept))
            if kept
            else sample_in_memory(compiled, settings)
        )
        return float(trace["sample_stats"]["mean_tree_accept"].mean())

    assert share(0.6) < 0.8 < share(0.98)
