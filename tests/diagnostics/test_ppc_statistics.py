"""Test statistics by hand and by known values; replicated answers compared with the arguments of the likelihood."""

import numpy as np
import pandas as pd
import pytest
from helpers import arguments, names
from scipy.stats import binom

from iwm_bayes.diagnostics.ppc_statistics import bimodality, outcome_masks, response_statistics
from iwm_bayes.diagnostics.predictive_checks import (
    OUTSIDE_95,
    OUTSIDE_99,
    failed_checks,
    joint_p,
    posterior_ppc_sentence,
    posterior_predictive_check,
    ppc_count_sentence,
    ppc_table,
    prior_ppc_sentence,
    prior_predictive_check,
    reproduced,
    rounded_ratings,
)
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.inference.fit import fit
from iwm_bayes.model.specification import model_file
from iwm_bayes.responses import RESPONSES
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.open_loop import simulate_open_loop
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.simulation.simulate import Phase, simulate

PLAN = [Phase({name: constant_care(0.6) for name in names(2)}, 6, assessed=True)]
NOTHING = np.nan


@pytest.fixture(scope="module")
def data():
    """Return one person with one figure: responsive, unresponsive, responsive, unresponsive, not observed."""
    model = model_file.load_model("rescorla_wagner")
    found = simulate(model, [Phase({"friend": constant_care(0.5)}, 5)], 1, 1)
    return found.assign(
        outcome=(("event", "person"), np.array([[1.0], [0.0], [1.0], [0.0], [0.0]])),
        observed=(("event", "person"), np.array([[True], [True], [True], [True], [False]])),
    )


def test_changes_by_hand_where_answers_follow_the_outcome(data):
    """The change is over the event's own outcome: ruptures at the second and fourth event, a repair between."""
    response = RESPONSES["availability_rating"]
    answers = np.array([[0.9], [0.4], [0.6], [0.3], [0.35]])
    found = response_statistics(answers, answers, response, outcome_masks(data, response))
    assert found["change after a rupture"] == pytest.approx((-0.5 - 0.3) / 2)
    assert found["change after a repair"] == pytest.approx(0.2)
    assert found["change after an unresponsive session"] == pytest.approx((-0.5 - 0.3) / 2)
    assert found["change without an observed outcome"] == pytest.approx(0.05)
    assert found["reversals"] == pytest.approx(1.0)


def test_changes_by_hand_where_answers_precede_the_outcome(data):
    """The change is over the outcome of the previous event."""
    response = RESPONSES["approach"]
    answers = np.array([[1.0], [1.0], [0.0], [1.0], [1.0]])
    found = response_statistics(answers, answers, response, outcome_masks(data, response))
    assert found["stays after a responsive session: friend"] == pytest.approx(0.5)  # 1 to 1, and 0 to 1
    assert found["shifts after an unresponsive session: friend"] == pytest.approx(0.5)  # 1 to 0, and 1 to 1
    assert found["change after a repair"] == pytest.approx(1.0)


def test_known_values_of_bimodality():
    """Sarle's coefficient is 1/3 for a normal distribution, 5/9 for a uniform one, and 1 for two points."""
    generator = np.random.default_rng(1)
    size = (1000, 200)
    assert bimodality(generator.normal(size=size)) == pytest.approx(1 / 3, abs=0.01)
    assert bimodality(generator.random(size)) == pytest.approx(5 / 9, abs=0.01)
    assert bimodality(generator.integers(0, 2, size).astype(float)) == pytest.approx(1.0, abs=0.01)


def test_lag_one_autocorrelation_is_that_of_the_process(data):
    """It is that of a first-order autoregression of 0.6 over 1000 events with one figure."""
    generator, kept = np.random.default_rng(2), [0.0]
    for _ in range(999):
        kept.append(0.6 * kept[-1] + generator.normal())
    response = RESPONSES["availability_rating"]
    long = simulate(model_file.load_model("rescorla_wagner"), [Phase({"friend": constant_care(0.5)}, 1000)], 1, 1)
    answers = np.array(kept)[:, None]
    found = response_statistics(answers, answers, response, outcome_masks(long, response))
    assert found["lag-1 autocorrelation"] == pytest.approx(0.6, abs=4 * np.sqrt((1 - 0.36) / 1000))


@pytest.mark.parametrize("name", ["kalman", "compensatory", "noisy_and"])
def test_replicated_answers_are_those_of_the_likelihood(name):
    """Choices of 400 copies of everyone are as frequent as the tests' own filter says."""
    model, generator = model_file.load_model(name), np.random.default_rng(1)
    data = simulate(model, PLAN, 6, 1)
    people = draw_people(model, names(2), 6, generator)
    copies = {key: np.tile(value, 400) for key, value in people.items()}
    found = simulate_open_loop(model, copies, np.tile(event_array(data), (1, 1, 400)), 2, 2, generator)["approach"]
    share = found.reshape(len(found), 400, 6).mean(axis=1)
    chance = 1.0 / (1.0 + np.exp(-arguments(model, people, data)["approach"]["logit_p"]))
    error = np.sqrt(chance * (1.0 - chance) / 400) + 1e-3
    assert (np.abs(share - chance) < 4.5 * error).all()


def test_replicated_choices_follow_the_observed_withdrawal():
    """Under the generating model, the change without an observed outcome is inside the predictive interval.

    If choices followed others than those that hid the outcome, this change would be 0.
    """
    model = model_file.load_model("rescorla_wagner")
    model = model._replace(responses={"approach": model.responses["approach"]})
    plan, generator = [Phase({"friend": constant_care(0.5)}, 60)], np.random.default_rng(2)
    people = draw_people(model, ["friend"], 40, generator)
    data = simulate(model, plan, people, generator)
    life, response = outcome_masks(data, model.responses["approach"]), model.responses["approach"]
    answers = data["answer_approach"].values
    truth = response_statistics(answers, answers, response, life)["change without an observed outcome"]
    again = [
        response_statistics(
            simulate_open_loop(model, people, event_array(data), 1, 1, generator)["approach"], answers, response, life
        )
        for _ in range(100)
    ]
    low, high = np.quantile([found["change without an observed outcome"] for found in again], [0.005, 0.995])
    assert low < truth < high
    assert low > 0.0


def test_a_replicated_autoregression_keeps_its_carryover():
    """With a static belief and persistence 0.7, replications have the lag-1 autocorrelation of the simulation."""
    model = model_file.load_model("autoregressive")
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 60)], 40, 3)
    table = prior_predictive_check(model, data, draws=100).set_index(["response", "statistic"])
    line = table.loc["availability_rating", "lag-1 autocorrelation"]
    assert line["pi95_low"] < line["observed"] < line["pi95_high"]
    assert line["pi95_high"] > 0.2


def test_a_model_without_learning_fails_where_people_learn(tmp_path):
    """A model of growth does not reproduce changes after ruptures and repairs; a model of learning does."""
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
    assert {"change after a rupture", "change after a repair"} <= set(against.query("model == 'growth'")["statistic"])
    assert against.query("model == 'rescorla_wagner'").empty


def line_of(statistic, value, status, p_joint=None):
    """Make a line of a check whose replications have the median 0 and the 95% interval from -1 to 1."""
    return {
        "response": "rating",
        "statistic": statistic,
        "observed": value,
        "median": 0.0,
        "pi95_low": -1.0,
        "pi95_high": 1.0,
        "status": status,
        "p_joint": (0.01 if status == OUTSIDE_99 else 0.8) if p_joint is None else p_joint,
    }


def test_statistics_outside_are_counted_and_the_furthest_are_named():
    """Three of four are outside, two of them outside 99%; these two are the furthest."""
    lines = [("a", 0.5, ""), ("b", 3.0, OUTSIDE_99), ("c", -9.0, OUTSIDE_99), ("d", 1.1, OUTSIDE_95)]
    sentence = ppc_count_sentence(pd.DataFrame([line_of(*line) for line in lines]))
    assert sentence.startswith(
        "3 of 4 test statistics are outside the 95% predictive interval (0.2 expected by chance)"
    )
    assert "2 of them outside the 99% interval (0.0 expected)" in sentence
    assert "more than expected under the model (joint test over all statistics: p = 0.01)" in sentence
    assert sentence.endswith("Furthest outside: c (rating) and b (rating).")
    assert "Furthest" not in ppc_count_sentence(pd.DataFrame([line_of("a", 0.5, "")]))


def test_remedies_are_named_only_where_a_statistic_is_outside():
    """If the joint test finds nothing, the sentence says so and has no remedy, whatever a single statistic does."""
    inside, outside = (pd.DataFrame([line_of("a", 0.5, ""), line_of("b", 3.0, status)]) for status in ("", OUTSIDE_99))
    everything = ppc_count_sentence(inside)
    assert "no more than expected under the model (joint test over all statistics: p = 0.8)" in everything
    assert prior_ppc_sentence(inside, ["rating"]) == f"Prior predictive checks: {everything}"
    assert posterior_ppc_sentence(inside, ["rating"]).startswith(f"Posterior predictive checks: {everything}")
    by_chance = pd.DataFrame([line_of("a", 0.5, ""), line_of("b", 1.1, OUTSIDE_95, 0.3)])
    assert "no scale is reversed" not in prior_ppc_sentence(by_chance, [])
    assert "no scale is reversed" in prior_ppc_sentence(outside, [])


def test_the_joint_test_flags_the_true_model_at_its_nominal_rate():
    """400 studies of a known process: at most a binomial 99.9% of them are flagged at .05, and not far fewer.

    Single statistics are outside 99% in far more studies than one in twenty.
    """
    response, rng = RESPONSES["availability_rating"], np.random.default_rng(4)
    model = model_file.load_model("rescorla_wagner")
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 12)], 15, 1)
    life = outcome_masks(data, response)
    flagged, beyond = 0, 0
    for _ in range(400):
        answers = rng.normal(0.5, 0.1, (101, 12, 15)) + rng.normal(0.0, 0.1, (101, 1, 15))
        found = pd.DataFrame(response_statistics(answers, answers, response, life))
        table = ppc_table({"rating": found.iloc[0].dropna().to_dict()}, {"rating": found.iloc[1:]})
        flagged += not reproduced(table)
        beyond += (table["status"] == OUTSIDE_99).any()
    assert binom.ppf(0.001, 400, 0.05) <= flagged <= binom.ppf(0.999, 400, 0.05)
    assert beyond > binom.ppf(0.999, 400, 0.05)


def test_a_discrepancy_that_no_replication_has_is_flagged():
    """The largest discrepancy by hand: of four replications none is as far out as the data; p is 1 / 5."""
    replicated = np.array([[0.0, 1.0], [1.0, 2.0], [0.5, 1.5], [0.4, np.nan]])
    p = joint_p(np.array([0.5, 40.0]), replicated)
    assert p[1] == pytest.approx(1 / 5)
    assert p[0] == pytest.approx(1.0)


def test_a_statistic_that_cannot_fail_is_not_counted(data):
    """Binary answers can only turn back: their share of reversals is 1 in the data and in every replication.

    One that no replication varies in, but that the data do not have, is a failure, and stays.
    """
    rng, response = np.random.default_rng(3), RESPONSES["approach"]
    long = simulate(model_file.load_model("rescorla_wagner"), [Phase({"friend": constant_care(0.5)}, 40)], 5, 1)
    answers = rng.integers(0, 2, (50, 40, 5)).astype(float)
    found = pd.DataFrame(response_statistics(answers, answers, response, outcome_masks(long, response)))
    assert (found["reversals"] == 1.0).all()
    table = ppc_table({"approach": found.iloc[0].dropna().to_dict()}, {"approach": found.iloc[1:]})
    assert "reversals" not in set(table["statistic"])
    assert f"of {len(table)} test statistics" in ppc_count_sentence(table)
    constant = {"rating": pd.DataFrame({"a": np.zeros(20), "b": np.zeros(20)})}
    kept = ppc_table({"rating": {"a": 0.0, "b": 0.3}}, constant)
    assert kept["statistic"].tolist() == ["b"]
    assert kept["status"].tolist() == [OUTSIDE_99]


@pytest.mark.parametrize("sentence", [prior_ppc_sentence, posterior_ppc_sentence])
def test_rounding_is_named_where_a_rating_outside_has_few_levels(sentence):
    """It is not named for a rating with many levels, nor where another response is outside."""
    outside = pd.DataFrame([line_of("b", 3.0, OUTSIDE_99)])
    assert "Answers to rating have few levels" in sentence(outside, ["rating"])
    assert "rounding" not in sentence(outside, []) + sentence(outside, ["another"])


@pytest.mark.parametrize(("steps", "few"), [(6, True), (10, True), (11, False), (1000, False)])
def test_ratings_in_few_levels(steps, few):
    """Up to eleven distinct answers, as many as the longest Likert item has; a choice is not rounded."""
    model = model_file.load_model("rescorla_wagner")
    data = simulate(model, [Phase({"friend": constant_care(0.5)}, 30)], 30, 1)
    even = np.resize(np.arange(steps + 1) / steps, data["answer_worth_rating"].shape)
    data["answer_worth_rating"] = data["answer_worth_rating"].copy(data=even)
    assert rounded_ratings(model, data) == ["worth_rating"] * few
    assert rounded_ratings(model, data.isel(event=slice(1), person=slice(2))) == []


@pytest.mark.parametrize("kind", ["dropout", "leaving"])
def test_leaving_is_reproduced_by_its_own_model(kind):
    """In 20 studies, statistics of the true people are outside their 95% interval as rarely as chance allows."""
    model = model_file.load_model("rescorla_wagner")
    model = model._replace(responses={"left": RESPONSES[kind].without_worth or RESPONSES[kind]})
    plan, outside, count = [Phase({"friend": constant_care(0.6)}, 20)], 0, 0
    for seed in range(20):
        generator = np.random.default_rng(seed)
        people = draw_people(model, ["friend"], 60, generator)
        people |= {"left_risk": np.full(60, 0.05), "left_odds_ratio": np.full(60, 0.5)}
        data = simulate(model, plan, people, generator)
        again = [along_events(model, data, people, generator)["left"] for _ in range(40)]
        masks = outcome_masks(data, model.responses["left"])
        seen, drawn = (
            pd.DataFrame(response_statistics(np.array(answers), np.array(answers), model.responses["left"], masks))
            for answers in ([data["answer_left"].values], again)
        )
        low, high = drawn.quantile(0.025), drawn.quantile(0.975)
        outside += int(((seen.iloc[0] < low) | (seen.iloc[0] > high)).sum())
        count += int(seen.iloc[0].notna().sum())
    assert count > 100
    assert outside / count < 0.05 + 4 * np.sqrt(0.05 * 0.95 / count)
