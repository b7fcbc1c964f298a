"""What every response owes: drawn as it is scored, scored as in the textbook, with usable gradients."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import TEXTBOOK, evaluate, textbook_log_density

from iwm_bayes.model.likelihood import declare_response
from iwm_bayes.model.priors import LINKS
from iwm_bayes.ops import by_figure
from iwm_bayes.responses import RESPONSES
from iwm_bayes.types import map_tree, named_leaves, unflatten, with_carryover

DRAWS = 40_000
EVENT = {"distress": 0.7, "threat": 1.3, "act": 0.5, "told": 1.0, "acts": 1.5, "number": 4.0}  # read beside a belief
FIVE = {name: response for name, response in RESPONSES.items() if not name[-1].isdigit() or name.endswith("_5")}
every_response = pytest.mark.parametrize("response", FIVE.values(), ids=FIVE)
held_low_to_high = pytest.mark.parametrize("held", [0.02, 0.4, 0.97])


def typical(response, end):
    """One person's parameters at the low (0) or high (1) end of what is typical, or in the middle (.5)."""

    def value(parameter):
        link, unlink = LINKS[parameter.support]
        low, high = link(np.array(parameter.prior_90))
        return np.array([unlink(low + end * (high - low))])

    return unflatten(response.parameters, (value(parameter) for _, parameter in named_leaves(response.parameters)))


def given(response, p, held):
    """The family's arguments where `held` is read; of a second figure the opposite. What is kept lies around 0."""
    held = held - 0.5 if response.about in response.accumulates else held
    whom = held if response.figure_scope == "met" else by_figure([held, 1.0 - held])
    return response.arguments(p, whom, *(EVENT[about] for about in response.also_reads))


def recorded(response):
    """Answers that can occur: both bounds and between, or every choice."""
    if response.effect == "chooses":
        return np.array([0.0, 1.0, 2.0])
    if response.family.whole:
        return np.arange(float(response.family.levels))
    return np.array([0.0, 1.0, 1e-9, 0.25, 0.999])


def expected_moments(response, given):
    """Mean and sd of an answer in closed form; a Gaussian censored at both bounds is no textbook entry."""
    textbook = TEXTBOOK[response.family.distribution](**{name: x[0] for name, x in for_everyone(given, 1).items()})
    if response.family.bounds is None:
        return textbook.mean(), textbook.std()
    low, high = response.family.bounds
    first, second = (
        low**power * textbook.cdf(low)
        + high**power * textbook.sf(high)
        + textbook.expect(lambda x, power=power: x**power, lb=low, ub=high)
        for power in (1, 2)
    )
    return first, np.sqrt(second - first**2)


def assert_moments(draws, mean, sd):
    """Sample mean and sd within four Monte-Carlo errors; that of the sd from the sample's fourth moment."""
    assert abs(draws.mean() - mean) <= 4 * sd / np.sqrt(draws.size)
    squares = (draws - mean) ** 2
    assert abs(squares.mean() - sd**2) <= 4 * squares.std() / np.sqrt(draws.size)


def for_everyone(given, people):
    """Arguments (1, ...) of one person as those of many."""
    return {name: np.broadcast_to(x, (people, *x.shape[1:])) for name, x in given.items()}


def declared(response, given, answers):
    """The variable that a fit observes, in a model of its own: one event, an answer per person."""
    dims = {"event": [0], "person": np.arange(len(answers))}
    with pm.Model(coords=dims, check_bounds=False) as model:
        arguments = {name: pt.as_tensor(x[None]) for name, x in for_everyone(given, len(answers)).items()}
        declare_response("answer", response.family, arguments, pt.as_tensor(answers[None]), np.ones((1, len(answers))))
    return model


@every_response
@held_low_to_high
def test_draws_have_the_moments_of_the_family(response, held):
    """The simulator draws what the closed form says."""
    arguments = given(response, typical(response, 0.5), np.array([held]))
    draws = response.family.draw(np.random.default_rng(1), **for_everyone(arguments, DRAWS))
    assert draws.dtype == np.float64
    assert_moments(draws, *expected_moments(response, arguments))


@every_response
@held_low_to_high
def test_fitted_variable_has_the_same_moments(response, held):
    """Predictive draws from the PyMC variable follow the same closed form."""
    arguments = given(response, typical(response, 0.5), np.array([held]))
    answer = declared(response, arguments, np.full(DRAWS, recorded(response)[1]))["answer"]
    draws = pm.draw(answer, random_seed=2, mode="FAST_COMPILE")
    assert_moments(draws.astype(float), *expected_moments(response, arguments))


@every_response
@held_low_to_high
@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
def test_log_density_is_the_textbook_s(response, held, end):
    """Inside its bounds a family has its density, at a bound the whole tail's probability.

    PyMC's normal tails hold sqrt(2) in float32, which is 2e-8 off.
    """
    answers = recorded(response)
    arguments = for_everyone(given(response, typical(response, end), np.array([held])), len(answers))
    expected = textbook_log_density(response.family, arguments, answers)
    entered = answers if response.family.inside is None else np.clip(answers, *response.family.inside)
    (log_density,) = declared(response, arguments, entered).logp(sum=False)
    np.testing.assert_allclose(evaluate([], log_density)(), [expected], rtol=1e-12, atol=3e-8)


@every_response
@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
def test_gradient_is_finite_everywhere(response, end):
    """Certain beliefs and answers tens of sd away still give every parameter a finite gradient.

    PyTensor's rewriting belongs to this: as written, the far side of PyMC's normal tails has none.
    """
    held, answers = (grid.ravel() for grid in np.meshgrid([0.0, 1e-12, 0.5, 1.0], recorded(response)))
    answers = answers if response.family.inside is None else np.clip(answers, *response.family.inside)
    p = map_tree(lambda _: pt.dvector(), typical(response, end))
    belief = pt.dmatrix()
    with pm.Model(coords={"event": [0], "person": held}, check_bounds=False) as model:
        arguments = with_carryover(response, p, given(response, p, belief), 0.1, 2.0)
        declare_response("answer", response.family, arguments, pt.as_tensor(answers[None]), np.ones((1, len(held))))
    inputs = [belief, *(graph for _, graph in named_leaves(p))]
    gradients = evaluate(inputs, pt.grad(model.logp(), inputs, disconnected_inputs="ignore"), "fast_compile")
    values = [np.full(len(held), value[0]) for _, value in named_leaves(typical(response, end))]
    assert all(np.isfinite(gradient).all() for gradient in gradients(held[None], *values))


@pytest.mark.parametrize("name", [name for name in RESPONSES if name[-1].isdigit()])
@held_low_to_high
def test_levels_are_all_there_is(name, held):
    """An answer in steps has as many chances as levels, and they sum to 1; a surer belief answers higher."""
    response = RESPONSES[name]
    p = typical(response, 0.5)
    (chances,), (surer,) = (given(response, p, np.array([x]))["p"] for x in (held, held + 0.02))
    assert chances.shape == (response.family.levels,) == (int(name.rpartition("_")[2]),)
    assert chances.sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.cumsum(surer)[:-1] < np.cumsum(chances)[:-1]).all()
