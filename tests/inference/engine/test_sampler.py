"""Nutpie samples a model by the addresses of its functions: where chains begin, and a posterior that is known."""

import sys
from pathlib import Path

import numba
import numpy as np
import pymc as pm
import pytest
from hierarchies import CASES, PEOPLE, flat, quadratic, quadratic_arrays, random_transform, study
from pymc_start import pymc_start

from iwm_bayes.filtering.engine.machine_code import cache_folder, digest_of_writer, load_module
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.engine import sampler
from iwm_bayes.inference.engine.compiled import c_function, digest_of_package
from iwm_bayes.inference.engine.density import NOT_FINITE
from iwm_bayes.inference.engine.sampler import (
    engine_model,
    fast_sampler,
    function_at,
    initial_point,
    n_coordinates,
    start_point,
)
from iwm_bayes.inference.nutpie_store import sample_to_store
from iwm_bayes.inference.nuts import sample_in_memory
from iwm_bayes.model.build import build
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.types import parameters, with_parameters

NO_ANSWERS = {"event_array": np.zeros((0, 0, PEOPLE)), "response_array": np.zeros((0, 0, PEOPLE))}
BRIEF = Settings(draws=1000, tune=400, chains=2)


@pytest.fixture
def everything(tmp_path):
    """A model with every part of a hierarchy, its data and the arrays of a random transform."""
    model, data = study(*CASES["all together"], tmp_path)
    return model, data, random_transform(model, data, np.random.default_rng(5))


@pytest.mark.parametrize("is_piloted", [False, True])
def test_chains_begin_where_those_of_the_graph_do(everything, is_piloted):
    """Without jitter at the start that the graph has, by default or from a pilot fit; with it, at most 1 away."""
    model, data, arrays = everything
    if is_piloted:
        graph, generator = build(model, data), np.random.default_rng(6)
        sizes = {name: graph[f"start_{name}"].get_value().shape for name in ("mu", "sigma", "beta", "sigma_u")}
        arrays |= {f"start_{name}": generator.uniform(0.1, 2.0, size) for name, size in sizes.items()}
    graph = build(model, data)
    with graph:
        pm.set_data(arrays)
    [start] = engine_model(model, data, arrays, None, NO_ANSWERS).starts
    middle = start_point(start, np.zeros(n_coordinates(start)))
    np.testing.assert_allclose(middle, flat(pymc_start(graph)), rtol=1e-9, atol=1e-9)
    points = np.array([initial_point([start], seed) for seed in range(200)])
    free = np.abs(points - middle)[:, len(start.mu) : len(start.mu) + len(start.sigma)]
    assert 0.95 < free.max() < 1.0
    assert free.mean() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("on_disk", [False, True], ids=["in memory", "on disk"])
def test_people_have_their_posterior(tmp_path, on_disk):
    """Where nothing is pooled and likelihoods are Gaussian, each value has a normal posterior of known mean and SD."""
    model, data = study("", {}, tmp_path)
    model = with_parameters(model, {name: p._replace(pooling="none") for name, p in parameters(model).items()})
    free, generator = free_parameters(model, figure_names(data)), np.random.default_rng(7)
    peaks, curvatures = generator.normal(size=(2, len(free), PEOPLE))
    arrays = quadratic_arrays(peaks, np.abs(curvatures))
    compiled = engine_model(model, data, random_transform(model, data, generator), quadratic, arrays)
    trace = sample_to_store(compiled, BRIEF, tmp_path) if on_disk else sample_in_memory(compiled, BRIEF)
    theta = trace["posterior"]["theta"].stack(sample=("chain", "draw"))
    assert list(theta["parameter_person"].values) == [one.label for one in free]
    prior_mean = np.array([[one.prior_mean] for one in free])
    prior_precision = np.array([[1.0 / (one.prior_sd**2 + one.parameter.prior_between_sd**2)] for one in free])
    precision = prior_precision + np.abs(curvatures)
    mean = (prior_precision * prior_mean + np.abs(curvatures) * peaks) / precision
    z = (theta.mean("sample").values - mean) * np.sqrt(precision)
    assert np.abs(z).max() < 0.2  # 2000 draws, of which at least 500 count
    np.testing.assert_allclose(theta.std("sample").values * np.sqrt(precision), 1.0, atol=0.15)


def test_other_people_need_no_compiling(everything, tmp_path):
    """The first five people alone have the stored values of five people."""
    model, data, arrays = everything
    few = data.isel(person=slice(5))
    own = {name: array[..., :5] if array.shape[-1:] == (PEOPLE,) else array for name, array in arrays.items()}
    none = {name: array[..., :5] for name, array in NO_ANSWERS.items()}
    trace = sample_in_memory(engine_model(model, few, own, None, none), BRIEF._replace(draws=20, tune=20))
    assert trace["posterior"]["theta"].sizes["person"] == 5
    assert list(trace["posterior"]["person"].values) == list(few["person"].values)


def test_a_nutpie_that_takes_models_in_another_way_is_noticed_before_sampling(everything, monkeypatch):
    """While the sampler is built, so that the plain engine can take its place."""
    model, data, _ = everything
    for name in ("PyMcModel", "ExpandFunc", "LogpFunc"):
        with monkeypatch.context() as patch:
            patch.setattr(sampler._lib, name, lambda model: model)
            with pytest.raises(TypeError):
                fast_sampler(model, data)


def test_machine_code_is_kept_on_the_disk(monkeypatch):
    """In the folder of the program; another process that loads the same file reads it."""
    module = sys.modules[c_function("density", "DENSITY", "log_density_at").__wrapped__.__module__]
    monkeypatch.setitem(sys.modules, module.__name__, module)  # and afterwards again
    again = load_module(module.__name__, Path(module.__file__))
    assert again.kernel.cache_hits == 1
    assert Path(again.kernel._cache.cache_path).is_relative_to(cache_folder())


def test_code_of_another_level_of_optimisation_is_compiled_anew(monkeypatch):
    """Slow code of a process with NUMBA_OPT=1 is not what others find."""
    before = digest_of_package()
    monkeypatch.setattr(numba.config, "OPT", 2)
    digest_of_writer.cache_clear()
    assert digest_of_package() != before
    monkeypatch.undo()
    digest_of_writer.cache_clear()
    assert digest_of_package() == before


def test_a_point_without_density_is_reported(everything):
    """An infinite SD gives nutpie's code for it, and a fit goes on; a density of NaN would end it."""
    compiled = engine_model(*everything, None, NO_ANSWERS)
    point, places = np.full(compiled.n_dim, 50.0), [np.empty(compiled.n_dim), np.empty(1), compiled.table.records]
    function = function_at(compiled.kernels.density.address, 1, 4)
    assert function(len(point), *(array.ctypes.data for array in (point, *places))) == NOT_FINITE
