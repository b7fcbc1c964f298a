"""Tests of event terms and innovations: the likelihood of people whose beliefs also move by themselves."""

import numpy as np
import pytest
from helpers import interpreted
from noisy_walk import noisy_study, noisy_walk
from scipy.stats import norm

from iwm_bayes.filtering.arrays import event_array, with_innovations
from iwm_bayes.filtering.engine_choice import using_engine
from iwm_bayes.inference.engines import event_likelihood, person_likelihood
from iwm_bayes.model.inputs import model_data, theta_parameters
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import figure_names, free_parameters, natural_values
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.types import InputError

PEOPLE, EVENTS = 11, 5  # a block of eight, and three more


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """Return the model, its data, and random values of people with their innovations, (row, person)."""
    model = noisy_walk(tmp_path_factory.mktemp("walk"))
    data = noisy_study(model, PEOPLE, EVENTS, 1)
    theta = np.random.default_rng(2).normal(-0.5, 0.4, (len(theta_parameters(model, data)), PEOPLE))
    return model, data, theta


def by_hand(model, data, theta):
    """Return the log likelihood of every answer (event, person), event by event as a textbook would have it."""
    row = {free.label: values for free, values in zip(free_parameters(model, figure_names(data)), theta, strict=False)}
    value, innovations = 1.0 / (1.0 + np.exp(-row["availability_start"])), theta[-EVENTS:]
    noise, found = np.hypot(np.exp(row["availability_rating_noise"]), 0.02), []  # .02: the floor of a rating's SD
    for event in range(EVENTS):
        value = value + np.exp(row["scale"]) * innovations[event]
        homework = data["event_terms"].values[0, event]
        rate = 1.0 / (1.0 + np.exp(-row["availability_rate"] - row["effect"] * homework))
        value = value + rate * (data["outcome"].values[event] - value)
        answer = data["answer_availability_rating"].values[event]
        inside, low, high = (
            norm.logpdf(answer, value, noise),
            norm.logcdf(-value / noise),
            norm.logsf(1.0, value, noise),
        )
        found.append(np.where(answer <= 0.0, low, np.where(answer >= 1.0, high, inside)))
    return np.array(found)


def over_arrays(model, data, theta):
    """Return the same by the program's text over arrays."""
    figures, free = figure_names(data), free_parameters(model, figure_names(data))
    by_label = {one.label: theta[index] for index, one in enumerate(free)}
    events = with_innovations(event_array(data), theta[None, len(free) :])
    values, arrays = natural_values(model, by_label, figures, PEOPLE), model_data(model, data)
    [term] = likelihood_terms(model, figures, values, events, arrays["response_array"])
    return response_log_density(model.responses[term.name].family, term.arguments, term.value, term.recorded)


def test_belief_moves_by_its_innovations_and_learns_by_the_terms_of_its_events(walk):
    np.testing.assert_allclose(over_arrays(*walk), by_hand(*walk), rtol=1e-10)


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_engines_have_the_likelihood_and_its_gradient_by_innovations(walk, engine):
    """The gradient is that of finite differences of the textbook's likelihood, for parameters and innovations alike."""
    model, data, theta = walk
    arrays = model_data(model, data)
    inputs = (arrays["event_array"], arrays["response_array"], theta)
    with interpreted(), using_engine(engine):
        by_person, by_event = (build(model, figure_names(data)) for build in (person_likelihood, event_likelihood))
        total, gradient = by_person(*inputs)
        at_events = by_event(*inputs)
    np.testing.assert_allclose(at_events, by_hand(*walk), rtol=1e-10)
    np.testing.assert_allclose(total, by_hand(*walk).sum(axis=0), rtol=1e-10)
    for row in range(len(theta)):
        step = 1e-5 * (np.arange(len(theta)) == row)[:, None]
        up, down = (by_hand(model, data, theta + sign * step).sum(axis=0) for sign in (1, -1))
        np.testing.assert_allclose(gradient[row], (up - down) / 2e-5, rtol=1e-6, atol=1e-7)


def test_data_without_the_terms_that_a_model_reads_are_refused(walk):
    model, data, _ = walk
    with pytest.raises(InputError, match="reads the event terms homework; these data have none"):
        model_data(model, data.drop_dims("event_term"))
