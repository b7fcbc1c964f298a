"""A symptom that follows beliefs: its equation, the lag, and that simulation and likelihood agree about both."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.special import expit, logit

from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.waves import model_with_waves
from iwm_bayes.diagnostics.rating_timing import answer_count_sentence
from iwm_bayes.filtering.arrays import event_array, response_array, session_begins, session_index, sessions_before
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.model.specification.model_record import model_from_record, model_record
from iwm_bayes.responses import RESPONSES
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import given_people
from iwm_bayes.simulation.predictive import along_events
from iwm_bayes.simulation.simulate import Phase, phase_waves, simulate
from iwm_bayes.types import InputError, ModelSpec, parameters
from iwm_bayes.workflow.load import load_data

VALUES = {  # natural scale
    "availability_start": 0.3,
    "availability_rate": 0.2,
    "worth_start": 0.6,
    "worth_rate": 0.1,
    "symptom_noise": 0.05,
    "symptom_level": 0.7,
    "symptom_persistence": 0.6,
    "symptom_slope_availability": -0.5,
    "symptom_between_availability": -0.2,
    "symptom_slope_worth": -0.3,
    "symptom_between_worth": 0.1,
}
FIGURES = {"mother": constant_care(0.4), "therapist": constant_care(0.8)}


def symptom_model(lag=0):
    """A model with self-worth and only the symptom."""
    return ModelSpec("one", lift_learner(RULES["rescorla_wagner"]), {"symptom": RESPONSES["symptom"]._replace(lag=lag)})


def expected_symptoms(model, data, values):
    """The mean and the SD of every symptom, (event, person), as the likelihood has them."""
    figures = [str(name) for name in data["figure"].values]
    [term] = likelihood_terms(model, figures, values, event_array(data), response_array(model, data))
    return term.arguments["mu"], term.arguments["sigma"]


def people(count, **changed):
    """Natural-scale values of people who are alike, except in what is changed."""
    return {name: np.broadcast_to(changed.get(name, value), count).astype(float) for name, value in VALUES.items()}


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_the_mean_is_that_of_the_equation(lag):
    """Session by session by hand: beliefs of Rescorla-Wagner, their changes, and what is left of the last residual."""
    model = symptom_model(lag)
    values = people(2, availability_start=np.array([0.3, 0.8]))
    data = simulate(model, [Phase({"therapist": constant_care(0.7)}, 8)], values, seed=1)
    data["answer_symptom"][2, 0] = np.nan
    found, _ = expected_symptoms(model, data, given_people(model, values))
    for person, start in enumerate((0.3, 0.8)):
        trust, worth, residual, elapsed = [start], [0.6], 0.0, 0
        for session in range(8):
            outcome = float(data["outcome"][session, person])
            trust.append(trust[-1] + 0.2 * (outcome - trust[-1]))
            worth.append(worth[-1] + 0.1 * (outcome - worth[-1]))
            then, elapsed = max(session + 1 - lag, 0), elapsed + 1
            expected = 0.7 - 0.2 * (start - 0.4) + 0.1 * (0.6 - 0.4)
            expected += -0.5 * (trust[then] - start) - 0.3 * (worth[then] - 0.6)
            assert found[session, person] == pytest.approx(expected + 0.6**elapsed * residual, abs=1e-12)
            answer = float(data["answer_symptom"][session, person])
            if not np.isnan(answer):
                residual, elapsed = answer - expected, 0


def earlier_by_definition(session, figure, event, lag):
    """The last event of the lag-th session before this one in which the figure was met, by looking at all of them."""
    met = sorted({session[k] for k in range(event) if figure[k] == figure[event] and session[k] < session[event]})
    if lag == 0 or len(met) < lag:
        return -1
    return max(k for k in range(event) if figure[k] == figure[event] and session[k] == met[-lag])


@pytest.mark.parametrize("lag", [1, 2, 4])
def test_a_lag_counts_sessions_with_the_same_figure(lag):
    """Several events of a session with one figure are one session; people have different numbers of events."""
    generator = np.random.default_rng(lag)
    present = np.arange(20)[:, None] < np.array([20, 13, 7])
    session = np.where(present, np.cumsum(generator.integers(0, 2, (20, 3)), axis=0), np.nan)
    figure = np.where(present, generator.integers(0, 2, (20, 3)), 0)
    dims = ("event", "person")
    data = xr.Dataset({"present": (dims, present), "session": (dims, session), "figure_index": (dims, figure)})
    index = session_index(data)
    found, begins = sessions_before(index, figure, lag), session_begins(data)
    for event, person in np.argwhere(present):
        own = index[:, person], figure[:, person]
        assert found[event, person] == earlier_by_definition(*own, event, lag)
        same = (own[0][:event] == own[0][event]) & (own[1][:event] == own[1][event])
        assert begins[event, person] == (not same.any())


def quantiles(model, data, values):
    """The probability of a lower symptom than each recorded one; those at an end of the scale are left out."""
    mu, sigma = expected_symptoms(model, data, values)
    answers = data["answer_symptom"].values
    inside = (answers > 0) & (answers < 1)
    assert inside.sum() > 0.95 * (~np.isnan(answers)).sum() > 300
    return stats.norm.cdf(answers, mu, sigma)[inside]


@pytest.mark.parametrize("lag", [0, 1, 2])
def test_simulated_symptoms_have_the_distribution_of_the_likelihood(lag):
    """In closed loop with two figures, and again in open loop along the same sessions, some of them unanswered."""
    model = symptom_model(lag)
    values = given_people(model, people(150, worth_start=np.random.default_rng(3).uniform(0.2, 0.8, 150)))
    data = simulate(model, [Phase({"mother": FIGURES["mother"]}, 3), Phase(FIGURES, 9)], values, seed=2)
    closed = quantiles(model, data, values)
    data["answer_symptom"] = data["answer_symptom"].where(np.random.default_rng(4).random((21, 150)) < 0.7)
    again = along_events(model, data, values, np.random.default_rng(5))["symptom"]
    opened = quantiles(model, data.assign(answer_symptom=(("event", "person"), again)), values)
    for found in (closed, opened):
        assert stats.kstest(found, "uniform").pvalue > 0.01


def test_an_answer_about_a_session_lags_by_sessions(tmp_path):
    """It is an event of its own at the end of its session, and follows the session before, in simulation as well."""
    rows = ["person,session,figure,outcome,trust,phq"]
    generator = np.random.default_rng(1)
    for person in range(60):
        for session in range(6):
            rows += [f"p{person},{session},{f},{generator.integers(2)},.5,{generator.integers(5, 22)}" for f in "ab"]
    (tmp_path / "table.csv").write_text("\n".join(rows))
    model, data = load_data(study(tmp_path, {"lag": 1, "scope": "session"}))
    assert data.sizes["event"] == 18
    values = {name: np.full(60, VALUES.get(name, 0.3)) for name in parameters(model)}
    again = along_events(model, data, values, np.random.default_rng(5))["symptom"]
    just = model._replace(responses={"symptom": model.responses["symptom"]})
    found = quantiles(just, data.assign(answer_symptom=(("event", "person"), again)), values)
    assert stats.kstest(found, "uniform").pvalue > 0.01


MODEL = """schema = 2
claim = "c"
reference = "r"
rule = "rescorla_wagner"
responses = {{ trust = "availability_rating", {worth} symptom = "symptom" }}
"""


def study(folder, symptom, worth='esteem = "worth_rating",', trust=()):
    """A study of a table with trust and a symptom."""
    (folder / "own.toml").write_text(MODEL.format(worth=worth))
    content = {
        "name": "n",
        "data": folder / "table.csv",
        "model": str(folder / "own.toml"),
        "columns": {"person": "person", "session": "session", "figure": "figure", "outcome": {"column": "outcome"}},
        "responses": {
            "trust": {"column": "trust", **dict(trust)},
            "symptom": {"column": "phq", "scale": [0, 27], **symptom},
        },
    }
    return StudySpec.model_validate(content)


TABLE = "person,session,figure,outcome,trust,phq\na,1,t,1,.5,9\na,2,t,0,.5,0\nb,1,t,1,.4,27\nb,2,t,1,.6,3\n"


def test_a_study_states_the_lag_and_a_fit_keeps_it(tmp_path):
    """The model of the study has it, and so has the model that a fit returns; a symptom is on its own scale."""
    (tmp_path / "table.csv").write_text(TABLE)
    model, data = load_data(study(tmp_path, {"lag": 1}))
    assert model.responses["symptom"].lag == 1
    assert model_from_record(model_record(model)).responses["symptom"].lag == 1
    np.testing.assert_allclose(data["answer_symptom"].values.T, [[9 / 27, 0.0], [1.0, 3 / 27]])
    said = answer_count_sentence(model, data, "symptom")
    assert (
        said
        == "symptom: 4 answers, given after the outcome of the same row; they follow the beliefs of 1 session before"
    )


def test_only_a_symptom_has_a_lag(tmp_path):
    """A rating with a lag is one error that says what to do."""
    (tmp_path / "table.csv").write_text(TABLE)
    with pytest.raises(InputError, match=r"\[responses.trust\]: only a symptom .* Take `lag` out"):
        load_data(study(tmp_path, {}, trust={"lag": 1}))


def test_a_symptom_follows_availability_alone_where_nothing_else_is_about_self_worth(tmp_path):
    """Self-worth that only a symptom reads would not be identified. A model with self-worth has both slopes."""
    (tmp_path / "table.csv").write_text(TABLE)
    model, _ = load_data(study(tmp_path, {}))
    assert not [name for name in parameters(model) if "worth" in name]
    (tmp_path / "own.toml").write_text(MODEL.format(worth='esteem = "worth_rating",'))
    assert "symptom_slope_worth" in parameters(load_model(tmp_path / "own.toml"))


@pytest.mark.parametrize("lag", [0, 1])
def test_a_wave_in_which_beliefs_restart_has_its_own_initial_beliefs(lag):
    """A change begins anew with each wave, whatever happened before, and the new initial belief counts between."""
    model = symptom_model(lag)
    phases = [Phase({"therapist": constant_care(0.8)}, 5, wave=wave) for wave in ("first", "second")]
    changes = {"availability_start_change": 1.0, "symptom_level_change": 0.0}
    waved = model_with_waves(model, phase_waves(model, phases, "restarted"))
    values = {name: 0.0 for name in parameters(waved)} | VALUES | changes
    values = {name: np.full(3, value) for name, value in values.items()}
    data = simulate(model, phases, values, seed=1)
    data["answer_symptom"] = data["answer_symptom"].where(False)  # nothing is carried over
    found, _ = expected_symptoms(waved, data, given_people(waved, values))
    for first_event, shift in ((0, -0.5), (5, 0.5)):  # half of the change on both sides of the mean of the waves
        start = expit(logit(0.3) + shift)
        expected = 0.7 - 0.2 * (start - 0.4) + 0.1 * (0.6 - 0.4)
        if lag:
            np.testing.assert_allclose(found[first_event], expected, atol=1e-12)
        after = start + 0.2 * (data["outcome"].values[first_event] - start) - start
        change = 0.6 + 0.1 * (data["outcome"].values[first_event] - 0.6) - 0.6
        np.testing.assert_allclose(found[first_event + lag], expected - 0.5 * after - 0.3 * change, atol=1e-12)
