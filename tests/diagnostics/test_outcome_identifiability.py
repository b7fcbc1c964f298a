"""What `iwm check` says about symptoms and leaving, each in a study that has the fault and in one that has not."""

import numpy as np
import pytest

from iwm_bayes.data.raters import model_with_raters, raters
from iwm_bayes.diagnostics.identifiability import identifiability
from iwm_bayes.model.specification.additions import with_added
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec, parameters, with_parameters

RATERS = raters(["patient", "therapist"])


def model_with(lag=0, **responses):
    """A model with ratings of both beliefs on the outcome's scale, a symptom, and further responses."""
    symptom = RESPONSES["symptom"]._replace(lag=lag)
    ratings = {name: RESPONSES[name] for name in ("availability_rating", "worth_rating")}
    return ModelSpec("one", lift_learner(RULES["rescorla_wagner"]), ratings | {"symptom": symptom} | responses)


def said_about(name, model, data):
    """The sentences about one response."""
    return [sentence for sentence in identifiability(model, data) if sentence.startswith(f"{name}:")]


def study(model, sessions=12, people=40):
    """A simulated study."""
    return simulate(model, [Phase({"therapist": constant_care(0.6)}, sessions)], people, seed=1)


def test_a_usual_symptom_is_not_doubted():
    """Twelve sessions, a lag of one, and people who differ in how they learn."""
    model = model_with(lag=1)
    assert said_about("symptom", model, study(model)) == []


def test_few_answers_are_said():
    """A symptom that was asked three times."""
    model = model_with()
    data = study(model)
    data["answer_symptom"] = data["answer_symptom"].where(data["event"] < 3)
    [sentence] = said_about("symptom", model, data)
    assert "the median person has 3 answers" in sentence


@pytest.mark.parametrize(("lag", "known"), [(7, 200), (12, 0)])
def test_a_lag_that_most_answers_do_not_reach_is_said(lag, known):
    """Of twelve answers of 40 people, five have a session seven sessions before; none has one twelve before."""
    model = model_with(lag=lag)
    [sentence] = said_about("symptom", model, study(model))
    assert f"only {known} of 480 answers have a session with the same figure {lag} sessions before" in sentence


def test_beliefs_that_move_together_are_said():
    """The same initial belief and learning rate for both beliefs and everybody: changes are equal."""
    model = model_with()
    same = {name: 0.2 for name in parameters(model) if name.endswith(("_rate", "_start"))}
    fixed = {name: own._replace(fixed=same.get(name, own.fixed)) for name, own in parameters(model).items()}
    data = study(model)
    [sentence] = said_about("symptom", with_parameters(model, fixed), data)
    assert "change together in these sessions (correlation 1.00" in sentence


@pytest.mark.parametrize("modified", ["belief_noise", "raters"])
def test_beliefs_that_move_apart_by_themselves_are_not_said(modified):
    """Equal learning and initial beliefs: with noise of their own beliefs part, and with rated outcomes they do not."""
    model = model_with()
    model = with_added(model, ["belief_noise"]) if modified == "belief_noise" else model_with_raters(model, RATERS)
    same = {name: 0.2 for name in parameters(model) if name.endswith(("_rate", "_start", "_belief_noise"))}
    fixed = {name: own._replace(fixed=same.get(name, own.fixed)) for name, own in parameters(model).items()}
    data = study(model)
    found = said_about("symptom", with_parameters(model, fixed), data)
    assert len(found) == (modified == "raters")
    assert all("correlation 1.00" in sentence for sentence in found)


@pytest.mark.parametrize(("kind", "n_free"), [("dropout", 2), ("leaving", 3)])
def test_few_people_who_left_are_said(kind, n_free):
    """Ten for each free parameter are enough, one fewer is not; two reasons need more people than one."""
    model = model_with(leaving=RESPONSES[kind])
    data = study(model)
    answer = np.zeros(data["answer_leaving"].shape)
    for left, doubted in ((10 * n_free - 1, True), (10 * n_free, False)):
        answer[-1] = np.arange(40) < left
        sentences = said_about("leaving", model, data.assign(answer_leaving=(("event", "person"), answer)))
        assert len(sentences) == doubted
        if doubted:
            assert f"{left} of 40 people left" in sentences[0]
            assert ("Which reason people had" in sentences[0]) == (kind == "leaving")
