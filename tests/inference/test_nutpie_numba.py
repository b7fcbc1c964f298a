"""The sampler's C functions agree with PyMC, also after data are swapped, and report failure by a code."""

import ctypes

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import density

from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.nutpie_numba import compile_graph
from iwm_bayes.inference.nutpie_store import chain_folder, sample_to_store
from iwm_bayes.inference.nuts import sample_in_memory

BRIEF = Settings(200, 300, 2)
FIRST = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, 0.3]])
SECOND = np.array([[0.1, 0.2, 0.3], [2.0, -4.0, 0.7], [1.0, 1.0, 9.0]])


def regression(matrix):
    """Build a regression with two coefficients, in which a matrix, a number and a vector can be swapped."""
    with pm.Model(check_bounds=False) as graph:
        columns = pm.Data("matrix", matrix)
        power = pm.Data("power", 1.0)
        slope = pm.Normal("slope", shape=2)
        sigma = pm.HalfNormal("sigma")
        mean = slope[0] * columns[:, 0] + slope[1] ** power * columns[:, 1]
        pm.Normal("answer", pt.log(columns[:, 2]) + mean, sigma, observed=columns[:, 2])
    return graph


@pytest.fixture(scope="module")
def compiled():
    """The regression, compiled once for the sampler."""
    return compile_graph(regression(FIRST), ["sigma"])


@pytest.mark.parametrize("matrix", [FIRST, SECOND])
@pytest.mark.parametrize("power", [1.0, 2.0])
def test_density_and_gradient_are_those_of_pymc(compiled, matrix, power):
    """At a random point, for the data it was compiled with and for data of another length."""
    point = np.random.default_rng(1).normal(size=3)
    graph = regression(matrix)
    with graph:
        pm.set_data({"power": power})
    by_name = {"slope": point[:2], "sigma_log__": point[2]}
    code, value, gradient = density(compiled.with_data(matrix=matrix, power=power), point)
    assert code == 0
    np.testing.assert_allclose(value, graph.compile_logp(mode="FAST_COMPILE")(by_name), rtol=1e-10)
    np.testing.assert_allclose(gradient, graph.compile_dlogp(mode="FAST_COMPILE")(by_name), rtol=1e-8)


def test_density_that_is_not_finite_is_reported(compiled):
    """The logarithm of a negative number gives code 3, as nutpie defines it."""
    code, _, _ = density(compiled.with_data(matrix=-FIRST), np.zeros(3))
    assert code == 3


def test_stored_values_are_the_point_and_the_variables_to_keep(compiled):
    """The free variables as the sampler has them, then sigma on its own scale."""
    point = np.array([0.2, -0.3, 0.7])
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_uint64] * 2, *[ctypes.c_void_p] * 3)(
        compiled.compiled_expand_func.address
    )
    values = np.zeros(4)
    arrays = (point, values, compiled.user_data)
    assert function(3, 4, *(array.ctypes.data for array in arrays)) == 0
    np.testing.assert_allclose(values, [*point, np.exp(0.7)])


@pytest.mark.parametrize("on_disk", [False, True], ids=["in memory", "on disk"])
def test_target_accept_is_nearly_reached(compiled, tmp_path, on_disk):
    """The average acceptance rate is nearer to the target than to the other target."""

    def rate(target):
        settings, folder = BRIEF._replace(target_accept=target), tmp_path / str(target)
        trace = sample_to_store(compiled, settings, folder) if on_disk else sample_in_memory(compiled, settings)
        return float(trace["sample_stats"]["mean_tree_accept"].mean())

    assert rate(0.6) < 0.8 < rate(0.98)


def test_every_chain_has_a_folder_and_all_chains_one_progress_bar(compiled, tmp_path, capsys):
    """Chains are stored in `chains/0`, `chains/1`; the bar goes to stderr where it is asked for."""
    sample_to_store(compiled, BRIEF._replace(draws=50, progressbar=True), tmp_path)
    assert sorted(path.name for path in (tmp_path / "chains").iterdir()) == ["0", "1"]
    assert chain_folder(tmp_path, 1) == tmp_path / "chains" / "1"
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("Sampling 2 chains x 350 draws") == 1
    assert "700/700" in output.err
