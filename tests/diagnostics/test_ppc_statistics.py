"""Effects by hand and by what is known of them; answers told again against the likelihood's own arguments."""

import numpy as np
import pandas as pd
import pytest
from helpers import arguments, names

from iwm_bayes.diagnostics.ppc_statistics import bimodality, outcome_masks, test_statistics
from iwm_bayes.diagnostics.predictive_checks import (
    failed_checks,
    posterior_ppc_sentence,
    posterior_predictive_check,
    ppc_count_sentence,
    prior_ppc_sentence,
    prior_predictive_check,
    rounded_ratings,
)
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.inference.fit import fit
from iwm_bayes.model import model_file
from iwm_bayes.responses import RESPONSES
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.open_loop import simulate_open_loop
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate

PLAN = [Phase({name: constant_care(0.6) for name in names(2)}, 6, assessed=True)]
NOTHING = np.nan


@pytest.fixture(scope="module")
def data():
    """One person, one figure: good, bad, good, bad, unseen."""
    model = model_file.load_model("rescorla_wagner")
    found = simulate(model, [Phase({"friend": constant_care(0.5)}, 5)], 1, 1)
    return found.assign(
        outcome=(("event", "person"), np.array([[1.0], [0.0], [1.0], [0.0], [0.0]])),
        seen=(("event", "person"), np.array([[True], [True], [True], [True], [False]])),
    )


def test_steps_after_acts_by_hand_where_answers_come_after(data):
    """The answer after an act less the one before it: ruptures at the second and fourth event, a repair between."""
    response = RESPONSES["availability_rating"]
    answers = np.array([[0.9], [0.4], [0.6], [0.3], [0.35]])
    found = test_statistics(answers, answers, response, outcome_masks(data, response))
    assert found["change after a rupture"] == pytest.approx((-0.5 - 0.3) / 2)
    assert found["change after a repair"] == pytest.approx(0.2)
    assert found["change after a bad act"] == pytest.approx((-0.5 - 0.3) / 2)
    assert found["change after nothing seen"] == pytest.approx(0.05)
    assert found["turns"] == pytest.approx(1.0)


def test_steps_after_acts_by_hand_where_answers_come_before(data):
    """What was done next after an act: the same outcomes lie one answer earlier."""
    response = RESPONSES["approach"]
    answers = np.array([[1.0], [1.0], [0.0], [1.0], [1.0]])
    found = test_statistics(answers, answers, response, outcome_masks(data, response))
    assert found["stays after a good act: friend"] == pytest.approx(0.5)  # 1 to 1, and 0 to 1
    assert found["shifts after a bad act: friend"] == pytest.approx(0.5)  # 1 to 0, and 1 to 1
    assert found["change after a repair"] == pytest.approx(1.0)


def test_what_is_known_of_bimodality():
    """Sarle's coefficient: 1/3 of a normal, 5/9 of an even distribution, 1 of two points."""
    generator = np.random.default_rng(1)
    size = (1000, 200)
    assert bimodality(generator.normal(size=size)) == pytest.approx(1 / 3, abs=0.01)
    assert bimodality(generator.random(size)) == pytest.approx(5 / 9, abs=0.01)
    assert bimodality(generator.integers(0, 2, size).astype(float)) == pytest.approx(1.0, abs=0.01)


def test_lag_one_autocorrelation_is_that_of_the_process(data):
    """A first-order autoregression of .6 over 1000 events, one figure."""
    generator, kept = np.random.default_rng(2), [0.0]
    for _ in range(999):
        kept.append(0.6 * kept[-1] + generator.normal())
    response = RESPONSES["availability_rating"]
    long = simulate(model_file.load_model("rescorla_wagner"), [Phase({"friend": constant_care(0.5)}, 1000)], 1, 1)
    answers = np.array(kept)[:, None]
    found = test_statistics(answers, answers, response, outcome_masks(long, response))
    assert found["lag-1 autocorrelation"] == pytest.approx(0.6, abs=4 * np.sqrt((1 - 0.36) / 1000))


@pytest.mark.parametrize("name", ["kalman", "compensatory", "noisy_and"])
def test_answers_told_again_are_those_of_the_likelihood(name):
    """Choices of 400 copies of everyone are as frequent as the tests' own walk through the events says."""
    model, generator = model_file.load_model(name), np.random.default_rng(1)
    data = simulate(model, PLAN, 6, 1)
    people = draw_people(model, names(2), 6, generator)
    copies = {key: np.tile(value, 400) for key, value in people.items()}
    found = simulate_open_loop(model, copies, np.tile(event_array(data), (1, 1, 400)), 2, 2, generator)["approach"]
    share = found.reshape(len(found), 400, 6).mean(axis=1)
    chance = 1.0 / (1.0 + np.exp(-arguments(model, people, data)["approach"]["logit_p"]))
    error = np.sqrt(chance * (1.0 - chance) / 400) + 1e-3
    assert (np.abs(share - chance) < 4.5 * error).all()


def test_who_withdraws_is_not_told_of_as_if_they_had_not():
    """Choices of the theory that made them: what follows on an unseen outcome lies within what the theory makes.

    Were choices held against other choices than those that hid the outcome, the change after nothing seen would be 0.
    """
    model = model_file.load_model("rescorla_wagner")
    model = model._replace(responses={"approach": model.responses["approach"]})
    plan, generator = [Phase({"friend": constant_care(0.5)}, 60)], np.random.default_rng(2)
    people = draw_people(model, ["friend"], 40, generator)
    data = simulate(model, plan, people, generator)
    life, response = outcome_masks(data, model.responses["approach"]), model.responses["approach"]
    answers = data["answer_approach"].values
    truth = test_statistics(answers, answers, response, life)["change after nothing seen"]
    again = [
        test_statistics(
            simulate_open_loop(model, people, event_array(data), 1, 1, generator)["approach"], answers, response, life
        )
        for _ in range(100)
    ]
    low, high = np.quantile([found["change after nothing seen"] for found in again], [0.005, 0.995])
    assert low < truth < high
    assert low > 0.0


def test_an_autoregression_told_again_keeps_its_echo():
    """A static belief and persistence .7: the lag-1 autocorrelation of what is told again is that of the simulation."""
    model = model_file.load_model("autoregressive")
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 60)], 40, 3)
    table = prior_predictive_check(model, data, draws=100).set_index(["response", "effect"])
    line = table.loc["availability_rating", "lag-1 autocorrelation"]
    assert line["low"] < line["data"] < line["high"]
    assert line["high"] > 0.2


def test_what_a_blind_theory_cannot_make(tmp_path):
    """People learn from outcomes; one who only grows cannot answer to a rupture, one who learns can."""
    text = 'schema = 2\nclaim = "-"\nreference = "-"\nrule = "{}"\nresponses = ["availability_rating"]\n'
    for rule in ("rescorla_wagner", "growth"):
        (tmp_path / f"{rule}.toml").write_text(text.format(rule))
    learning, blind = (model_file.load_model(tmp_path / f"{rule}.toml") for rule in ("rescorla_wagner", "growth"))
    data = simulate(learning, [Phase({"friend": constant_care(0.5)}, 30, assessed=True)], 40, 1)
    checks = {
        model.name: posterior_predictive_check(model, fit(model, data, "laplace", draws=100))
        for model in (learning, blind)
    }
    against = failed_checks(checks).query("response == 'availability_rating'")
    assert {"change after a rupture", "change after a repair"} <= set(against.query("theory == 'growth'")["effect"])
    assert against.query("theory == 'rescorla_wagner'").empty


def line_of(effect, value, note):
    """A line of a check whose people do 0, and -1 to 1 in 95 %."""
    return {
        "response": "rating",
        "effect": effect,
        "data": value,
        "median": 0.0,
        "low": -1.0,
        "high": 1.0,
        "note": note,
    }


def test_what_cannot_be_made_is_counted_and_the_worst_is_named():
    """Two of four, of which the furthest two are named and the one that was only missed is not."""
    lines = [("a", 0.5, ""), ("b", 3.0, "cannot be made"), ("c", -9.0, "cannot be made"), ("d", 1.1, "missed")]
    said = ppc_count_sentence(pd.DataFrame([line_of(*line) for line in lines]))
    assert said.startswith("cannot make 2 of 4 effects")
    assert said.endswith("misses 1 more; furthest off: c (rating) and b (rating)")
    assert "furthest" not in ppc_count_sentence(pd.DataFrame([line_of("a", 0.5, "")]))


def test_where_nothing_is_off_no_alarm_is_raised():
    """All effects made: that is said, and no remedy; one that cannot be made: a remedy."""
    fine, off = (pd.DataFrame([line_of("a", 0.5, ""), line_of("b", 3.0, note)]) for note in ("", "cannot be made"))
    assert (
        prior_ppc_sentence(fine, ["rating"]) == "Before any data the theory makes all 2 effects that were looked for."
    )
    assert posterior_ppc_sentence(fine, ["rating"]).startswith("The theory makes all 2 effects")
    assert "a scale is reversed" in prior_ppc_sentence(off, [])


@pytest.mark.parametrize("says", [prior_ppc_sentence, posterior_ppc_sentence])
def test_rounding_is_named_where_a_rating_that_lies_off_has_few_levels(says):
    """Of a response that lies off and has few levels; not of one in many, nor where another one is off."""
    off = pd.DataFrame([line_of("b", 3.0, "cannot be made")])
    assert "Answers to rating have few levels" in says(off, ["rating"])
    assert "rounding" not in says(off, []) + says(off, ["another"])


@pytest.mark.parametrize(("steps", "few"), [(6, True), (10, True), (11, False), (1000, False)])
def test_ratings_in_few_levels(steps, few):
    """Up to eleven different answers, as many as the longest Likert item has; a choice has two, and is not rounded."""
    model = model_file.load_model("rescorla_wagner")
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 30)], 30, 1)
    even = np.resize(np.arange(steps + 1) / steps, data["answer_worth_rating"].shape)
    data["answer_worth_rating"] = data["answer_worth_rating"].copy(data=even)
    assert rounded_ratings(model, data) == ["worth_rating"] * few
    assert rounded_ratings(model, data.isel(event=slice(1), person=slice(2))) == []
