"""The PyMC model says what the theory says: its likelihood is the loop's, its hierarchy the one that is claimed."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import arguments, evaluate, textbook_log_density
from scipy import stats

from iwm_bayes import population, theory
from iwm_bayes.build import build, swappable
from iwm_bayes.care import steady
from iwm_bayes.core import leaves, rebuild
from iwm_bayes.simulate import Phase, simulate

FIGURES = ["mother", "therapist"]
PHASES = [Phase({"mother": steady(0.4)}, 4, assessed=True), Phase({"mother": steady(0.4), "therapist": steady(0.9)}, 3)]


def changed(model, **changes):
    """The model with these fields for every free parameter that may have them."""
    of_person = {name for name, _ in leaves(model.rule.parameters)} - model.rule.by_figure

    def of(declared, prefix=""):
        kept = of_person if "by" in changes else ()
        named = leaves(declared, prefix)
        return rebuild(declared, (p if p.fixed is not None or n in kept else p._replace(**changes) for n, p in named))

    rule = model.rule._replace(parameters=of(model.rule.parameters))
    responses = {name: r._replace(parameters=of(r.parameters, name)) for name, r in model.responses.items()}
    return model._replace(rule=rule, responses=responses)


BY_FIGURE, SEPARATE, SHARED = {"by": "figure"}, {"pooling": "separate"}, {"pooling": "shared"}
VARIANTS = [(name, {}) for name in theory.theories()]
VARIANTS += [(name, BY_FIGURE) for name in ("rescorla_wagner", "kalman", "compensatory")]
VARIANTS += [("kalman", SEPARATE), ("kalman", SHARED)]


def by_hand(model, data, levels):
    """Log likelihood of each response from the loop over arrays and textbook densities."""
    people = population.values(model, levels, FIGURES, data.sizes["person"])
    found = []
    for name, given in arguments(model, people, data).items():
        response, answers = model.responses[name], data[f"answer_{name}"].values
        density = textbook_log_density(response.family, given, np.nan_to_num(answers))
        found.append(density[~np.isnan(answers)].sum())
    return found


def levels_at(model, point, centredness, unit=1.0):
    """Link-scale values of each person by row label, from a point of the PyMC model's own variables."""
    shared = [row for row in population.rows(model, FIGURES) if row.parameter.pooling != "separate"]
    partial = [row.label for row in shared if row.parameter.pooling == "partial"]
    separate = [row.label for row in population.rows(model, FIGURES) if row.parameter.pooling == "separate"]
    levels = {row.label: np.repeat(point["centre"][i], 3) for i, row in enumerate(shared)}
    for i, label in enumerate(partial):
        centre, spread, w = levels[label][0], np.exp(point["spread_log__"][i]), centredness
        levels[label] = centre + (spread / unit) ** (1 - w) * (point["offset"][i] - w * centre)
    return levels | {label: point["level"][i] for i, label in enumerate(separate)}


@pytest.mark.parametrize(("name", "change"), VARIANTS)
def test_likelihood_is_that_of_the_loop(name, change):
    """Each response's log likelihood at a random point, for data that are swapped in as for those built on."""
    model = changed(theory.load(name), **change)
    first, second = (simulate(theory.load(name), PHASES, people=3, seed=seed) for seed in (1, 2))
    built = build(model, first)
    generator = np.random.default_rng(3)
    point = {key: generator.normal(0.2, 0.5, value.shape) for key, value in built.initial_point().items()}
    inputs = [built.rvs_to_values[built[str(key).removesuffix("_log__")]] for key in point]
    graphs = built.logp(vars=[built[response] for response in model.responses], sum=False)
    likelihoods = evaluate(inputs, [graph.sum() for graph in graphs])
    for data in (first, second):
        with built:
            pm.set_data(swappable(model, data))
        expected = by_hand(model, data, levels_at(model, point, 0.0))
        np.testing.assert_allclose(likelihoods(*point.values()), expected, rtol=1e-7)


@pytest.mark.parametrize("name", theory.theories())
def test_gradient_is_finite_all_over_the_prior(name):
    """At 200 people who share nothing, each a draw from the prior, with a third of outcomes and answers missing."""
    model, generator = changed(theory.load(name), **SEPARATE), np.random.default_rng(7)
    data = simulate(theory.load(name), PHASES, people=200, seed=1)
    data["seen"] = data["seen"] & (generator.random(data["seen"].shape) > 1 / 3)
    data["outcome"] = data["outcome"].where(data["seen"], 0.0)
    for response in model.responses:
        data[f"answer_{response}"] = data[f"answer_{response}"].where(generator.random(data["seen"].shape) > 1 / 3)
    built = build(model, data)
    level = built.rvs_to_values[built["level"]]
    rows = population.rows(model, FIGURES)
    drawn = [generator.normal(row.middle, np.hypot(row.width, row.parameter.spread), 200) for row in rows]
    density = built.logp()
    found, gradient = evaluate([level], [density, pt.grad(density, level)], "stabilize")(np.array(drawn))
    assert np.isfinite(found)
    assert np.isfinite(gradient).all()
    assert (gradient != 0).all(axis=1).any()


@pytest.mark.parametrize(("centredness", "unit"), [(0.0, 1.0), (0.0, 0.3), (0.4, 1.0), (0.4, 0.3), (1.0, 0.3)])
def test_people_are_normal_around_the_group_however_they_are_sampled(centredness, unit):
    """At any centredness, in any unit, a person is Normal(centre, spread) on the link scale, by change of variables."""
    model = theory.load("kalman")
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    partial = list(built.coords["partial"])
    with built:
        pm.set_data({"centredness": np.full(len(partial), centredness), "unit": np.full(len(partial), unit)})
    generator = np.random.default_rng(4)
    point = {key: generator.normal(0.2, 0.5, value.shape) for key, value in built.initial_point().items()}
    inputs = [built.rvs_to_values[built[str(key).removesuffix("_log__")]] for key in point]
    (density,) = evaluate(inputs, built.logp(vars=[built["offset"]], sum=False))(*point.values())
    spread = np.exp(point["spread_log__"])[:, None]
    levels = levels_at(model, point, centredness, unit)
    centre = np.array([point["centre"][list(built.coords["row"]).index(label)] for label in partial])[:, None]
    expected = stats.norm.logpdf(np.array([levels[label] for label in partial]), centre, spread)
    np.testing.assert_allclose(density - (1 - centredness) * np.log(spread / unit), expected, rtol=1e-10)


@pytest.mark.parametrize(("spread", "error"), [(0.3, 0.1), (0.8, 0.8), (1.7, 4.0)])
def test_centre_and_offsets_are_independent_where_they_should_be(spread, error):
    """A person seen once: at w = s^2 / (s^2 + error^2), in units of s, the density has no mixed second derivative."""
    w = spread**2 / (spread**2 + error**2)

    def density(centre, offset):
        level = population.place(centre, spread, offset, w, spread)
        return stats.norm.logpdf(offset, w * centre, spread) + stats.norm.logpdf(1.3, level, error)

    step = 0.1  # of a quadratic: exact at any size
    ends = [sign * other * density(-2.0 + sign * step, 0.4 + other * step) for sign in (1, -1) for other in (1, -1)]
    assert sum(ends) / (4 * step**2) == pytest.approx(0.0, abs=1e-9)


def test_priors_are_those_of_the_theory():
    """Centres are normal with 90 % in `typical` on the link scale; spreads are half-normal."""
    model = theory.load("kalman")
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    rows = {row.label: row for row in population.rows(model, FIGURES)}
    with built:
        centre, spread = pm.draw([built["centre"], built["spread"]], 4000, random_seed=5, mode="FAST_COMPILE")
    for i, label in enumerate(built.coords["row"]):
        low, high = map(population.LINKS[rows[label].parameter.support][0], rows[label].parameter.typical)
        assert np.mean((centre[:, i] > low) & (centre[:, i] < high)) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 4000))
    for i, label in enumerate(built.coords["partial"]):
        scale = rows[label].parameter.spread
        assert np.sqrt((spread[:, i] ** 2).mean()) == pytest.approx(scale, abs=4 * scale / np.sqrt(2 * 4000))


def test_people_who_share_nothing_vary_as_much_as_the_pooled():
    """The variance of a person's link-scale value is that of the centre and the spread together."""
    model = changed(theory.load("kalman"), **SEPARATE)
    rows = {row.label: row for row in population.rows(model, FIGURES)}
    built = build(model, simulate(model, PHASES, people=3, seed=1))
    level = pm.draw(built["level"], 4000, random_seed=6, mode="FAST_COMPILE")
    for i, label in enumerate(built.coords["separate"]):
        variance = rows[label].width ** 2 + rows[label].parameter.spread ** 2
        assert level[:, i].var() == pytest.approx(variance, rel=4 * np.sqrt(2 / (3 * 4000)))
