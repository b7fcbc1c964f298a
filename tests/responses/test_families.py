"""Each distribution of answers is that of SciPy, as arrays and as a graph, far into its tails; so is its gradient."""

import numpy as np
import pytensor.tensor as pt
import pytest
from helpers import evaluate, textbook_log_density
from scipy import special, stats

from iwm_bayes.ops import replace_where, take_choice
from iwm_bayes.responses import RESPONSES, families

COUNT = 400
NAMES = ("NORMAL", "CENSORED_NORMAL", "BERNOULLI", "BETA", "CATEGORICAL")
every_family = pytest.mark.parametrize("name", NAMES)


def random_answers(name):
    """Answers (event, person) of a family, its arguments, and which answers were recorded; both bounds occur."""
    generator, shape = np.random.default_rng(5), (COUNT // 20, 20)
    recorded = (generator.random(shape) < 0.8).astype(float)
    if name == "BERNOULLI":
        return (generator.random(shape) < 0.5).astype(float), {"logit_p": generator.normal(0, 20, shape)}, recorded
    if name == "CATEGORICAL":
        p = generator.dirichlet(np.ones(5), shape)
        return generator.integers(0, 5, shape).astype(float), {"p": p}, recorded
    value = np.clip(generator.normal(0.5, 0.5, shape), 0.0, 1.0)
    if name == "BETA":
        given = {"mu": generator.uniform(0.01, 0.99, shape), "nu": generator.uniform(0.5, 300.0, shape)}
        return np.clip(value, *families.BETA.clip_range), given, recorded
    return value, {"mu": generator.normal(0.5, 1.0, shape), "sigma": generator.uniform(0.02, 0.5, 20)}, recorded


@every_family
def test_a_density_is_that_of_the_textbook_for_arrays_and_graphs(name):
    """Where an answer was not recorded it is 0; an argument may be one number per person."""
    family, (value, given, recorded) = getattr(families, name), random_answers(name)
    expected = np.where(recorded, textbook_log_density(family, given, value), 0.0)
    found = families.response_log_density(family, given, value, recorded)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
    graphs = {argument: pt.as_tensor(x) for argument, x in given.items()}
    graph = families.response_log_density(family, graphs, pt.as_tensor(value), pt.as_tensor(recorded))
    np.testing.assert_allclose(evaluate([], graph)(), found, rtol=1e-13, atol=1e-13)
    assert (recorded == 0.0).any()
    assert family.bounds is None or {0.0, 1.0} <= set(value.ravel())


WHOLE = {  # arguments of one answer, and points over its support
    "NORMAL": ({"mu": 0.8, "sigma": 0.3}, np.linspace(-3.0, 4.0, 20_001)),
    "CENSORED_NORMAL": ({"mu": 0.8, "sigma": 0.3}, np.linspace(1e-9, 1.0 - 1e-9, 20_001)),
    "BERNOULLI": ({"logit_p": 0.7}, np.arange(2.0)),
    "BETA": ({"mu": 0.7, "nu": 9.0}, np.linspace(1e-9, 1.0 - 1e-9, 20_001)),
    "CATEGORICAL": ({"p": [0.2, 0.5, 0.3]}, np.arange(3.0)),
}


@every_family
def test_a_density_sums_to_one(name):
    """Over all answers that can be recorded: the masses at the bounds are part of the whole."""
    family, (given, points) = getattr(families, name), WHOLE[name]
    arguments = {argument: np.array([[value]]) for argument, value in given.items()}

    def density(answers):
        column = np.asarray(answers)[:, None]
        return np.exp(families.response_log_density(family, arguments, column, np.ones_like(column)))[:, 0]

    whole = density(points).sum() if family.discrete else np.trapezoid(density(points), points)
    assert whole + density(family.bounds or ()).sum() == pytest.approx(1.0, abs=1e-6)


def test_log_probability_below_a_bound_and_its_gradient():
    """Those of scipy, from sixty SDs above to sixty below, to the digits of a square as large; never infinite."""
    distance = np.linspace(-60.0, 60.0, 241)
    mu = pt.vector("mu")
    chance = families.normal_log_cdf(0.0, mu, 1.0)
    value, slope = evaluate([mu], [chance, pt.grad(chance.sum(), mu)])(-distance)
    expected = special.log_ndtr(distance)
    np.testing.assert_allclose(value, expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(families.normal_log_cdf(0.0, -distance, 1.0), expected, rtol=1e-13, atol=1e-13)
    hazard = np.exp(stats.norm.logpdf(distance) - expected)
    np.testing.assert_allclose(-slope, hazard, rtol=1e-12, atol=1e-13)


def test_log_probability_of_a_choice_and_its_gradient():
    """From log odds of -800 to 800, for yes and no, to the last digit of 1; at even odds, too."""
    odds, answer = np.meshgrid([-800.0, -40.0, -2.0, -1e-9, 0.0, 0.3, 30.0, 800.0], [0.0, 1.0])
    log_odds, given = pt.matrix("log_odds"), pt.matrix("given")
    chance = families.bernoulli_log_density(given, log_odds)
    value, slope = evaluate([log_odds, given], [chance, pt.grad(chance.sum(), log_odds)])(odds, answer)
    expected = special.log_expit((2 * answer - 1) * odds)
    np.testing.assert_allclose(value, expected, rtol=1e-15, atol=3e-16)
    np.testing.assert_allclose(families.bernoulli_log_density(answer, odds), expected, rtol=1e-15, atol=3e-16)
    np.testing.assert_allclose(slope, answer - special.expit(odds), rtol=1e-15, atol=3e-16)


def test_every_built_in_response_has_one_of_these_families():
    scored = {getattr(families, name).log_density for name in NAMES}
    assert {response.family.log_density for response in RESPONSES.values()} == scored
    censored = [response.family for response in RESPONSES.values() if response.family.bounds is not None]
    assert {family.log_tail for family in censored} == {families.normal_log_tail}


@pytest.mark.parametrize("shape", [(3, 4), (1, 4), (3, 1), (1, 1), (4,)])
def test_places_are_replaced_by_what_belongs_there(shape):
    """Whatever axes a quantity lacks, in arrays and in graphs."""
    x, quantity = np.arange(12.0).reshape(3, 4), 100.0 + np.arange(np.prod(shape)).reshape(shape)
    condition = np.array([[0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]])
    expected = np.where(condition, 2.0 * quantity, x)
    np.testing.assert_array_equal(replace_where(condition, x, lambda q: 2.0 * q, quantity), expected)
    graph = replace_where(*map(pt.as_tensor, (condition, x)), lambda q: 2.0 * q, pt.as_tensor(quantity))
    np.testing.assert_array_equal(evaluate([], graph)(), expected)


def test_a_choice_is_taken_where_probabilities_are_the_same_for_all():
    p, choice = np.array([[[0.2, 0.5, 0.3]]]), np.array([[0.0, 2.0], [1.0, 1.0]])
    expected = [[0.2, 0.3], [0.5, 0.5]]
    np.testing.assert_array_equal(take_choice(p, choice), expected)
    np.testing.assert_array_equal(evaluate([], take_choice(pt.as_tensor(p), pt.as_tensor(choice)))(), expected)
