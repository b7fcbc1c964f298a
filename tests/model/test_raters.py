"""A latent outcome that several people rate: by hand, in both engines, in data, in records, and simulated."""

import numpy as np
import pandas as pd
import pytest
from helpers import interpreted, random_data
from scipy.special import expit
from scipy.stats import norm

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.raters import model_with_raters, raters
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.unrecorded import replaced_outcomes
from iwm_bayes.filtering.engine_choice import using_engine
from iwm_bayes.inference.engines import person_likelihood
from iwm_bayes.inference.laplace.person_posteriors import cubature
from iwm_bayes.model.inputs import model_data, theta_parameters
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.model.specification.model_record import model_from_record, model_record
from iwm_bayes.report.methods import raters_statement, scale_statement
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, parameters
from iwm_bayes.workflow.load import load_data
from iwm_bayes.workflow.study import Column, Outcome, Study

HEAD = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
PEOPLE, SESSIONS, FLOOR = 9, 4, 0.02
PHASES = [Phase({"therapist": constant_care(0.7)}, SESSIONS, assessed=True)]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "own.toml"
    path.write_text(HEAD, encoding="utf-8")
    return load_model(path)


@pytest.fixture(scope="module")
def model(plain):
    return model_with_raters(plain, raters(["patient", "therapist"]))


def censored(answer, mean, noise):
    """The log likelihood of a rating on the scale 0..1; 0 where there is none."""
    sd = np.hypot(noise, FLOOR)
    low, high = norm.logcdf(-mean / sd), norm.logsf(1.0, mean, sd)
    found = np.where(answer <= 0.0, low, np.where(answer >= 1.0, high, norm.logpdf(answer, mean, sd)))
    return np.where(np.isnan(answer), 0.0, found)


def by_hand(model, data, theta):
    """The log likelihood of everyone's answers (person,), event by event as a textbook would have it."""
    row = {free.label: values for free, values in zip(free_parameters(model, figure_names(data)), theta, strict=False)}
    expected, rate = expit(row["availability_start"]), expit(row["availability_rate"])
    total = np.zeros(PEOPLE)
    for event, z in enumerate(theta[-data.sizes["event"] :]):
        answers = {name: data[f"answer_{name}"].values[event] for name in model.responses}
        outcome = expit(row["responsiveness"] + np.exp(row["responsiveness_variation"]) * z)
        lean, slope, bias = (
            expit(row["outcome_patient_lean"]),
            row["outcome_patient_slope"],
            row["outcome_patient_bias"],
        )
        by_patient = 0.5 + bias + slope * (outcome - 0.5) + lean * (expected - outcome)
        total += censored(answers["outcome_patient"], by_patient, np.exp(row["outcome_patient_noise"]))
        total += censored(answers["outcome_therapist"], outcome, np.exp(row["outcome_therapist_noise"]))
        experienced = data["observed"].values[event]
        expected = np.where(experienced, expected + rate * (outcome - expected), expected)
        total += censored(answers["availability_rating"], expected, np.exp(row["availability_rating_noise"]))
    return total


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_engines_have_the_likelihood_of_ratings_of_a_latent_outcome(model, engine):
    """With its gradient, by finite differences; the therapist did not rate every session."""
    data = simulate(model, PHASES, PEOPLE, 1)
    missed = (np.arange(SESSIONS + 1)[:, None] + np.arange(PEOPLE)) % 3 == 0
    data["answer_outcome_therapist"] = data["answer_outcome_therapist"].where(~missed)
    theta = np.random.default_rng(2).normal(-0.5, 0.4, (len(theta_parameters(model, data)), PEOPLE))
    arrays = model_data(model, data)
    with interpreted(), using_engine(engine):
        likelihood = person_likelihood(model, figure_names(data))
        total, gradient = likelihood(arrays["event_array"], arrays["response_array"], theta)
    np.testing.assert_allclose(total, by_hand(model, data, theta), rtol=1e-10)
    for index in range(len(theta)):
        step = 1e-5 * (np.arange(len(theta)) == index)[:, None]
        up, down = (by_hand(model, data, theta + sign * step) for sign in (1, -1))
        np.testing.assert_allclose(gradient[index], (up - down) / 2e-5, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("lean", [0.3, 0.5])
def test_a_lean_inflates_a_learning_rate_as_derived(model, lean):
    """Who takes leaning ratings for outcomes needs a rate of .08 / (1 - lean) for the beliefs of a rate of .08."""
    response = model.responses["outcome_patient"]
    outcomes, expected, inflated = [1.0, 0.2, 0.9, 0.0, 0.6], 0.4, 0.4
    for outcome in outcomes:
        p = response.parameters._replace(noise=np.float64(0.1), bias=0.0, slope=1.0, lean=lean)
        report = response.arguments(p, outcome - 0.5, outcome - expected)["mu"]
        assert report == pytest.approx((1 - lean) * outcome + lean * expected)
        expected += 0.08 * (outcome - expected)
        inflated += 0.08 / (1 - lean) * (report - inflated)
        assert inflated == pytest.approx(expected)


def test_simulated_raters_rate_the_outcomes_that_people_learned_from(model):
    """The therapist, whose scale is the outcome's, is right on average; only sessions have an outcome or a rating."""
    people = {name: 0.2 for name, own in parameters(model).items() if own.fixed is None}
    people |= {"responsiveness": 0.6, "responsiveness_variation": 1.0, "outcome_patient_slope": 0.8}
    people = {name: np.full(10_000, value) for name, value in people.items()}
    people |= {"outcome_therapist_noise": np.full(10_000, 0.03), "outcome_patient_bias": np.full(10_000, 0.0)}
    data = simulate(model, PHASES, people, 1)
    outcome, rating = data["outcome"].values[1:], data["answer_outcome_therapist"].values[1:]
    logits = np.log(outcome / (1 - outcome))
    four_errors = 4.0 / np.sqrt(logits.size)  # of the mean of numbers whose SD is 1; that of the SD is smaller
    assert [logits.mean(), logits.std()] == pytest.approx([np.log(0.6 / 0.4), 1.0], abs=four_errors)
    inside = (rating > 0.1) & (rating < 0.9)
    assert (rating - outcome)[inside].std() == pytest.approx(np.hypot(0.03, FLOOR), rel=0.1)
    assert data["rated"].values[0].max() == 0.0
    assert data["rated"].values[1:].min() == 1.0
    assert np.isnan(data["answer_outcome_patient"].values[0]).all()


TABLE = pd.DataFrame(
    {
        "who": ["a", "a", "a", "b", "b"],
        "visit": [1, 2, 3, 1, 2],
        "said": [5, 3, None, 1, None],
        "seen": [0.5, None, None, 0.0, 1.0],
        "near": [1, 3, 2, 5, 4],
    }
)
STUDY = {
    "name": "clinic",
    "data": "none.csv",
    "model": "rescorla_wagner",
    "columns": {"person": "who", "session": "visit"},
    "responses": {"availability_rating": {"column": "near", "scale": [1, 5], "commensurable": True}},
}
RATERS = {"patient": {"column": "said", "scale": [1, 5]}, "observer": "seen"}


def study_of(**outcome):
    return StudySpec.model_validate(STUDY | {"columns": STUDY["columns"] | {"outcome": outcome}})


def test_ratings_are_answers_and_a_session_that_nobody_rated_is_what_the_study_says(plain):
    """Nobody's rating: unseen, or unrecorded and then latent like the others, without a mean that a model reads."""
    model, data = load_data(study_of(raters=RATERS, missing="unrecorded"), plain, sessions=TABLE)
    np.testing.assert_array_equal(data["answer_outcome_patient"].values.T, [[1, 0.5, np.nan], [0, np.nan, np.nan]])
    np.testing.assert_array_equal(data["answer_outcome_observer"].values.T, [[0.5, np.nan, np.nan], [0, 1, np.nan]])
    np.testing.assert_array_equal(data["outcome"].values.T, [[0.75, 0.5, 0.625], [0, 1, 0]])
    np.testing.assert_array_equal(data["rated"].values.T, [[1, 1, 1], [1, 1, 0]])
    np.testing.assert_array_equal(data["unrecorded"].values.T, [[False, False, True], [False, False, False]])
    assert not replaced_outcomes(data).any()
    free = {name for name, own in parameters(model).items() if own.fixed is None}
    assert {"outcome_patient_bias", "outcome_patient_lean", "outcome_observer_noise", "responsiveness"} <= free
    assert not {"outcome_observer_bias", "outcome_observer_slope", "outcome_observer_lean"} & free
    _, unseen = load_data(study_of(raters=RATERS, missing="unseen"), plain, sessions=TABLE)
    np.testing.assert_array_equal(unseen["observed"].values.T, [[True, True, False], [True, True, False]])
    np.testing.assert_array_equal(unseen["rated"].values.T, [[1, 1, 0], [1, 1, 0]])
    with pytest.raises(InputError, match=r'row 2, column "said": a blank outcome'):
        load_data(study_of(raters=RATERS), plain, sessions=TABLE)


def test_a_study_in_python_says_the_same():
    study = Study(
        TABLE,
        person="who",
        session="visit",
        outcome=Outcome(raters={"patient": Column("said", scale=(1, 5)), "observer": "seen"}, missing="unseen"),
        responses={"availability_rating": Column("near", scale=(1, 5), commensurable=True)},
    )
    expected = study_of(raters=RATERS, missing="unseen")
    assert study.spec.columns == expected.columns
    assert study.spec.responses == expected.responses
    assert "outcome 'said, seen'" in repr(study)


def test_the_methods_say_who_rated(model, plain):
    said = (
        " Outcomes were latent variables, measured by 2 raters (patient and therapist), on the scale of the therapist."
    )
    assert raters_statement(model) == said
    assert raters_statement(plain) == ""
    assert "outcome" not in scale_statement(model).partition("Ratings whose")[2]


def test_an_anchor_may_be_named_and_faults_say_what_to_do(plain):
    patient, _ = load_data(study_of(raters=RATERS, anchor="patient", missing="unseen"), plain, sessions=TABLE)
    assert parameters(patient)["outcome_patient_slope"].fixed == 1.0
    assert parameters(patient)["outcome_observer_slope"].fixed is None
    for wrong, said in (
        ({}, "name one `column`, or the `raters`"),
        ({"raters": RATERS, "column": "seen"}, "name one `column`, or the `raters`"),
        ({"raters": RATERS, "cut": 0.5}, "do not go with raters"),
        ({"raters": RATERS, "anchor": "nobody"}, "`anchor` is one of the `raters`"),
    ):
        with pytest.raises(ValueError, match=said):
            study_of(**wrong)


def test_the_patient_alone_leans_nowhere(plain):
    """Where nobody else rates, the lean is fixed at 0; `iwm check` says so."""
    model = model_with_raters(plain, raters(["patient"]))
    assert parameters(model)["outcome_patient_lean"].fixed == 0.0
    assert parameters(model)["outcome_patient_slope"].fixed == 1.0


def test_a_recorded_model_has_its_raters_again(model):
    again = model_from_record(model_record(model))
    assert parameters(again) == parameters(model)
    assert again.rule.innovations == model.rule.innovations
    assert model_with_raters(again, raters(["patient", "therapist"])) is again


def test_without_raters_nothing_changes(plain):
    assert model_with_raters(plain, None) is plain
    assert plain.rule.outcome is None
    study = StudySpec.model_validate(
        STUDY | {"columns": STUDY["columns"] | {"outcome": {"column": "seen", "missing": "unseen"}}}
    )
    assert read_data(study, plain, TABLE)["rated"].values.max() == 0.0
    assert random_data()["rated"].values.max() == 0.0


@pytest.mark.parametrize("has_innovations", [False, True])
def test_cubature_has_the_moments_of_the_gaussian(has_innovations):
    """Up to the third; with innovations the fourth of every direction as well, however many there are."""
    count, generator = 12, np.random.default_rng(1)
    root = generator.normal(size=(1, count, count))
    shifts, weights = cubature(root @ root.swapaxes(1, 2), has_innovations)
    assert weights.sum() == pytest.approx(1.0)
    first = np.einsum("k,kdn->d", weights, shifts)
    second = np.einsum("k,kdn,ken->de", weights, shifts, shifts)
    np.testing.assert_allclose(first, 0.0, atol=1e-10)
    np.testing.assert_allclose(second, (root @ root.swapaxes(1, 2))[0], atol=1e-10)
    along = np.linalg.solve(np.linalg.cholesky(second), shifts[:, :, 0].T)
    fourth = 3.0 if has_innovations else float(count)
    np.testing.assert_allclose((along**4) @ weights, fourth, rtol=1e-8)
