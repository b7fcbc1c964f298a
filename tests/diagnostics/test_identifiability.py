"""Warnings about parameters that data do not identify."""

from pathlib import Path

from helpers import random_data

from iwm_bayes.data.raters import model_with_raters, raters
from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.model.specification.model_file import find_model, load_model
from iwm_bayes.responses.scale import with_scales
from iwm_bayes.types import ModelSpec


def with_lines(folder: Path, name: str, more: str = "") -> ModelSpec:
    """Load a built-in model with more lines in its file."""
    path = folder / "changed.toml"
    path.write_text(find_model(name).read_text() + more)
    return load_model(path)


def test_one_figure_without_a_rating_of_self_worth_identifies_a_sum() -> None:
    """A second figure identifies both beliefs weakly, and a rating of self-worth identifies them fully."""
    whole = load_model("compensatory")
    blind = whole._replace(responses={n: r for n, r in whole.responses.items() if r.about != "worth"})
    assert "only their sum" in identifiability(blind, random_data(figures=1))[0]
    assert "weakly" in identifiability(blind, random_data(figures=2))[0]
    assert not any("self-worth" in warning for warning in identifiability(whole, random_data(figures=1)))


def test_graded_outcomes_of_a_binary_rule_are_named() -> None:
    """They enter as a tempered likelihood; outcomes of 0 and 1 need no warning."""
    graded = random_data()
    assert "tempered" in identifiability(load_model("compensatory"), graded)[0]
    assert identifiability(load_model("compensatory"), graded.assign(outcome=graded["outcome"].round())) == []


def test_a_free_scale_needs_a_completely_pooled_initial_belief(tmp_path: Path) -> None:
    """If initial beliefs and the use of the scale both differ between people, they are weakly identified."""
    free = "\n[parameters.worth_rating_slope]\nfixed = false"
    shared = '\n[parameters.worth_start]\npooling = "complete"'
    [warning] = identifiability(with_lines(tmp_path, "rescorla_wagner", free), random_data())
    assert "worth_start is weakly identified: no rating of self-worth has a fixed scale" in warning
    assert identifiability(with_lines(tmp_path, "rescorla_wagner", free + shared), random_data()) == []


def test_parameters_of_a_column_that_is_not_recorded(tmp_path: Path) -> None:
    """Strategies need distress and fear needs threat; if both are recorded there is no warning."""
    path = tmp_path / "own.toml"
    head = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "kalman"\nresponses = ["availability_rating", "bid"]\n'
    path.write_text(head + "[parameters.bid_fearfulness]\nfixed = false\n")
    calm = random_data(figures=2)
    nothing = calm.assign(distress=calm["distress"] * 0.0, threat=calm["threat"] * 0.0)
    strategies, fear = identifiability(load_model(path), nothing)
    assert "no distress is recorded: bid_activation" in strategies
    assert "no threat is recorded: bid_fearfulness" in fear
    assert identifiability(load_model(path), random_data(figures=2)) == []


def test_a_scale_fixed_by_another_rater_is_named() -> None:
    """If a therapist's rating fixes the scale of a patient's belief, a warning says so."""
    data = random_data().assign_attrs({"rater of availability_rating": "therapist"})
    model = load_model("rescorla_wagner")
    [warning] = identifiability(model, data)
    assert "not identified by availability_rating: this is the therapist's rating" in warning


def test_what_raters_leave_open_is_named() -> None:
    """One rater has no error that could be told from the outcome; two need sessions that both rated."""
    model, data = load_model("rescorla_wagner"), random_data()
    rated = {name: data["outcome"].where(data["observed"]) for name in ("patient", "therapist", "observer")}
    data = data.assign({f"answer_outcome_{name}": values for name, values in rated.items()})
    alone = identifiability(model_with_raters(model, raters(["patient"])), data)
    assert [sentence[:45] for sentence in alone] == [
        "the error of outcome_patient is hardly identi",
        "the expectancy bias is not identified, and fi",
    ]
    both = model_with_raters(model, raters(["patient", "therapist"]))
    assert identifiability(both, data) == []
    few = data.assign(answer_outcome_therapist=rated["therapist"].where(data["event"] < 1))
    [sentence] = identifiability(both, few)
    assert sentence.startswith("not identified beyond their priors: outcome_patient_bias, outcome_patient_slope, outco")


def test_a_belief_without_a_rating_on_the_outcome_scale_is_named() -> None:
    """A free scale of the group follows from learning and from priors; one rating on the outcome's scale is enough."""
    model, names = load_model("rescorla_wagner"), ("availability_rating", "worth_rating")
    own_scale = with_scales(model, dict.fromkeys(names, False))
    warnings = identifiability(own_scale, random_data())
    assert [warning.partition(":")[0] for warning in warnings] == ["availability", "self-worth"]
    assert all("write `commensurable = true`" in warning for warning in warnings)
    [about_worth] = identifiability(with_scales(model, {"worth_rating": False}), random_data())
    assert about_worth.startswith("self-worth: no rating of this belief is stated to be on the outcome's scale")
    assert identifiability(with_scales(model, dict.fromkeys(names, True)), random_data()) == []
