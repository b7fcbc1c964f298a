"""The sampler's C function has the log density and the gradient of the graph, and values as the graph has them.

The graph is PyMC's, of the same model and data, without its likelihood. A likelihood that is quadratic in everyone's
values takes the place of the person kernel; then the gradient is held against finite differences.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import evaluate, in_own_terms
from hierarchies import CASES, PEOPLE, flat, quadratic, random_transform, study
from pymc.pytensorf import rewrite_pregrad

from iwm_bayes.inference.engine.density import compile_kernels, density_and_gradient, stored_at
from iwm_bayes.inference.engine.sampler import engine_model, stored_variables
from iwm_bayes.model.build import build
from iwm_bayes.model.compile import compile_initial_point
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
    starts = zip(names, compile_initial_point(graph)(), strict=True)
    point = {name: generator.normal(0.0, 0.7, values.shape) for name, values in starts}
    return model, data, arrays, graph, point


def table_without_answers(model, data, arrays):
    """Return the table of a model whose likelihood is 1."""
    empty = {"event_array": np.zeros((0, 0, PEOPLE)), "response_array": np.zeros((0, 0, PEOPLE))}
    return engine_model(model, data, arrays, None, empty).table


def test_density_and_gradient_are_those_of_the_graph(case):
    """With every normalising constant, to ten digits."""
    model, data, arrays, graph, point = case
    values = [graph.rvs_to_values[variable] for variable in graph.free_RVs]
    log_density = graph.logp(vars=graph.free_RVs)
    expected, *slopes = evaluate(values, [log_density, *pt.grad(log_density, values)])(*point.values())
    found, gradient = density_and_gradient(
        compile_kernels(), table_without_answers(model, data, arrays), flat(point.values())
    )
    assert found == pytest.approx(float(expected), rel=1e-10)
    np.testing.assert_allclose(gradient, flat(slopes), rtol=1e-10, atol=1e-10)


def test_stored_values_are_those_of_the_graph(case):
    """Means, SDs, effects, the Cholesky factor of correlations, and everyone's values."""
    model, data, arrays, graph, point = case
    by_variable, _ = in_own_terms(graph, point)
    stored = stored_variables(model, data, "correlation" in by_variable)
    assert list(stored.dims) == list(by_variable)
    found = stored_at(compile_kernels(), table_without_answers(model, data, arrays), flat(point.values()), stored.size)
    np.testing.assert_allclose(found, flat(by_variable.values()), rtol=1e-10, atol=1e-12)


def quadratic_table(model, data, arrays):
    """Return the table of a model whose likelihood is quadratic."""
    generator, shape = np.random.default_rng(3), (len(free_parameters(model, figure_names(data))), PEOPLE)
    peaks, curvatures = generator.normal(size=shape), generator.uniform(0.5, 2.0, shape)
    arrays_of_data = {"event_array": peaks, "response_array": curvatures}
    return engine_model(model, data, arrays, quadratic, arrays_of_data).table


def test_gradient_goes_through_the_likelihood(case):
    """Along twenty random directions, by finite differences."""
    model, data, arrays, _, values = case
    table, point, generator = quadratic_table(model, data, arrays), flat(values.values()), np.random.default_rng(4)
    _, gradient = density_and_gradient(compile_kernels(), table, point)
    for direction in generator.normal(size=(20, len(point))):
        up, down = (
            density_and_gradient(compile_kernels(), table, point + step * direction)[0] for step in (1e-4, -1e-4)
        )
        assert gradient @ direction == pytest.approx((up - down) / 2e-4, rel=1e-6, abs=1e-5)


def test_likelihood_adds_to_the_density(case):
    """At the values that are stored for the point, by NumPy."""
    model, data, arrays, graph, values = case
    point, by_variable = flat(values.values()), in_own_terms(graph, values)[0]
    coords, labels = graph.coords, [free.label for free in free_parameters(model, figure_names(data))]
    rows = dict(zip(coords["parameter"], by_variable["mu"], strict=True))
    rows |= dict(zip(coords["parameter_person"], by_variable["theta"], strict=True))
    theta = np.array([np.broadcast_to(rows[label], PEOPLE) for label in labels])
    table = quadratic_table(model, data, arrays)
    peaks, curvatures = table.arrays[-2:]
    with_likelihood, _ = density_and_gradient(compile_kernels(), table, point)
    without, _ = density_and_gradient(compile_kernels(), table_without_answers(model, data, arrays), point)
    assert with_likelihood - without == pytest.approx(-0.5 * (curvatures * (theta - peaks) ** 2).sum(), rel=1e-9)


def test_whole_posterior_is_that_of_the_graph(tmp_path):
    """With the likelihood of a model's answers, called by its address."""
    model, data = study(*CASES["all together"], tmp_path)
    generator = np.random.default_rng(5)
    arrays, graph = random_transform(model, data, generator), build(model, data)
    with graph:
        pm.set_data(arrays)
    values = [graph.rvs_to_values[variable] for variable in graph.free_RVs]
    point = [generator.normal(0.0, 0.5, x.shape) for x in compile_initial_point(graph)()]
    log_density = rewrite_pregrad(graph.logp())
    expected, *slopes = evaluate(values, [log_density, *pt.grad(log_density, values)], "stabilize")(*point)
    compiled = engine_model(model, data, arrays, person_kernel(model, figure_names(data)), model_data(model, data))
    found, gradient = density_and_gradient(compiled.kernels, compiled.table, flat(point))
    assert found == pytest.approx(float(expected), rel=1e-10)
    np.testing.assert_allclose(gradient, flat(slopes), rtol=1e-9, atol=1e-9)
