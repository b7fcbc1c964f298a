"""The PyMC model says what the theory says: its likelihood is the loop's, its hierarchy the one that is claimed."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import arguments, evaluate, in_own_terms, textbook_log_density
from pymc.model.transform.conditioning import remove_value_transforms
from scipy import special, stats

from iwm_bayes.model import model_file, priors
from iwm_bayes.model.build import build, model_data
from iwm_bayes.model.compile import compile_person_likelihood
from iwm_bayes.model.likelihood import bernoulli_log_pmf, normal_log_cdf
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import named_leaves, unflatten

FIGURES = ["mother", "therapist"]
PHASES = [
    Phase({"mother": constant_care(0.4)}, 4, assessed=True),
    Phase({"mother": constant_care(0.4), "therapist": constant_care(0.9)}, 3),
]


def changed(model, **changes):
    """The model with these fields for every free parameter that may have them."""
    of_person = {name for name, _ in named_leaves(model.rule.parameters)} - model.rule.by_figure

    def of(declared, prefix=""):
        kept = of_person if "by" in changes else ()
        named = named_leaves(declared, prefix)
        return unflatten(declared, (p if p.fixed is not None or n in kept else p._replace(**changes) for n, p in named))

    rule = model.rule._replace(parameters=of(model.rule.parameters))
    responses = {name: r._replace(parameters=of(r.parameters, name)) for name, r in model.responses.items()}
    return model._replace(rule=rule, responses=responses)


BY_FIGURE, SEPARATE, SHARED = {"by": "figure"}, {"pooling": "none"}, {"pooling": "complete"}
VARIANTS = [(name, {}) for name in model_file.built_in_models()]
VARIANTS += [(name, BY_FIGURE) for name in ("rescorla_wagner", "kalman", "compensatory")]
VARIANTS += [("kalman", SEPARATE), ("kalman", SHARED)]


def by_hand(model, data, levels):
    """Log likelihood of each response from the loop over arrays and textbook densities."""
    people = priors.natural_values(model, levels, FIGURES, data.sizes["person"])
    found = []
    for name, given in arguments(model, people, data).items():
        response, answers = model.responses[name], data[f"answer_{name}"].values
        density = textbook_log_density(response.family, given, np.nan_to_num(answers))
        found.append(density[~np.isnan(answers)].sum())
    return found


def levels_at(built, found):
    """Link-scale values of each person by row label, from a point of the PyMC model in its own terms."""
    levels = {label: np.repeat(found["centre"][i], 3) for i, label in enumerate(built.coords["row"])}
    return levels | {label: found["level"][i] for i, label in enumerate(built.coords["personal"])}


def at_random(built, seed):
    """A random point of what the sampler moves; every transform keeps the shape."""
    generator = np.random.default_rng(seed)
    lengths = {dim: len(names) for dim, names in built.coords.items() if names is not None}
    shapes = {rv: tuple(lengths[dim] for dim in built.named_vars_to_dims[rv.name]) for rv in built.free_RVs}
    return {built.rvs_to_values[rv].name: generator.normal(0.2, 0.5, shape) for rv, shape in shapes.items()}


@pytest.mark.parametrize(("name", "change"), VARIANTS)
def test_likelihood_is_that_of_the_loop(name, change):
    """Each response's log likelihood at a random point, for data that are swapped in as for those built on."""
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
        expected = by_hand(model, data, levels_at(built, found))
        np.testing.assert_allclose(likelihoods(*point.values()), expected, rtol=1e-7)


@pytest.mark.parametrize("name", model_file.built_in_models())
def test_gradient_is_finite_all_over_the_prior(name):
    """At 200 people who share nothing, each a draw from the prior, with a third of outcomes and answers missing."""
    model, generator = changed(model_file.load_model(name), **SEPARATE), np.random.default_rng(7)
    data = simulate(model_file.load_model(name), PHASES, people=200, seed=1)
    data["seen"] = data["seen"] & (generator.random(data["seen"].shape) > 1 / 3)
    data["outcome"] = data["outcome"].where(data["seen"], 0.0)
    for response in model.responses:
        data[f"answer_{response}"] = data[f"answer_{response}"].where(generator.random(data["seen"].shape) > 1 / 3)
    built = remove_value_transforms(build(model, data))
    level = built.rvs_to_values[built["level"]]
    rows = priors.free_parameters(model, FIGURES)
    drawn = [
        generator.normal(row.prior_mean, np.hypot(row.prior_sd, row.parameter.prior_between_sd), 200) for row in rows
    ]
    density = built.logp()
    found, gradient = evaluate([level], [density, pt.grad(density, level)], "stabilize")(np.array(drawn))
    assert np.isfinite(found)
    assert np.isfinite(gradient).all()
    assert (gradient != 0).all(axis=1).any()


def test_people_are_normal_around_the_group():
    """A person is Normal(centre, spread) on the link scale; see `test_transforms` for how they are moved."""
    model = model_file.load_model("kalman")
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    point = at_random(built, 4)
    found, inputs = in_own_terms(built, point)
    [density] = evaluate(inputs, built.logp(vars=[built["level"]], sum=False, jacobian=False))(*point.values())
    centre = np.array([found["centre"][list(built.coords["row"]).index(label)] for label in built.coords["partial"]])
    expected = stats.norm.logpdf(found["level"], centre[:, None], found["spread"][:, None])
    np.testing.assert_allclose(density, expected.sum(), rtol=1e-10)


def test_priors_are_those_of_the_theory():
    """Centres are normal with 90 % in `typical` on the link scale; spreads are half-normal."""
    model = model_file.load_model("kalman")
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    rows = {row.label: row for row in priors.free_parameters(model, FIGURES)}
    with built:
        centre, spread = pm.draw([built["centre"], built["spread"]], 4000, random_seed=5, mode="FAST_COMPILE")
    for i, label in enumerate(built.coords["row"]):
        low, high = map(priors.LINKS[rows[label].parameter.support][0], rows[label].parameter.prior_90)
        assert np.mean((centre[:, i] > low) & (centre[:, i] < high)) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 4000))
    for i, label in enumerate(built.coords["partial"]):
        scale = rows[label].parameter.prior_between_sd
        assert np.sqrt((spread[:, i] ** 2).mean()) == pytest.approx(scale, abs=4 * scale / np.sqrt(2 * 4000))


def test_people_who_share_nothing_vary_as_much_as_the_pooled():
    """The variance of a person's link-scale value is that of the centre and the spread together."""
    model = changed(model_file.load_model("kalman"), **SEPARATE)
    rows = {row.label: row for row in priors.free_parameters(model, FIGURES)}
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    level = pm.draw(built["level"], 4000, random_seed=6, mode="FAST_COMPILE")
    for i, label in enumerate(built.coords["personal"]):
        variance = rows[label].prior_sd ** 2 + rows[label].parameter.prior_between_sd ** 2
        assert level[:, i].var() == pytest.approx(variance, rel=4 * np.sqrt(2 / (3 * 4000)))


def test_chance_below_a_bound_is_the_normal_one_and_its_slope_the_hazard():
    """From sixty sds above to sixty below, to the digits that are left of a square as large; and never infinite."""
    distance = np.linspace(-60.0, 60.0, 241)
    mu = pt.vector("mu")
    chance = normal_log_cdf(0.0, mu, 1.0)
    value, slope = evaluate([mu], [chance, pt.grad(chance.sum(), mu)])(-distance)
    expected = special.log_ndtr(distance)
    np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-13)
    hazard = np.exp(stats.norm.logpdf(distance) - expected)
    np.testing.assert_allclose(-slope, hazard, rtol=1e-12, atol=1e-13)


def test_chance_of_an_answer_is_a_sigmoid_and_its_slope_how_surprising_it_was():
    """From log odds of -800 to 800, of a yes and of a no, to the last digit of 1; at even odds, too."""
    odds, answer = np.meshgrid([-800.0, -40.0, -2.0, -1e-9, 0.0, 0.3, 30.0, 800.0], [0.0, 1.0])
    log_odds, given = pt.matrix("log_odds"), pt.matrix("given")
    chance = bernoulli_log_pmf(log_odds, given)
    value, slope = evaluate([log_odds, given], [chance, pt.grad(chance.sum(), log_odds)])(odds, answer)
    np.testing.assert_allclose(value, special.log_expit((2 * answer - 1) * odds), rtol=1e-15, atol=3e-16)
    np.testing.assert_allclose(slope, answer - special.expit(odds), rtol=1e-15, atol=3e-16)


def test_a_likelihood_walks_people_back_once():
    """However many responses read what the rule says; and parameters that cannot be out of bounds are not checked."""
    model = model_file.load_model("rescorla_wagner")
    graph, function = compile_person_likelihood(model, simulate(model, PHASES, people=3, seed=1))
    names = [type(node.op).__name__ for node in function.maker.fgraph.toposort()]
    assert len(model.responses) > 1
    assert names.count("WalkBack") == 1
    assert not graph.check_bounds
