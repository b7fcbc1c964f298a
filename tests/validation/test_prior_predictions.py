"""Prior predictions by closed form and known values, decisions by hand, and the committed matrix against the code."""

import io
import os
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from helpers import names

from iwm_bayes.cli.predictions import run_script
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError
from iwm_bayes.validation import prediction_matrix
from iwm_bayes.validation.prior_predictions import (
    Curve,
    claims,
    curve_lines,
    decision_sentence,
    effect_share,
    is_kept,
    predict,
    prediction_lines,
)
from iwm_bayes.validation.scripted_events import (
    ScriptedEvent,
    event_array_of,
    median_people,
    random_care,
    simulate_beliefs,
    with_initial_beliefs,
)

PREDICTIONS = {prediction.name: prediction for prediction in prediction_matrix.load_predictions()}
COMMITTED = Path(__file__).parents[2] / "experiments" / "predictions" / "matrix.csv"
FEW = 300


def test_scripted_events_are_those_of_a_data_set():
    """Two figures in turn, one outcome not observed: the same array as from a data set."""
    plan = [Phase({name: constant_care(0.5) for name in names(2)}, 3)]
    model = model_file.load_model("rescorla_wagner")
    model = model._replace(
        responses={"availability_rating": model.responses["availability_rating"]}
    )  # nobody withdraws
    data = simulate(model, plan, 4, 1)
    data["observed"][3], data["outcome"][3] = False, 0.0
    outcome, gaps = data["outcome"].values, data["since_any"].values[:, 0]
    events = [ScriptedEvent(None if event == 3 else outcome[event], event % 2, gaps[event]) for event in range(6)]
    found, wanted = event_array_of(events, 2, 4), event_array(data)
    np.testing.assert_allclose(found[:, :2], wanted[:, :2])
    np.testing.assert_allclose(found[:, 4:], wanted[:, 4:])


@pytest.mark.parametrize(
    ("starts", "after_rejection"),
    [((0.8, 0.2), (0.767, 0.067)), ((0.2, 0.8), (0.067, 0.767)), ((0.2, 0.2), (0.171, 0.171))],
)
def test_noisy_and_after_a_rejection(starts, after_rejection):
    """Availability and self-worth after one unresponsive outcome, without forgetting."""
    model = model_file.load_model("noisy_and")
    people = median_people(model, 3, np.random.default_rng(1)) | {"hazard": np.zeros(3)}
    beliefs = simulate_beliefs(
        model, with_initial_beliefs(people, availability=starts[0], worth=starts[1]), [ScriptedEvent(0.0)]
    )
    assert beliefs.availability[-1] == pytest.approx(after_rejection[0], abs=5e-4)
    assert beliefs.worth[-1] == pytest.approx(after_rejection[1], abs=5e-4)


@pytest.mark.parametrize(("name", "belief"), [("rescorla_wagner", 0.25), ("strain_test", 0.2 + 0.7 * 0.25)])
def test_other_initial_beliefs_are_those_of_the_parameter_of_the_start(name, belief):
    """In a strain test this is the probability of a reliable figure, which responds in 0.9 and not 0.2 of sessions."""
    model = model_file.load_model(name)
    people = with_initial_beliefs(median_people(model, 3, np.random.default_rng(1)), availability=0.25)
    beliefs = simulate_beliefs(model, people, [ScriptedEvent(None)])
    np.testing.assert_allclose(beliefs.availability_before[0], belief, rtol=1e-12)


def test_the_gain_of_a_delta_rule_is_its_rate():
    model, rng = model_file.load_model("rescorla_wagner"), np.random.default_rng(1)
    people = median_people(model, 20, rng)
    beliefs = simulate_beliefs(model, people, random_care(0.5, 12, 20, rng))
    np.testing.assert_allclose(beliefs.gain(slice(3, 9)), people["availability_rate"])


def test_what_a_rupture_costs_a_delta_rule():
    """One unresponsive outcome six sessions ago costs rate * (1 - rate)^5 of availability."""
    model, prediction = model_file.load_model("rescorla_wagner"), PREDICTIONS["rupture_repair"]
    effect = prediction.experiment(model, 50, np.random.default_rng(7)).effect
    rate = median_people(model, 50, np.random.default_rng(7))["availability_rate"]
    np.testing.assert_allclose(effect, -rate * (1 - rate) ** 5)


def test_people_are_drawn_from_the_priors():
    """Nine tenths of median people lie in the 90% range of a model file."""
    drawn = median_people(model_file.load_model("kalman"), 20_000, np.random.default_rng(1))["availability_start"]
    assert np.mean((drawn > 0.15) & (drawn < 0.85)) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 20_000))


def test_a_decision_by_hand():
    table = pd.DataFrame(
        {"model": ["a", "b"], "claim": ["shows", "does not"], "share": [0.95, 0.5], "kept": [True, True]}
    )
    assert decision_sentence(table).endswith("the nearest rival, b, shows it in 0.50 of its prior")
    assert decision_sentence(table.assign(kept=[True, False])) == "undecided: not as claimed in b"
    assert decision_sentence(table[:1]).startswith("withdrawn")  # no rival is left


def test_an_effect_that_is_undefined_counts_against_a_claim():
    """It is no evidence that a model shows the effect, and none that a rival does not."""
    share = effect_share(np.array([0.2, 0.2, 0.0, np.nan, np.nan]), 0.1)
    assert share["share"] == share["undefined"] == pytest.approx(0.4)
    assert share["median"] == 0.2
    assert not is_kept("does not", share)
    assert is_kept("does not", share | {"undefined": 0.15})
    assert not is_kept("shows", share)


@pytest.mark.parametrize(
    ("prediction", "model"),
    [
        ("earned_security", "rescorla_wagner"),  # no variance
        ("state_and_trait", "kalman"),  # nobody rates a state
        ("self_regulation", "kalman"),
        ("containment", "kalman"),
    ],
)
def test_a_model_without_what_is_measured_does_not_take_part(prediction, model):
    """One message says so, and the models that a prediction names all take part."""
    with pytest.raises(InputError, match=f"does not have what the prediction {prediction} measures"):
        predict(PREDICTIONS[prediction], model_file.load_model(model), 2)


@pytest.mark.parametrize("name", PREDICTIONS)
def test_every_model_that_a_prediction_names_takes_part(name):
    models = [prediction_matrix.load_named_model(model) for model, _ in claims(PREDICTIONS[name])]
    assert all(map(PREDICTIONS[name].takes_part, models))


def test_the_lines_of_a_curve_are_quartiles_over_draws():
    """NaN, such as a learning rate where nothing surprised, is left out."""
    lines = curve_lines(
        Curve(np.array([1.0, 2.0]), np.array([[0.0, 1.0, 2.0, 3.0, 4.0], [5.0, 5.0, np.nan, 5.0, 5.0]]))
    )
    np.testing.assert_allclose(lines, [[1, 1, 2, 3], [2, 5, 5, 5]])


@pytest.mark.parametrize("name", PREDICTIONS)
def test_the_committed_matrix_is_what_the_code_makes(name):
    """Every line again with a few draws: the same models and claims, shares within four Monte Carlo errors."""
    committed = pd.read_csv(COMMITTED).query("prediction == @name").reset_index(drop=True)
    found, _ = prediction_lines(PREDICTIONS[name], prediction_matrix.load_named_model, FEW)
    assert found[["model", "claim"]].equals(committed[["model", "claim"]])
    share = committed["share"].clip(1 / FEW, 1 - 1 / FEW)
    error = np.sqrt(share * (1 - share) / FEW) + committed["se"] + 1 / FEW
    assert ((found["share"] - committed["share"]).abs() < 4 * error).all()


def test_every_experiment_with_a_prediction_is_in_the_matrix():
    scripts = {
        path.stem
        for path in prediction_matrix.experiments_folder().glob("*.py")
        if "PREDICTION = " in path.read_text(encoding="utf-8")
    }
    assert scripts == set(prediction_matrix.PREDICTION_ORDER)
    assert all(
        len((prediction_matrix.experiments_folder() / f"{name}.py").read_text().splitlines()) <= 80 for name in scripts
    )


def test_an_experiment_runs_as_a_script(tmp_path):
    """It prints the decision and keeps a table and a plot."""
    printed = io.StringIO()
    with patch("sys.argv", ["credit.py", "50", os.fspath(tmp_path)]), redirect_stdout(printed):
        run_script(PREDICTIONS["credit"])
    assert "Attribution of a rejection to self or other" in printed.getvalue()
    assert "decided" in printed.getvalue().splitlines()[-1]
    assert len(pd.read_csv(tmp_path / "tables" / "credit.csv")) == 5
    assert (tmp_path / "plots" / "credit.svg").read_text(encoding="utf-8").count("<svg") == 1
