"""The PyMC model agrees with the model: its likelihood with the filter over arrays, its hierarchy with the priors."""

import numpy as np
import pymc as pm
import pytest
from helpers import arguments, evaluate, in_own_terms, interpreted, textbook_log_density
from pytensor.graph import rewrite_graph
from pytensor.graph.traversal import toposort
from scipy import stats
from uncompiled import person_likelihood

from iwm_bayes.inference.plain.likelihood import compile_person_likelihood
from iwm_bayes.model import priors
from iwm_bayes.model.build import build
from iwm_bayes.model.inputs import model_data
from iwm_bayes.model.pymc_model import pymc_model
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import named_leaves, unflatten

FIGURES = ["mother", "therapist"]
PHASES = [
    Phase({"mother": constant_care(0.4)}, 4, assessed=True),
    Phase({"mother": constant_care(0.4), "therapist": constant_care(0.9)}, 3),
]


def changed(model, **changes):
    """Return the model with these fields for every free parameter that may have them."""
    of_person = {name for name, _ in named_leaves(model.rule.parameters)} - model.rule.by_figure

    def of(declared, prefix=""):
        kept = of_person if "by" in changes else ()
        named = named_leaves(declared, prefix)
        return unflatten(declared, (p if p.fixed is not None or n in kept else p._replace(**changes) for n, p in named))

    rule = model.rule._replace(parameters=of(model.rule.parameters))
    responses = {name: r._replace(parameters=of(r.parameters, name)) for name, r in model.responses.items()}
    return model._replace(rule=rule, responses=responses)


BY_FIGURE, NO_POOLING, COMPLETE_POOLING = {"by": "figure"}, {"pooling": "none"}, {"pooling": "complete"}
# A strict variant has the equations of its model, and a narrower prior: see `test_model_file`.
MODELS = [name for name in model_file.built_in_models() if not name.endswith("_strict")]
VARIANTS = [(name, {}) for name in MODELS]
VARIANTS += [(name, BY_FIGURE) for name in ("rescorla_wagner", "kalman", "compensatory")]
VARIANTS += [("kalman", NO_POOLING), ("kalman", COMPLETE_POOLING)]


def by_hand(model, data, theta):
    """Return the log likelihood of each response from the filter over arrays and textbook densities."""
    people = priors.natural_values(model, theta, FIGURES, data.sizes["person"])
    found = []
    for name, given in arguments(model, people, data).items():
        response, answers = model.responses[name], data[f"answer_{name}"].values
        density = textbook_log_density(response.family, given, np.nan_to_num(answers))
        found.append(density[~np.isnan(answers)].sum())
    return found


def theta_at(built, found):
    """Return link-scale values of each person by label, from a point of the PyMC model in its own variables."""
    theta = {label: np.repeat(found["mu"][i], 3) for i, label in enumerate(built.coords["parameter"])}
    return theta | {label: found["theta"][i] for i, label in enumerate(built.coords["parameter_person"])}


def at_random(built, seed):
    """Return a random point of the sampler's variables; every transform keeps the shape."""
    generator = np.random.default_rng(seed)
    lengths = {dim: len(names) for dim, names in built.coords.items() if names is not None}
    shapes = {rv: tuple(lengths[dim] for dim in built.named_vars_to_dims[rv.name]) for rv in built.free_RVs}
    return {built.rvs_to_values[rv].name: generator.normal(0.2, 0.5, shape) for rv, shape in shapes.items()}


@pytest.mark.parametrize(("name", "change"), VARIANTS)
def test_likelihood_agrees_with_the_filter(name, change):
    """Each response's log likelihood at a random point, for the model's own data and for swapped data."""
    model = changed(model_file.load_model(name), **change)
    first, second = (simulate(model_file.load_model(name), PHASES, people=3, seed=seed) for seed in (1, 2))
    built = build(model, first)
    point = at_random(built, 3)
    found, inputs = in_own_terms(built, point)
    graphs = built.logp(vars=[built[response] for response in model.responses], sum=False)
    likelihoods = evaluate(inputs, [graph.sum() for graph in graphs])
    for data in (first, second):
        with built:
            pm.set_data(model_data(model, data))
        expected = by_hand(model, data, theta_at(built, found))
        np.testing.assert_allclose(likelihoods(*point.values()), expected, rtol=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_is_finite_all_over_the_prior(name):
    """At 200 people without pooling, each a draw from the prior, with a third of outcomes and answers missing."""
    model, generator = changed(model_file.load_model(name), **NO_POOLING), np.random.default_rng(7)
    data = simulate(model_file.load_model(name), PHASES, people=200, seed=1)
    data["observed"] = data["observed"] & (generator.random(data["observed"].shape) > 1 / 3)
    data["outcome"] = data["outcome"].where(data["observed"], 0.0)
    for response in model.responses:
        data[f"answer_{response}"] = data[f"answer_{response}"].where(generator.random(data["observed"].shape) > 1 / 3)
    parameters = priors.free_parameters(model, FIGURES)
    draws = [
        generator.normal(free.prior_mean, np.hypot(free.prior_sd, free.parameter.prior_between_sd), 200)
        for free in parameters
    ]
    arrays = model_data(model, data)
    found, gradient = person_likelihood(
        model, FIGURES, arrays["event_array"], arrays["response_array"], np.array(draws)
    )
    assert np.isfinite(found).all()
    assert np.isfinite(gradient).all()
    assert (gradient != 0).all(axis=1).any()


def test_people_are_normal_around_the_group():
    """A person is Normal(mu, sigma) on the link scale; `test_noncentering` tests the sampler's transforms."""
    model = model_file.load_model("kalman")
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    point = at_random(built, 4)
    found, inputs = in_own_terms(built, point)
    [density] = evaluate(inputs, built.logp(vars=[built["theta"]], sum=False, jacobian=False))(*point.values())
    mu = np.array(
        [found["mu"][list(built.coords["parameter"]).index(label)] for label in built.coords["parameter_partial"]]
    )
    expected = stats.norm.logpdf(found["theta"], mu[:, None], found["sigma"][:, None])
    np.testing.assert_allclose(density, expected.sum(), rtol=1e-10)


def test_priors_are_those_of_the_model():
    """Group means are normal with 90 % in `prior_90` on the link scale; between-person SDs are half-normal."""
    model = model_file.load_model("kalman")
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    by_label = {free.label: free for free in priors.free_parameters(model, FIGURES)}
    with built:
        mu, sigma = pm.draw([built["mu"], built["sigma"]], 4000, random_seed=5, mode="FAST_COMPILE")
    for i, label in enumerate(built.coords["parameter"]):
        low, high = map(priors.LINKS[by_label[label].parameter.support][0], by_label[label].parameter.prior_90)
        assert np.mean((mu[:, i] > low) & (mu[:, i] < high)) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 4000))
    for i, label in enumerate(built.coords["parameter_partial"]):
        scale = by_label[label].parameter.prior_between_sd
        assert np.sqrt((sigma[:, i] ** 2).mean()) == pytest.approx(scale, abs=4 * scale / np.sqrt(2 * 4000))


def test_people_without_pooling_vary_as_much_as_pooled_ones():
    """The variance of a person's link-scale value is the sum of the variances of mu and of people around it."""
    model = changed(model_file.load_model("kalman"), **NO_POOLING)
    by_label = {free.label: free for free in priors.free_parameters(model, FIGURES)}
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    theta = pm.draw(built["theta"], 4000, random_seed=6, mode="FAST_COMPILE")
    for i, label in enumerate(built.coords["parameter_person"]):
        variance = by_label[label].prior_sd ** 2 + by_label[label].parameter.prior_between_sd ** 2
        assert theta[:, i].var() == pytest.approx(variance, rel=4 * np.sqrt(2 / (3 * 4000)))


def test_a_likelihood_scans_events_backwards_once():
    """However many responses have readouts, by machine code and by PyTensor's scan."""
    model = model_file.load_model("rescorla_wagner")
    assert len(model.responses) > 1
    data = simulate(model, PHASES, people=3, seed=1)
    names = [type(node.op).__name__ for node in toposort(rewrite_graph([pymc_model(model, data).dlogp()]))]
    assert (names.count("EventScan"), names.count("EventScanGradient")) == (1, 1)
    with interpreted():
        function = compile_person_likelihood(model, FIGURES)
    names = [type(node.op).__name__ for node in function.maker.fgraph.toposort()]
    assert names.count("Scan") == 2


def test_parameters_that_cannot_be_out_of_bounds_are_not_checked():
    """The sampler's graph has no checks, which would be made at every step."""
    model = model_file.load_model("rescorla_wagner")
    assert not build(model, simulate(model, PHASES, people=3, seed=1)).check_bounds
