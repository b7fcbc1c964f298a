"""Simulated studies keep the covariates of sessions of their study, and answers follow them."""

import numpy as np
import pytest
from session_study import PEOPLE, write_study

from iwm_bayes.data.study import read_study_file
from iwm_bayes.diagnostics.outcome_swaps import exchangeable
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.validation.study_design import StudyFileDesign, study_content
from iwm_bayes.workflow.load import load_data


@pytest.fixture(scope="module")
def design(tmp_path_factory):
    """The design of the study, with 24 people: twice as many as it has."""
    path = write_study(
        tmp_path_factory.mktemp("study"), "within(mood)", more='availability_rating_noise = "homework"\n'
    )
    study = read_study_file(path)
    return StudyFileDesign(str(path), study_content(path, study), 2 * PEOPLE, 6)


def test_simulated_people_have_the_terms_of_their_own_events(design):
    """Each person has those of the person of the study whose events they have; effects are drawn from their prior."""
    model = design.load(str(design.study().model[0]))
    truth, data, _ = design.draw(model, np.random.default_rng(1))
    own = design.events(model)
    np.testing.assert_array_equal(data["event_terms"], own["event_terms"].isel(person=data["study_person"].values))
    effects = {each.name for each in model.event_effects}
    assert effects <= set(truth.mu)
    assert all(np.ptp(truth.values[name]) == 0.0 for name in effects)


def test_answers_follow_the_covariates(design):
    """With log effects of 1 and -1 on the response SD, residuals are e times as wide, and as narrow."""
    model, data = load_data(design.study())
    many = data.isel(person=np.tile(np.arange(PEOPLE), 400))
    people = many.sizes["person"]
    values = {"availability_start": 0.5, "availability_rate": 0.1, "availability_rating_noise": 0.05}
    effects = {"availability_rating_noise_homework_partly": 1.0, "availability_rating_noise_homework_yes": -1.0}
    given = values | effects | {"availability_rate_within_mood": 0.0}
    given |= {"availability_rating_intercept": 0.0, "availability_rating_slope": 1.0}
    everyone = {name: np.full(people, value) for name, value in given.items()}
    answers = along_events(model, many, everyone, np.random.default_rng(2))["availability_rating"]
    by_person = answers.reshape(len(answers), 400, PEOPLE)
    residual = by_person - by_person.mean(axis=1, keepdims=True)
    homework = data["session_covariate_homework"].values
    spread = {word: residual.swapaxes(1, 2)[homework == word].std() for word in ("no", "partly", "yes")}
    expected = {word: np.hypot(0.05 * np.exp(x), 0.02) for word, x in (("no", 0.0), ("partly", 1.0), ("yes", -1.0))}
    assert spread == pytest.approx(expected, rel=0.03)


def test_a_permutation_leaves_covariates_where_they_are(design):
    """Outcomes change hands; what the person did before the session does not."""
    _, data = load_data(design.study())
    exchanged = exchangeable(data).exchange(np.random.default_rng(3))
    assert not exchanged["outcome"].equals(data["outcome"])
    for name in ("event_terms", "session_covariate_homework"):
        assert exchanged[name].equals(data[name])
