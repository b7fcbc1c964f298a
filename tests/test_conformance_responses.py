"""What every response owes: drawn as it is scored, scored as in the textbook, with usable gradients."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import TEXTBOOK, evaluate, textbook_log_density

from iwm_bayes.build import observe
from iwm_bayes.core import carried, each, leaves, rebuild
from iwm_bayes.population import LINKS
from iwm_bayes.responses import RESPONSES

DRAWS = 40_000
every_response = pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES)
held_low_to_high = pytest.mark.parametrize("held", [0.02, 0.4, 0.97])


def typical(response, end):
    """The response's parameters at the low (0) or high (1) end of what is typical, or in the middle (.5)."""

    def value(parameter):
        link, unlink = LINKS[parameter.support]
        low, high = link(np.array(parameter.typical))
        return unlink(low + end * (high - low))

    return rebuild(response.parameters, (value(parameter) for _, parameter in leaves(response.parameters)))


def recorded(response):
    """Answers that can occur: both bounds and between, or both choices."""
    return np.array([0.0, 1.0]) if response.family.whole else np.array([0.0, 1.0, 1e-9, 0.25, 0.999])


def expected_moments(response, given):
    """Mean and sd of an answer in closed form; a Gaussian censored at both bounds is no textbook entry."""
    textbook = TEXTBOOK[response.family.distribution](**given)
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


def declared(response, given, answers):
    """The variable that a fit observes, in a model of its own: one event, an answer per person."""
    dims = {"event": [0], "person": np.arange(len(answers))}
    with pm.Model(coords=dims, check_bounds=False) as model:
        arguments = {name: pt.as_tensor(np.full((1, len(answers)), value)) for name, value in given.items()}
        observe("answer", response.family, arguments, answers[None], np.ones((1, len(answers))))
    return model


@every_response
@held_low_to_high
def test_draws_have_the_moments_of_the_family(response, held):
    """The simulator draws what the closed form says."""
    given = response.given(typical(response, 0.5), np.float64(held))
    draws = response.family.draw(np.random.default_rng(1), **{name: np.full(DRAWS, x) for name, x in given.items()})
    assert draws.dtype == np.float64
    assert_moments(draws, *expected_moments(response, given))


@every_response
@held_low_to_high
def test_fitted_variable_has_the_same_moments(response, held):
    """Predictive draws from the PyMC variable follow the same closed form."""
    given = response.given(typical(response, 0.5), np.float64(held))
    answer = declared(response, given, np.zeros(DRAWS))["answer"]
    draws = pm.draw(answer, random_seed=2, mode="FAST_COMPILE")
    assert_moments(draws.astype(float), *expected_moments(response, given))


@every_response
@held_low_to_high
@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
def test_log_density_is_the_textbook_s(response, held, end):
    """Inside its bounds a family has its density, at a bound the whole tail's probability.

    PyMC's normal tails hold sqrt(2) in float32, which is 2e-8 off.
    """
    given, answers = response.given(typical(response, end), np.float64(held)), recorded(response)
    expected = textbook_log_density(response.family, given, answers)
    (log_density,) = declared(response, given, answers).logp(sum=False)
    np.testing.assert_allclose(evaluate([], log_density)(), [expected], rtol=1e-12, atol=3e-8)


@every_response
@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
def test_gradient_is_finite_everywhere(response, end):
    """Certain beliefs and answers tens of sd away still give every parameter a finite gradient.

    PyTensor's rewriting belongs to this: as written, the far side of PyMC's normal tails has none.
    """
    held, answers = (grid.ravel() for grid in np.meshgrid([0.0, 1e-12, 0.5, 1.0], recorded(response)))
    p = each(lambda _: pt.dvector(), typical(response, end))
    belief = pt.dmatrix()
    with pm.Model(coords={"event": [0], "person": held}, check_bounds=False) as model:
        given = carried(response, p, response.given(p, belief), 0.1, 2.0)
        observe("answer", response.family, given, answers[None], np.ones((1, len(held))))
    inputs = [belief, *(graph for _, graph in leaves(p))]
    gradients = evaluate(inputs, pt.grad(model.logp(), inputs), "fast_compile")
    values = [np.full(len(held), value) for _, value in leaves(typical(response, end))]
    assert all(np.isfinite(gradient).all() for gradient in gradients(held[None], *values))
