"""Parameters that differ between waves: two waves with a restart are two studies, and carried beliefs are one."""

from pathlib import Path

import numpy as np
import pytest
from helpers import evaluate
from two_waves import PEOPLE, RESPONSES, drawn_theta, log_likelihood, natural, of_wave, two_waves, wave_study
from uncompiled import person_likelihood

from iwm_bayes.data.waves import waves_of
from iwm_bayes.filtering.arrays import event_array, response_array
from iwm_bayes.inference.plain.likelihood import likelihood_graph
from iwm_bayes.model.priors import LINKS, figure_names
from iwm_bayes.model.specification.model_record import model_from_record, model_record
from iwm_bayes.rules.modifiers.waves import wave_contrasts, wave_values
from iwm_bayes.types import InputError, parameters
from iwm_bayes.workflow.model import Model
from iwm_bayes.workflow.study import Column, Wave

MODELS = ("rescorla_wagner", "kalman", "compensatory", "prototype", "hgf")
STUDIES = Path(__file__).parents[2] / "experiments" / "studies"
RATED = {name: column for name, column in RESPONSES.items() if name != "approach"}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("names", [("first", "second"), ("t1", "t2", "t3")])
def test_beliefs_that_restart_are_studies_of_their_own(name, names):
    """The likelihood is the sum of those of the waves alone, each with its own parameters and its own start."""
    table = two_waves(names=names)
    bound = Model(name, wave_study(table, wave=Wave("wave", order=names)))
    free, theta = drawn_theta(bound)
    values, total = natural(bound, free, theta), np.zeros(PEOPLE)
    for index, wave in enumerate(names):
        alone = Model(name, wave_study(table[table["wave"] == wave]))
        total += log_likelihood(alone.spec, alone.data, of_wave(bound, values, index, len(names)))
    np.testing.assert_allclose(log_likelihood(bound.spec, bound.data, values), total, rtol=1e-10)


@pytest.mark.parametrize(
    ("model", "responses"),
    [
        ("autoregressive", ("availability_rating", "worth_rating")),
        (STUDIES / "affect_pulse.model.toml", ("confidence",)),
        (STUDIES / "reversal_contrast.model.toml", ("availability_contrast",)),
    ],
    ids=["residuals", "decaying sums", "counts"],
)
def test_what_responses_carry_over_ends_with_a_wave(model, responses):
    """The last residual and sums of readouts begin anew where beliefs restart."""
    table = two_waves()
    columns = dict(zip(responses, (Column("closeness"), Column("worth")), strict=False))
    bound, total = Model(model, wave_study(table, columns, Wave("wave"))), np.zeros(PEOPLE)
    free, theta = drawn_theta(bound)
    values = natural(bound, free, theta)
    for index, wave in enumerate(("first", "second")):
        alone = Model(model, wave_study(table[table["wave"] == wave], columns))
        total += log_likelihood(alone.spec, alone.data, of_wave(bound, values, index, 2))
    np.testing.assert_allclose(log_likelihood(bound.spec, bound.data, values), total, rtol=1e-10)
    events, answers = event_array(bound.data), response_array(bound.spec, bound.data)
    by_person, _ = person_likelihood(bound.spec, figure_names(bound.data), events, answers, theta)
    np.testing.assert_allclose(by_person, total, rtol=1e-9)


def test_a_trend_and_a_covariate_of_sessions_go_with_waves():
    """A trend restarts with the wave, an effect of every session stays, and the record of all of it can be read."""
    table = two_waves().assign(homework=np.random.default_rng(1).normal(size=80))
    formulas = {"availability_rate": "homework"}
    bound = Model("rescorla_wagner", wave_study(table, wave=Wave("wave"), formulas=formulas), trend=True)
    free, theta = drawn_theta(bound)
    values, total = natural(bound, free, theta), np.zeros(PEOPLE)
    for index, wave in enumerate(("first", "second")):
        own = table["wave"] == wave
        alone = Model("rescorla_wagner", wave_study(table[own], formulas=formulas), trend=True)
        term = bound.data["event_terms"].sel(event_term="homework").values
        here = bound.data["wave_index"].values == index
        as_in_both = alone.data["event_terms"].copy(data=term[here].reshape(1, -1, PEOPLE))  # standardised over both
        data = alone.data.assign(event_terms=as_in_both)
        total += log_likelihood(alone.spec, data, of_wave(bound, values, index, 2))
    np.testing.assert_allclose(log_likelihood(bound.spec, bound.data, values), total, rtol=1e-10)
    assert model_record(model_from_record(model_record(bound.spec))) == model_record(bound.spec)


@pytest.mark.parametrize("name", MODELS)
def test_beliefs_that_are_carried_make_one_long_study(name):
    """Without changes of parameters, the likelihood is that of one sequence of sessions."""
    table = two_waves()
    numbered = table.assign(session=table["session"] + 5 * (table["wave"] == "second"))
    bound, alone = (
        Model(name, wave_study(table, wave=Wave("wave", beliefs="carried"))),
        Model(name, wave_study(numbered)),
    )
    free, theta = drawn_theta(bound)
    theta = np.where(np.array(["_change" in one.name for one in free])[:, None], 0.0, theta)
    values = natural(bound, free, theta)
    own = {parameter: values[parameter] for parameter in parameters(alone.spec)}
    expected = log_likelihood(alone.spec, alone.data, own)
    np.testing.assert_allclose(log_likelihood(bound.spec, bound.data, values), expected, rtol=1e-12)


def test_a_carried_belief_goes_on_with_the_rate_of_the_wave():
    """By hand: the belief of the second wave begins where the first ended, and moves by the second rate."""
    table = two_waves(people=1, sessions=3)
    table = table[table["figure"] == "mother"]
    only = {"availability_rating": RESPONSES["availability_rating"]}
    bound = Model("rescorla_wagner", wave_study(table, only, Wave("wave", beliefs="carried")))
    assert "availability_start_change" not in parameters(bound.spec)
    rate, change, belief, sd = -1.0, 0.8, 0.4, np.hypot(0.1, 0.02)
    values = {
        "availability_start": np.array([belief]),
        "availability_rate": 1 / (1 + np.exp(np.array([-rate]))),
        "availability_rate_change": np.array([change]),
        "availability_rating_noise": np.array([0.1]),
        "availability_rating_noise_change": np.zeros(1),
        "availability_rating_intercept": np.zeros(1),
        "availability_rating_slope": np.ones(1),
    }
    total = 0.0
    for wave, row in zip(table["wave"], table.to_dict("records"), strict=True):
        own_rate = 1 / (1 + np.exp(-(rate + change * (0.5 if wave == "second" else -0.5))))
        belief += own_rate * (row["outcome"] - belief)
        total += -0.5 * ((row["closeness"] - belief) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(log_likelihood(bound.spec, bound.data, values), [total], rtol=1e-12)


@pytest.mark.parametrize("name", ["rescorla_wagner", "kalman", "autoregressive", "compensatory"])
def test_both_engines_and_arrays_agree(name):
    """The machine code, the graph of the plain engine and the loop over arrays have one likelihood."""
    responses = RESPONSES if name != "autoregressive" else RATED
    bound = Model(name, wave_study(two_waves(sessions=3), responses, Wave("wave")))
    free, theta = drawn_theta(bound)
    events, answers, figures = event_array(bound.data), response_array(bound.spec, bound.data), figure_names(bound.data)
    expected = log_likelihood(bound.spec, bound.data, natural(bound, free, theta))
    by_person, gradient = person_likelihood(bound.spec, figures, events, answers, theta)
    np.testing.assert_allclose(by_person, expected, rtol=1e-9)
    inputs, terms = likelihood_graph(bound.spec, figures)
    found = evaluate(inputs, terms)(events, answers, theta)
    np.testing.assert_allclose(sum(term.sum(axis=0) for term in found), expected, rtol=1e-9)
    row, step = [one.name for one in free].index(next(one.name for one in free if "_change" in one.name)), 1e-6
    moved = [theta + sign * step * (np.arange(len(theta)) == row)[:, None] for sign in (1, -1)]
    high, low = (log_likelihood(bound.spec, bound.data, natural(bound, free, one)) for one in moved)
    np.testing.assert_allclose(gradient[row], (high - low) / (2 * step), rtol=1e-5, atol=1e-6)


def test_a_choice_of_a_figure_differs_between_waves():
    """A response that depends on all figures takes the values of the wave, as two studies of one wave would."""
    table = two_waves()
    table["turned"] = table["figure"]
    responses = {"seek": Column("turned"), "availability_rating": RESPONSES["availability_rating"]}
    model, total = Path(__file__).parents[2] / "experiments" / "models" / "seek.toml", np.zeros(PEOPLE)
    bound = Model(model, wave_study(table, responses, Wave("wave")))
    free, theta = drawn_theta(bound)
    values = natural(bound, free, theta)
    for index, wave in enumerate(("first", "second")):
        alone = Model(model, wave_study(table[table["wave"] == wave], responses))
        total += log_likelihood(alone.spec, alone.data, of_wave(bound, values, index, 2))
    np.testing.assert_allclose(log_likelihood(bound.spec, bound.data, values), total, rtol=1e-10)


@pytest.mark.parametrize("support", ["unit", "positive", "real"])
def test_values_of_waves_are_sums_on_the_link_scale(support):
    """A mean and changes on the link scale, and values that reach the end of the scale stay finite."""
    link, unlink = LINKS[support]
    theta, changes = np.array([-2.0, 0.3, 3.0]), [np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.2, -0.4])]
    for row, value in zip(wave_contrasts(3), wave_values(support, unlink(theta), changes, 3), strict=True):
        np.testing.assert_allclose(link(value), theta + row[0] * changes[0] + row[1] * changes[1], rtol=1e-12)
    assert np.isfinite(wave_values("unit", np.array([0.0, 1.0]), [np.ones(2)], 2)).all()


@pytest.mark.parametrize("waves", [2, 3, 5])
def test_contrasts_are_orthogonal_and_invert_the_changes(waves):
    """Changes of values that are made from changes are those changes, and their mean is that of the person."""
    weights = wave_contrasts(waves)
    assert abs(weights.sum(axis=0)).max() < 1e-15
    np.testing.assert_allclose(weights.T @ weights, np.diag(np.diag(weights.T @ weights)), atol=1e-15)
    values = weights @ (changes := np.arange(1.0, waves))
    np.testing.assert_allclose([values[k] - values[:k].mean() for k in range(1, waves)], changes)


def test_a_bound_model_can_be_read_again():
    """The record of a model has its waves, and says the same likelihood."""
    bound = Model("kalman", wave_study(two_waves(), wave=Wave("wave")))
    again = model_from_record(model_record(bound.spec))
    assert parameters(again) == parameters(bound.spec)
    assert model_record(again) == model_record(bound.spec)
    free, theta = drawn_theta(bound)
    values = natural(bound, free, theta)
    np.testing.assert_array_equal(
        log_likelihood(again, bound.data, values), log_likelihood(bound.spec, bound.data, values)
    )


def test_which_parameters_differ():
    """By default all that are partially pooled; initial beliefs only where beliefs restart; else those named."""
    table, known = two_waves(), {"availability_rating": RESPONSES["availability_rating"]}
    found = {
        beliefs: waves_of(Model("rescorla_wagner", wave_study(table, known, Wave("wave", beliefs=beliefs))).data)
        for beliefs in ("restarted", "carried")
    }
    rates = ("availability_rate", "availability_rating_noise")
    assert found["restarted"].parameters == ("availability_start", *rates)
    assert found["carried"].parameters == rates
    named = Model("rescorla_wagner", wave_study(table, known, Wave("wave", parameters=("rate",))))
    assert [name for name in parameters(named.spec) if name.endswith("_change")] == ["availability_rate_change"]


def test_parameters_that_cannot_differ_are_named():
    """Every one with its reason."""
    named = ("availability_start", "availability_rating_slope", "pace")
    with pytest.raises(InputError) as error:
        Model("rescorla_wagner", wave_study(two_waves(), wave=Wave("wave", beliefs="carried", parameters=named)))
    start, slope, unknown = error.value.problems
    assert "availability_start cannot differ" in start
    assert "carried" in start
    assert "fixed at 1" in slope
    assert "pace cannot differ between waves: rescorla_wagner has no such parameter" in unknown
