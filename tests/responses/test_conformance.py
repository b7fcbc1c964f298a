"""Requirements of every response: draws and density agree with the textbook, and gradients are finite."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from helpers import TEXTBOOK, evaluate, textbook_log_density

from iwm_bayes.model.likelihood import declare_response
from iwm_bayes.model.priors import LINKS
from iwm_bayes.ops import stack_figures
from iwm_bayes.responses import RESPONSES
from iwm_bayes.types import map_tree, named_leaves, unflatten, with_carryover

DRAWS = 40_000
FURTHER_READOUTS = {
    "distress": 0.7,
    "threat": 1.3,
    "centred_outcome": 0.5,
    "was_experienced": 1.0,
    "centred_outcomes": 1.5,
    "outcome_count": 4.0,
    "worth": 0.6,
    "initial_availability": 0.3,
    "initial_worth": 0.2,
    "pull": -0.8,
}
FIVE = {name: response for name, response in RESPONSES.items() if not name[-1].isdigit() or name.endswith("_5")}
every_response = pytest.mark.parametrize("response", FIVE.values(), ids=FIVE)
OF_A_BELIEF = {name: response for name, response in FIVE.items() if response.about in ("availability", "worth")}
low_to_high = pytest.mark.parametrize("belief", [0.02, 0.4, 0.97])


def prior_parameters(response, end):
    """Return one person's parameters at the low (0) or high (1) end of the prior 90% range, or in its middle (.5)."""

    def value(parameter):
        link, unlink = LINKS[parameter.support]
        low, high = link(np.array(parameter.prior_90))
        return np.array([unlink(low + end * (high - low))])

    return unflatten(response.parameters, (value(parameter) for _, parameter in named_leaves(response.parameters)))


def family_arguments(response, p, belief):
    """Compute the family's arguments at a belief; that about a second figure is opposite. Sums lie around 0."""
    belief = belief - 0.5 if response.about in response.accumulates else belief
    readout = belief if response.figure_scope == "met" else stack_figures([belief, 1.0 - belief])
    return response.arguments(p, readout, *(FURTHER_READOUTS[about] for about in response.also_reads))


def possible_answers(response):
    """Return answers that can occur: both bounds and values between them, or every choice."""
    if response.effect == "chooses":
        return np.array([0.0, 1.0, 2.0])
    if response.family.discrete:
        return np.arange(float(response.family.levels))
    return np.array([0.0, 1.0, 1e-9, 0.25, 0.999])


def expected_moments(response, arguments):
    """Compute mean and SD of an answer in closed form, also for a Gaussian censored at both bounds."""
    textbook = TEXTBOOK[response.family.log_density](
        **{name: x[0] for name, x in broadcast_people(arguments, 1).items()}
    )
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
    """Check mean and SD of a sample to four Monte Carlo errors; that of the SD is from the sample's fourth moment."""
    assert abs(draws.mean() - mean) <= 4 * sd / np.sqrt(draws.size)
    squares = (draws - mean) ** 2
    assert abs(squares.mean() - sd**2) <= 4 * squares.std() / np.sqrt(draws.size)


def broadcast_people(arguments, people):
    """Broadcast arguments (1, ...) of one person to many."""
    return {name: np.broadcast_to(x, (people, *x.shape[1:])) for name, x in arguments.items()}


def observed_variable(response, arguments, answers):
    """Return a model of only the observed variable: one event, an answer per person."""
    dims = {"event": [0], "person": np.arange(len(answers))}
    with pm.Model(coords=dims, check_bounds=False) as model:
        graphs = {name: pt.as_tensor(x[None]) for name, x in broadcast_people(arguments, len(answers)).items()}
        declare_response("answer", response.family, graphs, pt.as_tensor(answers[None]), np.ones((1, len(answers))))
    return model


@every_response
@low_to_high
def test_draws_have_the_moments_of_the_family(response, belief):
    """The simulator's draws agree with the closed form."""
    arguments = family_arguments(response, prior_parameters(response, 0.5), np.array([belief]))
    draws = response.family.draw(np.random.default_rng(1), **broadcast_people(arguments, DRAWS))
    assert draws.dtype == np.float64
    assert_moments(draws, *expected_moments(response, arguments))


@every_response
@low_to_high
def test_fitted_variable_has_the_same_moments(response, belief):
    """Predictive draws from the PyMC variable agree with the same closed form."""
    arguments = family_arguments(response, prior_parameters(response, 0.5), np.array([belief]))
    answer = observed_variable(response, arguments, np.full(DRAWS, possible_answers(response)[1]))["answer"]
    draws = pm.draw(answer, random_seed=2, mode="FAST_COMPILE")
    assert_moments(draws.astype(float), *expected_moments(response, arguments))


@every_response
@low_to_high
@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
def test_log_density_is_that_of_the_textbook(response, belief, end):
    """Between its bounds a family has its density, at a bound the probability of the tail."""
    answers = possible_answers(response)
    arguments = broadcast_people(
        family_arguments(response, prior_parameters(response, end), np.array([belief])), len(answers)
    )
    expected = textbook_log_density(response.family, arguments, answers)
    clipped = answers if response.family.clip_range is None else np.clip(answers, *response.family.clip_range)
    (log_density,) = observed_variable(response, arguments, clipped).logp(sum=False)
    np.testing.assert_allclose(evaluate([], log_density)(), [expected], rtol=1e-12, atol=1e-12)


def assert_finite_gradients(response, end, beliefs):
    """Assert that every parameter has a finite gradient at these beliefs, whatever the answer."""
    certain, answers = (grid.ravel() for grid in np.meshgrid(beliefs, possible_answers(response)))
    answers = answers if response.family.clip_range is None else np.clip(answers, *response.family.clip_range)
    p = map_tree(lambda _: pt.dvector(), prior_parameters(response, end))
    belief = pt.dmatrix()
    with pm.Model(coords={"event": [0], "person": certain}, check_bounds=False) as model:
        arguments = with_carryover(response, p, family_arguments(response, p, belief), 0.1, 2.0)
        declare_response("answer", response.family, arguments, pt.as_tensor(answers[None]), np.ones((1, len(certain))))
    inputs = [belief, *(graph for _, graph in named_leaves(p))]
    gradients = evaluate(inputs, pt.grad(model.logp(), inputs, disconnected_inputs="ignore"), "fast_compile")
    values = [np.full(len(certain), value[0]) for _, value in named_leaves(prior_parameters(response, end))]
    assert all(np.isfinite(gradient).all() for gradient in gradients(certain[None], *values))


@every_response
@pytest.mark.parametrize("end", [0.0, 0.5, 1.0])
def test_gradient_is_finite_everywhere(response, end):
    """Certain beliefs and answers tens of SDs away still give every parameter a finite gradient."""
    assert_finite_gradients(response, end, [0.0, 1e-12, 0.5, 1.0])


@pytest.mark.parametrize("response", OF_A_BELIEF.values(), ids=OF_A_BELIEF)
def test_answers_about_a_belief_beyond_its_scale_have_a_density(response):
    """Belief noise can move a belief there. What is expected of a figure stays in 0..1."""
    given = family_arguments(response, prior_parameters(response, 0.5), np.array([-0.4, -0.1, 1.1, 1.4]))
    assert all(np.isfinite(values).all() for values in given.values())


@pytest.mark.parametrize("name", ["availability_beta_rating", "availability_ordinal_5"])
def test_gradient_is_finite_for_a_belief_beyond_its_scale(name):
    """So it is for the belief itself, and for every parameter."""
    assert_finite_gradients(FIVE[name], 0.5, [-0.1, 0.5, 1.1])


@pytest.mark.parametrize("name", [name for name in RESPONSES if name[-1].isdigit()])
@low_to_high
def test_ordinal_probabilities_sum_to_one(name, belief):
    """An ordinal answer has one probability per level, they sum to 1, and a higher belief gives higher answers."""
    response = RESPONSES[name]
    p = prior_parameters(response, 0.5)
    (probabilities,), (higher,) = (family_arguments(response, p, np.array([x]))["p"] for x in (belief, belief + 0.02))
    assert probabilities.shape == (response.family.levels,) == (int(name.rpartition("_")[2]),)
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.cumsum(higher)[:-1] < np.cumsum(probabilities)[:-1]).all()
