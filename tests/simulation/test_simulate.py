"""Simulated people: they follow the model, observe what they approach, and give data in a study's form."""

import numpy as np
import pytest
import xarray as xr
from helpers import arguments
from scipy.special import expit, logit

from iwm_bayes.data.dataset import read_data, to_table
from iwm_bayes.data.study import StudySpec
from iwm_bayes.filtering.arrays import event_array, event_fields
from iwm_bayes.model.specification import model_file
from iwm_bayes.simulation.care import constant_care, parse_care
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import GENERALISED, InputError, parameters

PHASES = [
    Phase({"caregiver": constant_care(0.3)}, 6, assessed=True),
    Phase({"caregiver": constant_care(0.3), "therapist": constant_care(0.9)}, 10, assessed=True),
]
every_model = pytest.mark.parametrize("name", model_file.built_in_models())


def study_of(model, table):
    """Return the study that reads a simulated table."""
    columns = {"person": "person", "session": "session", "figure": "figure"}
    outcome = {"column": "outcome", "missing": "unseen"}
    content = {"name": "simulated", "data": table, "model": [model.name], "columns": columns | {"outcome": outcome}}
    return StudySpec.model_validate(content | {"responses": {name: {"column": name} for name in model.responses}})


@every_model
def test_simulated_data_are_those_read_from_their_table(name, tmp_path):
    """Written as a table and read again, a simulation is the same Dataset: variables, types, order, times, blanks."""
    model = model_file.load_model(name)
    data = simulate(model, PHASES, people=7, seed=1)
    to_table(data).to_csv(tmp_path / "sessions.csv", index=False)
    again = read_data(study_of(model, tmp_path / "sessions.csv"), model)
    xr.testing.assert_equal(again, data)
    assert {name: (v.dims, v.dtype) for name, v in again.items()} == {
        name: (v.dims, v.dtype) for name, v in data.items()
    }
    assert data.attrs.items() <= again.attrs.items()


@every_model
def test_answers_come_from_the_beliefs_that_the_filter_finds(name):
    """Filtering the observed events recovers the beliefs: answers scatter around them as the response states."""
    model = model_file.load_model(name)
    people = draw_people(model, ["caregiver", "therapist"], 300, np.random.default_rng(2))
    people |= {name: np.full(300, 0.03) for name in people if name.endswith("_rating_noise")}
    data = simulate(model, PHASES, people, seed=3)
    for label, given in arguments(model, people, data).items():
        answered = data[f"answer_{label}"].values
        if "logit_p" in given:
            expected = expit(given["logit_p"])
            sd = np.sqrt(expected * (1 - expected))
            inside = ~np.isnan(answered) & (expected > 0.01) & (expected < 0.99)  # rarer answers have no usable SD
        else:
            expected, sd = np.broadcast_arrays(given["mu"], given["sigma"])
            inside = (expected > 5 * sd) & (expected < 1 - 5 * sd)  # where the bounds do not matter
        scores = ((answered - expected) / sd)[inside]
        assert scores.size > 500
        assert abs(scores.mean()) < 4 / np.sqrt(scores.size)
        assert abs((scores**2).mean() - 1) < 4 * (scores**2).std() / np.sqrt(scores.size)


@every_model
def test_people_who_withdraw_do_not_observe_the_outcome(name):
    """Only where approach is 1 is the outcome observed; nothing is asked at an assessment."""
    data = simulate(model_file.load_model(name), PHASES, people=50, seed=4)
    sessions, approach = ~data["assessment"].values, data["answer_approach"].values
    np.testing.assert_array_equal(data["observed"].values[sessions], approach[sessions] == 1)
    assert set(np.unique(approach[sessions])) == {0.0, 1.0}
    assert (data["outcome"].values[~data["observed"].values] == 0).all()


@every_model
def test_an_assessment_is_only_a_rating(name):
    """At an assessment no outcome is observed and no action is called for; ratings are given."""
    data = simulate(model_file.load_model(name), PHASES, people=5, seed=5)
    assessed = np.zeros(data.sizes["event"], dtype=bool)
    assessed[[0, 7, 8]] = True  # the caregiver; six sessions; then caregiver and therapist
    np.testing.assert_array_equal(data["assessment"].values, np.repeat(assessed[:, None], 5, axis=1))
    at = data.isel(event=assessed)
    assert not at["observed"].any()
    assert at["answer_approach"].isnull().all()
    assert at["answer_availability_rating"].notnull().all()


def test_outcomes_have_the_chance_of_the_care():
    """Observed outcomes are responsive as often as each figure's care states, within four Monte Carlo errors."""
    data = simulate(model_file.load_model("kalman"), PHASES, people=400, seed=6)
    for index, rate in enumerate((0.3, 0.9)):
        outcomes = data["outcome"].values[data["observed"].values & (data["figure_index"].values == index)]
        assert abs(outcomes.mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / outcomes.size)


def test_seed_decides_everything():
    """The same seed gives the same data, another seed others."""
    model = model_file.load_model("compensatory")
    first, again, other = (simulate(model, PHASES, people=4, seed=seed) for seed in (7, 7, 8))
    xr.testing.assert_identical(first, again)
    assert not first.equals(other)


def test_people_are_drawn_from_the_priors():
    """Group means follow `prior_90`, people vary by sigma, and completely pooled parameters are the same for all."""
    model = model_file.load_model("kalman")
    generator = np.random.default_rng(9)
    draws = [draw_people(model, ["a"], 50, generator, sigma=0.4) for _ in range(400)]
    start = logit(np.array([drawn["availability_start"] for drawn in draws]))
    low, high = np.log([0.15 / 0.85, 0.85 / 0.15])
    means = start.mean(axis=1)
    assert np.mean((means > low) & (means < high)) == pytest.approx(0.9, abs=4 * np.sqrt(0.9 * 0.1 / 400))
    assert start.std(axis=1, ddof=1).mean() == pytest.approx(0.4, abs=4 * 0.4 / np.sqrt(2 * 49 * 400))
    for name, parameter in parameters(model).items():
        if parameter.pooling == "complete" or parameter.fixed is not None:
            assert all(np.ptp(drawn[name]) == 0 for drawn in draws)


@pytest.mark.parametrize(
    ("text", "chances"),
    [
        ("constant", [0.8] * 7),
        ("constant:rate=0.5", [0.5] * 7),
        ("graded:level=0.5", [0.5] * 7),
        ("intermittent:low=0.1,high=0.9,every=2", [0.9, 0.9, 0.1, 0.1, 0.9, 0.9, 0.1]),
        ("reversal:first=1,then=0,after=3", [1, 1, 1, 0, 0, 0, 0]),
        ("rupture_and_repair:every=3", [0.8, 0.8, 0.0, 1.0, 0.8, 0.0, 1.0]),
        ("rupture_and_repair:every=3,rate=0.7,repair=0.6", [0.7, 0.7, 0.0, 0.6, 0.7, 0.0, 0.6]),
    ],
)
def test_care_has_its_chances(text, chances):
    """Each care schedule, session by session."""
    assert parse_care(text)(7).tolist() == chances


def test_graded_care_leaves_nothing_to_chance():
    """Every outcome is the level, for the figure whose care is graded; the other responds or does not."""
    care = {"mother": parse_care("graded:level=0.35"), "father": constant_care(0.5)}
    data = simulate(model_file.load_model("rescorla_wagner", ["approach"]), [Phase(care, 8, assessed=True)], 6, 1)
    outcome, mother = data["outcome"].values, data["figure_index"].values == 0
    observed = data["observed"].values
    assert (outcome[mother & observed] == 0.35).all()
    assert set(outcome[~mother & observed]) == {0.0, 1.0}
    assert not outcome[~observed].any()  # assessments have none


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("constnt", ["'constnt'", "constant", "reversal"]),
        ("constant:rat=0.5", ["'rat'", "it has rate"]),
        ("constant:rate=often", ["rate='often'", "float"]),
        ("constant:rate=1.5", ["rate=1.5", "0..1"]),
        ("constant:rate=nan", ["rate=nan", "0..1"]),
        ("intermittent:every=0", ["every=0", "1..inf"]),
        ("intermittent:every=2.5", ["every='2.5'", "int"]),
        ("constant:rate", ["rate=''"]),
        ("intermittent:low=2,high=3", ["low=2", "high=3"]),
    ],
)
def test_wrong_care_is_reported(text, said):
    """An error names the fault and what is available; all faults at once."""
    with pytest.raises(InputError) as caught:
        parse_care(text)
    assert [part for part in said if part not in str(caught.value)] == []


@pytest.mark.parametrize("phase", [Phase({}, 3), Phase({"a": constant_care()}, 0)])
def test_phase_without_sessions_or_figures(phase):
    """A phase without events is an error."""
    with pytest.raises(InputError, match="at least one session and one figure"):
        simulate(model_file.load_model("kalman"), [phase], people=2, seed=1)


def test_carryover_is_autoregressive():
    """Without learning, ratings are a first-order autoregression: lags 1 and 2 correlate by persistence^1 and ^2."""
    model, persistence, people = model_file.load_model("autoregressive"), 0.6, 400
    values = draw_people(model, ["therapist"], people, np.random.default_rng(6), sigma=0.01)
    values |= {name: np.full(people, persistence) for name in values if name.endswith("persistence")}
    values |= {name: np.full(people, 0.03) for name in values if name.endswith("noise")}
    values |= {name: np.full(people, 0.5) for name in values if name.endswith("start")}
    data = simulate(model, [Phase({"therapist": constant_care(0.5)}, 40)], values, seed=7)
    for rating in ("availability_rating", "worth_rating"):
        distance = data[f"answer_{rating}"].values[10:] - 0.5  # after the first rating has lost its effect
        for lag in (1, 2):
            products = distance[lag:] * distance[:-lag] / distance.var()
            error = products.mean(axis=0).std() / np.sqrt(people)
            assert products.mean() == pytest.approx(persistence**lag, abs=4 * error)


def test_a_choice_of_nobody_meets_no_figure(tmp_path):
    """No figure counts as met before it is first chosen, and nobody is not a figure that was met."""
    text = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\n'
    text += 'responses = ["availability_rating", "seek"]\n'
    (tmp_path / "own.toml").write_text(text)
    model = model_file.load_model(tmp_path / "own.toml")
    data = simulate(model, [Phase({"mum": constant_care(0.5), "dad": constant_care(0.5)}, 30)], people=20, seed=1)
    chosen, figures = data["answer_seek"].values, list(data["figure"].values)
    assert figures == ["mum", "dad", GENERALISED]
    np.testing.assert_array_equal(data["figure_index"].values, np.where(chosen == 0, 2, chosen - 1))
    np.testing.assert_array_equal(data["observed"].values, chosen > 0)
    events = event_array(data)
    for index, name in enumerate(("mum", "dad")):
        known = events[:, event_fields(figures).index(f"met {name}")]
        times_chosen = np.cumsum(chosen == index + 1, axis=0)
        np.testing.assert_array_equal(known[1:], times_chosen[:-1] > 0)
    assert not events[:, event_fields(figures).index(f"met {GENERALISED}")].any()


def test_reactive_care_depends_on_bids_only(tmp_path):
    """An assessment is not a missing bid, and without a response for bids care keeps the stated chance."""
    text = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
    (tmp_path / "own.toml").write_text(text)
    model = model_file.load_model(tmp_path / "own.toml")
    data = simulate(
        model, [Phase({"therapist": parse_care("reactive:rate=0.8,pull=1")}, 12, assessed=True)], 3000, seed=2
    )
    outcomes = data["outcome"].values[data["observed"].values]
    assert abs(outcomes.mean() - 0.8) < 4 * np.sqrt(0.8 * 0.2 / outcomes.size)


def test_bids_fall_with_fear_as_long_as_it_lasts(tmp_path):
    """Fear is the sum of past threats, a share of which is left after each event, without this event's threat."""
    text = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "static"\nresponses = ["availability_rating", "bid"]\n'
    more = "".join(f"[parameters.bid_{name}]\nfixed = {value}\n" for name, value in FRIGHTENED.items())
    (tmp_path / "own.toml").write_text(text + more + "[parameters.availability_start]\nfixed = 0.5\n")
    data = simulate(
        model_file.load_model(tmp_path / "own.toml"),
        [Phase({"mum": parse_care("frightening:threat=0.5")}, 5)],
        4000,
        seed=3,
    )
    threat, bid = data["threat"].values, data["answer_bid"].values
    fear = np.zeros(4000)
    for event in range(5):
        expected = expit(FRIGHTENED["bias"] - FRIGHTENED["fearfulness"] * fear)
        error = np.sqrt((expected * (1 - expected)).sum()) / 4000
        assert abs(bid[event].mean() - expected.mean()) < 4 * error
        fear = FRIGHTENED["fear_persistence"] * (fear + threat[event])


FRIGHTENED = {"bias": 1.5, "sensitivity": 1.0, "activation": 0.0, "fearfulness": 2.0, "fear_persistence": 0.7}
