"""The sampler's C function has the log density and the gradient of the graph, and values as the graph has them.

The graph is PyMC's, of the same model and data, without its likelihood. A likelihood that is quadratic in everyone's
values takes the place of the person kernel; then the gradient is held against finite differences.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import evaluate, in_own_terms
from hierarchies import CASES, PEOPLE, flat, quadratic, quadratic_arrays, random_transform, study
from pymc.pytensorf import rewrite_pregrad
from pymc_start import pymc_start

from iwm_bayes.inference.engine.sampler import engine_model
from iwm_bayes.model.build import build
from iwm_bayes.model.inputs import model_data
from iwm_bayes.model.person_step import person_kernel
from iwm_bayes.model.priors import figure_names, free_parameters


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """Model, data, arrays of the transform, the graph, and a random point of it by value variable."""
    model, data = study(*CASES[request.param], tmp_path_factory.mktemp("model"))
    generator = np.random.default_rng(2)
    arrays = random_transform(model, data, generator)
    graph = build(model, data)
    with graph:
        pm.set_data(arrays)
    names = [graph.rvs_to_values[variable].name for variable in graph.free_RVs]
    starts = zip(names, pymc_start(graph), strict=True)
    point = {name: generator.normal(0.0, 0.7, values.shape) for name, values in starts}
    return model, data, arrays, graph, point


def without_answers(model, data, arrays):
    """Return a model whose likelihood is 1, for the sampler."""
    empty = {"event_array": np.zeros((0, 0, PEOPLE)), "response_array": np.zeros((0, 0, PEOPLE))}
    return engine_model(model, data, arrays, None, empty)


def test_density_and_gradient_are_those_of_the_graph(case):
    """With every normalising constant, to ten digits."""
    model, data, arrays, graph, point = case
    values = [graph.rvs_to_values[variable] for variable in graph.free_RVs]
    log_density = graph.logp(vars=graph.free_RVs)
    expected, *slopes = evaluate(values, [log_density, *pt.grad(log_density, values)])(*point.values())
    found, gradient = without_answers(model, data, arrays).log_density(flat(point.values()))
    assert found == pytest.approx(float(expected), rel=1e-10)
    np.testing.assert_allclose(gradient, flat(slopes), rtol=1e-10, atol=1e-10)


def test_stored_values_are_those_of_the_graph(case):
    """Means, SDs, effects, the Cholesky factor of correlations, and everyone's values."""
    model, data, arrays, graph, point = case
    by_variable, _ = in_own_terms(graph, point)
    compiled = without_answers(model, data, arrays)
    assert list(compiled.stored.dims) == list(by_variable)
    found = compiled.stored_values(flat(point.values()))
    np.testing.assert_allclose(found, flat(by_variable.values()), rtol=1e-10, atol=1e-12)


def with_quadratic(model, data, arrays):
    """Return a model whose likelihood is quadratic, for the sampler."""
    generator, shape = np.random.default_rng(3), (len(free_parameters(model, figure_names(data))), PEOPLE)
    peaks, curvatures = generator.normal(size=shape), generator.uniform(0.5, 2.0, shape)
    return engine_model(model, data, arrays, quadratic, quadratic_arrays(peaks, curvatures))


def test_gradient_goes_through_the_likelihood(case):
    """Along twenty random directions, by finite differences."""
    model, data, arrays, _, values = case
    compiled, point, generator = with_quadratic(model, data, arrays), flat(values.values()), np.random.default_rng(4)
    _, gradient = compiled.log_density(point)
    for direction in generator.normal(size=(20, len(point))):
        up, down = (compiled.log_density(point + step * direction)[0] for step in (1e-4, -1e-4))
        assert gradient @ direction == pytest.approx((up - down) / 2e-4, rel=1e-6, abs=1e-5)


def test_likelihood_adds_to_the_density(case):
    """At the values that are stored for the point, by NumPy."""
    model, data, arrays, graph, values = case
    point, by_variable = flat(values.values()), in_own_terms(graph, values)[0]
    coords, labels = graph.coords, [free.label for free in free_parameters(model, figure_names(data))]
    rows = dict(zip(coords["parameter"], by_variable["mu"], strict=True))
    rows |= dict(zip(coords["parameter_person"], by_variable["theta"], strict=True))
    theta = np.array([np.broadcast_to(rows[label], PEOPLE) for label in labels])
    compiled = with_quadratic(model, data, arrays)
    peaks, curvatures = (array.reshape(theta.shape) for array in compiled.table.arrays[-2:])
    with_likelihood, without = (x.log_density(point)[0] for x in (compiled, without_answers(model, data, arrays)))
    assert with_likelihood - without == pytest.approx(-0.5 * (curvatures * (theta - peaks) ** 2).sum(), rel=1e-9)


def test_whole_posterior_is_that_of_the_graph(tmp_path):
    """With the likelihood of a model's answers, called by its address."""
    model, data = study(*CASES["all together"], tmp_path)
    generator = np.random.default_rng(5)
    arrays, graph = random_transform(model, data, generator), build(model, data)
    with graph:
        pm.set_data(arrays)
    values = [graph.rvs_to_values[variable] for variable in graph.free_RVs]
    point = [generator.normal(0.0, 0.5, x.shape) for x in pymc_start(graph)]
    log_density = rewrite_pregrad(graph.logp())
    expected, *slopes = evaluate(values, [log_density, *pt.grad(log_density, values)], "stabilize")(*point)
    compiled = engine_model(model, data, arrays, person_kernel(model, figure_names(data)), model_data(model, data))
    found, gradient = compiled.log_density(flat(point))
    assert found == pytest.approx(float(expected), rel=1e-10)
    np.testing.assert_allclose(gradient, flat(slopes), rtol=1e-9, atol=1e-9)
