"""The C function of a mixture has the density, the gradient and the stored values of its graph.

The people have no answers, so that the likelihood is 1 in the graph. With a likelihood that is quadratic in everyone's
values, the gradient is held against finite differences.
"""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
import xarray as xr
from helpers import evaluate
from hierarchies import BY_FIGURE, FORMULAS, flat, quadratic, random_transform, study
from pymc_start import pymc_start

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.mixture.engine import mixture_sampler
from iwm_bayes.comparison.mixture.fit import LOCAL_GAUSSIAN
from iwm_bayes.comparison.mixture.graph import build_mixture
from iwm_bayes.comparison.mixture.parts import common_parameters, own_model
from iwm_bayes.inference.engine.sampler import initial_point, n_coordinates, start_point
from iwm_bayes.model.inputs import coordinates

PARTS = {  # the file of each model after its head, and its formulas
    "plain": ("[parameters]\n" + BY_FIGURE, {}),
    "one rate": ('[parameters]\navailability_diffusion = { pooling = "complete" }\n', FORMULAS),
    "all pooled": ('[parameters]\navailability_rating_noise = { pooling = "complete" }\n' + BY_FIGURE, {}),
    "correlated": ("correlated = true\n[parameters]\n" + BY_FIGURE, {}),
}
MIXTURES = [("plain", "one rate"), ("all pooled", "all pooled", "all pooled"), ("correlated", "one rate"), ("plain",)]


def fitted_model(name, folder):
    """Return a model without answers, with a random fit of its group means."""
    model, data = study(*PARTS[name.split(" #")[0]], folder)
    data = data.assign({f"answer_{key}": data[f"answer_{key}"].where(False) for key in model.responses})
    labels = coordinates(model, data)["parameter"]
    mu = xr.DataArray(
        np.random.default_rng(len(name)).normal(size=(1, 2, len(labels))),
        dims=("chain", "draw", "parameter"),
        coords={"parameter": labels},
    )
    tree = xr.DataTree.from_dict({"unconstrained_posterior": xr.Dataset({"mu": mu}), "constant_data": data})
    return FittedModel(model._replace(name=name.replace(" ", "_")), tree)


@pytest.fixture(scope="module", params=MIXTURES, ids=" and ".join)
def mixture(request, tmp_path_factory):
    """Models, the arrays of their coordinates, the graph, and a random point of it by value variable."""
    names = [f"{name} #{index}" for index, name in enumerate(request.param)]
    models = [fitted_model(name, tmp_path_factory.mktemp("model")) for name in names]
    generator, common, transforms = np.random.default_rng(8), common_parameters(models), []
    for one in models:
        arrays = random_transform(own_model(one, common), one.data, generator)
        transforms.append({key: x for key, x in arrays.items() if key in LOCAL_GAUSSIAN or key.startswith("group_")})
    graph = build_mixture(models)
    with graph:
        for one, arrays in zip(models, transforms, strict=True):
            pm.set_data({f"{one.model.name}::{name}": array for name, array in arrays.items()})
    variables = [graph.rvs_to_values[variable].name for variable in graph.free_RVs]
    starts = pymc_start(graph)
    point = {name: generator.normal(0.0, 0.7, x.shape) for name, x in zip(variables, starts, strict=True)}
    return models, transforms, graph, point


def test_density_and_gradient_are_those_of_the_graph(mixture):
    """With every normalising constant, to ten digits."""
    models, transforms, graph, point = mixture
    values = [graph.rvs_to_values[variable] for variable in graph.free_RVs]
    log_density = graph.logp()
    expected, *slopes = evaluate(values, [log_density, *pt.grad(log_density, values)])(*point.values())
    compiled = mixture_sampler(models, transforms, [None] * len(models))
    found, gradient = compiled.log_density(flat(point.values()))
    assert found == pytest.approx(float(expected), rel=1e-10)
    np.testing.assert_allclose(gradient, flat(slopes), rtol=1e-10, atol=1e-10)


def test_chains_begin_where_those_of_the_graph_do(mixture):
    """Apart from random numbers, which differ from chain to chain and are at most 1."""
    models, transforms, graph, _ = mixture
    starts = mixture_sampler(models, transforms, [None] * len(models)).starts
    middle = np.concatenate([start_point(start, np.zeros(n_coordinates(start))) for start in starts])
    np.testing.assert_allclose(middle, flat(pymc_start(graph)), rtol=1e-9, atol=1e-9)
    first, second = (initial_point(starts, seed) for seed in (1, 2))
    assert 1.0 < np.abs(first - second).max() < 2.0


def test_stored_values_are_those_of_the_graph(mixture):
    """Frequencies, attribution, and the groups of all models."""
    models, transforms, graph, point = mixture
    compiled = mixture_sampler(models, transforms, [None] * len(models))
    stored = compiled.stored_values(flat(point.values()))
    variables = graph.replace_rvs_by_values([graph[name] for name in compiled.stored.dims])
    values = [graph.rvs_to_values[variable] for variable in graph.free_RVs]
    expected = evaluate(values, variables)(*point.values())
    assert [x.shape for x in expected] == [compiled.stored.shape(name) for name in compiled.stored.dims]
    np.testing.assert_allclose(stored, flat(expected), rtol=1e-10, atol=1e-12)


def test_gradient_goes_through_the_likelihood(mixture):
    """Along ten random directions, by finite differences, where likelihoods differ by model and person."""
    models, transforms, _, values = mixture
    compiled, generator = mixture_sampler(models, transforms, [quadratic] * len(models)), np.random.default_rng(9)
    arrays = iter([generator.normal(size=(30, models[0].data.sizes["person"])) for _ in models])
    for record in compiled.table.records[1:]:
        peaks = next(arrays)
        record["n_events"], record["event_array"] = record["n_parameters"], peaks.ctypes.data
        record["response_array"] = CURVATURES.ctypes.data
        compiled.table.arrays.append(peaks)
    point = flat(values.values())
    _, gradient = compiled.log_density(point)
    for direction in generator.normal(size=(10, len(point))):
        up, down = (compiled.log_density(point + step * direction)[0] for step in (1e-4, -1e-4))
        assert gradient @ direction == pytest.approx((up - down) / 2e-4, rel=1e-6, abs=1e-5)


CURVATURES = np.linspace(0.5, 2.0, 30 * 11).reshape(30, 11)
