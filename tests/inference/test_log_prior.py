"""The log prior at each draw is the density that PyMC gives the same variable, on the scale on which it is reported."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from helpers import evaluate, in_own_terms
from scipy import integrate, stats

from iwm_bayes.data.formulas.design import join_covariates
from iwm_bayes.inference.log_prior import lkj_log_density, log_prior
from iwm_bayes.inference.posterior import to_reported
from iwm_bayes.model.build import build
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate

PEOPLE = 6
TOP = ("mu", "sigma", "beta", "sigma_u", "correlation")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Correlated, with all three ways to pool, and a parameter that differs by figure."""
    path = tmp_path_factory.mktemp("model") / "own.toml"
    path.write_text(
        'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\ncorrelated = true\n'
        'responses = ["availability_rating", "worth_rating", "approach"]\n[parameters]\n'
        'approach_bias = { by = "figure" }\navailability_rating_noise = { pooling = "none" }\n'
    )
    return load_model(path)


@pytest.fixture(scope="module")
def data(model):
    """Two figures, an arm, and therapists."""
    phases = [Phase({"mother": constant_care(0.6), "therapist": constant_care(0.8)}, 3, assessed=True)]
    frame = pd.DataFrame({"arm": ["a", "b"] * 3, "ward": ["x", "x", "y", "y", "z", "z"]})
    formulas = {"availability_start": "arm + (1|ward)", "worth_rating_noise": "arm"}
    return join_covariates(simulate(model, phases, PEOPLE, 1), frame, model, formulas)


def draws_and_densities(model, data, seed):
    """A random point as a posterior of one draw, as it is reported, and PyMC's densities there by variable."""
    graph, generator = build(model, data), np.random.default_rng(seed)
    lengths = {dim: len(names) for dim, names in graph.coords.items() if names is not None}
    correlations = lengths["parameter_partial"] * (lengths["parameter_partial"] - 1) // 2
    point = {}
    for variable in graph.free_RVs:
        shape = tuple(lengths[dim] for dim in graph.named_vars_to_dims[variable.name])
        shape = (correlations,) if variable.name == "correlation" else shape  # the sampler's transform is flat
        point[graph.rvs_to_values[variable].name] = generator.normal(0.2, 0.5, shape)
    values, inputs = in_own_terms(graph, point)
    names = [name for name in TOP if name in values]
    terms = graph.logp(vars=[graph[name] for name in names], sum=False, jacobian=False)
    densities = dict(zip(names, evaluate(inputs, terms)(*point.values()), strict=True))
    variables = {
        name: (("chain", "draw", *graph.named_vars_to_dims[name]), x[None, None]) for name, x in values.items()
    }
    coords = {dim: list(graph.coords[dim]) for name in values for dim in graph.named_vars_to_dims[name]}
    transform = xr.Dataset(
        {"group_centredness": ("group", [0.0]), "group_unit": ("group", [1.0])}, {"group": list(graph.coords["group"])}
    )
    return to_reported(xr.Dataset(variables, coords), model, data, transform), densities, values


def test_every_variable_has_the_density_of_the_graph(model, data):
    """Element by element; of correlations it is one number, that of the matrix and not of its Cholesky factor."""
    posterior, densities, values = draws_and_densities(model, data, 1)
    found = log_prior(model, data, posterior)
    assert set(found.data_vars) == set(TOP)
    for name in ("mu", "sigma", "beta", "sigma_u"):
        np.testing.assert_allclose(found[name][0, 0], densities[name], rtol=1e-12)
    factor = values["correlation"]
    jacobian = (np.arange(len(factor) - 1, -1, -1) * np.log(np.diagonal(factor))).sum()
    assert found["correlation"].dims == ("chain", "draw")
    assert float(found["correlation"][0, 0]) == pytest.approx(float(densities["correlation"]) - jacobian, rel=1e-10)


def test_parameters_to_which_a_variable_does_not_apply_are_dropped(model, data):
    """The posterior has one dim for all variables, NaN where none applies; the log prior has no NaN."""
    posterior, _, _ = draws_and_densities(model, data, 2)
    found = log_prior(model, data, posterior)
    assert posterior["sigma"].isnull().any()
    assert not any(found[name].isnull().any() for name in TOP)
    assert "availability_rating_noise" not in found["parameter"].values
    assert {"approach_bias[mother]", "approach_bias[therapist]"} <= set(found["parameter_partial"].values)
    assert "approach_sensitivity" in found["parameter"].values
    assert "approach_sensitivity" not in found["parameter_partial"].values


def test_densities_of_correlations_are_whole():
    """Of two variables by a beta distribution; of three, the density integrates to 1 over all matrices."""
    r = np.array([-0.9, -0.2, 0.0, 0.5])
    matrices = np.array([[[1.0, one], [one, 1.0]] for one in r])
    np.testing.assert_allclose(lkj_log_density(matrices, 2.0), stats.beta(2, 2, -1, 2).logpdf(r), rtol=1e-12)

    def density(c, b, a):
        return np.exp(lkj_log_density(np.array([[1.0, a, b], [a, 1.0, c], [b, c, 1.0]]), 2.0))

    def lower(a, b):
        return a * b - np.sqrt((1 - a * a) * (1 - b * b))

    def upper(a, b):
        return a * b + np.sqrt((1 - a * a) * (1 - b * b))

    whole, _ = integrate.tplquad(density, -1, 1, -1, 1, lower, upper, epsabs=1e-4, epsrel=1e-4)
    assert whole == pytest.approx(1.0, abs=1e-3)
