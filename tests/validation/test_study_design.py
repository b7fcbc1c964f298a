"""Simulated studies with the events of a real one, against the table of that study."""

import numpy as np
import pandas as pd
import pytest

from iwm_bayes.data.study import read_study_file
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.design_file import read_design_file
from iwm_bayes.simulation.open_loop import simulate_open_loop
from iwm_bayes.types import InputError, parameters
from iwm_bayes.validation import sbc
from iwm_bayes.validation.planning import assurance
from iwm_bayes.validation.planning.group import arm_coefficient, assign_arms, with_arms
from iwm_bayes.validation.recovery import recovery_measures, recovery_study
from iwm_bayes.validation.sbc import sbc_study
from iwm_bayes.validation.study_design import (
    SOURCE,
    as_read_by,
    design_condition,
    file_design,
    study_condition,
)

MODEL = """
schema = 2
claim = "-"
reference = "-"
rule = "{rule}"
responses = ["availability_rating", "approach", "worth_rating"]
[parameters.availability_rating_noise]
fixed = 0.01
"""
STUDY = """
schema = 2
name = "clinic"
data = "sessions.csv"
model = ["model.toml", "constant.toml"]
[columns]
person = "id"
session = "visit"
figure = "who"
time = "date"
outcome = { column = "kind", scale = [1, 7], missing = "unseen" }
[responses.availability_rating]
column = "closeness"
scale = [1, 7]
timing = "before"
commensurable = true
[responses.approach]
column = "came"
levels = ["no", "yes"]
[people]
data = "people.csv"
person = "id"
[formulas]
availability_start = "age + (1|ward)"
"""
LENGTHS = {"ann": 3, "bob": 11, "cem": 6, "dia": 1, "eva": 8, "fay": 10}
PEOPLE = len(LENGTHS)


def rows():
    """A month's gap after the fourth visit, two figures, blanks in every column, and people of unequal lengths."""
    generator, lines = np.random.default_rng(3), []
    for person, length in LENGTHS.items():
        for visit in range(1, length + 1):
            day = pd.Timestamp("2026-01-01") + pd.Timedelta(days=7 * visit + 30 * (visit > 4))
            kind, closeness = (str(value) for value in generator.integers(1, 8, 2))
            line = [person, visit, "mum" if generator.random() < 0.4 else "dad", f"{day:%Y-%m-%d}", kind, closeness]
            line += [str(generator.choice(["no", "yes", ""]))]
            lines.append(
                ["" if index in (4, 5) and generator.random() < 0.2 else cell for index, cell in enumerate(line)]
            )
        lines[-1][5] = "4"  # everybody has an answer
    return pd.DataFrame(lines, columns=["id", "visit", "who", "date", "kind", "closeness", "came"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("clinic")
    (found / "model.toml").write_text(MODEL.format(rule="rescorla_wagner"))
    (found / "constant.toml").write_text(MODEL.format(rule="static"))
    (found / "study.toml").write_text(STUDY)
    rows().to_csv(found / "sessions.csv", index=False)
    people = pd.DataFrame({"id": [*LENGTHS], "age": [20, 31, 28, 45, 39, 50], "ward": ["a", "b", "a", "b", "a", "b"]})
    people.to_csv(found / "people.csv", index=False)
    return found


def design_of(folder, people=PEOPLE, sessions=11):
    study = folder / "study.toml"
    return file_design(study_condition(study, read_study_file(study)) | {"n_people": people, "sessions": sessions})


def drawn(folder, seed=1, **size):
    design = design_of(folder, **size)
    model = design.load(str(folder / "model.toml"))
    return model, design.draw(model, np.random.default_rng(seed))


def events_of(data, person):
    """What happens to one person of a data set, in the words of the table: one line per event."""
    one = data.isel(person=person, event=np.flatnonzero(data["present"].values[:, person]))
    return pd.DataFrame(
        {
            "visit": one["session"].values.astype(int),
            "who": data["figure"].values[one["figure_index"].values],
            "gap": np.diff(one["time"].values, prepend=one["time"].values[0]),
            "kind": np.where(one["observed"].values, 1 + 6 * one["outcome"].values, np.nan),
            "closeness": one["answer_availability_rating"].notnull().values,
            "came": one["answer_approach"].notnull().values,
        }
    )


def events_in_table(person, sessions=11):
    """The same from the table; gaps in units of the median gap, which is a week."""
    own = rows().query("id == @person").head(sessions)
    return pd.DataFrame(
        {
            "visit": own["visit"].to_numpy(),
            "who": own["who"].to_numpy(),
            "gap": pd.to_datetime(own["date"]).diff().dt.days.fillna(0).to_numpy() / 7,
            "kind": pd.to_numeric(own["kind"]).to_numpy(float),
            "closeness": (own["closeness"] != "").to_numpy(),
            "came": (own["came"] != "").to_numpy(),
        }
    )


def assert_same_events(found, expected):
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, atol=1e-9)


def test_a_simulated_study_has_the_events_and_the_places_of_answers_of_its_table(folder):
    """Figures, outcomes, lengths, gaps and answered questions; answers themselves differ from study to study."""
    _, study = drawn(folder)
    for index, person in enumerate(LENGTHS):
        assert_same_events(events_of(study.data, index), events_in_table(person))
    assert "answer_worth_rating" not in study.data
    assert study.figure == study.data["figure"].values[0]
    _, again = drawn(folder, seed=2)
    ratings = [one.data["answer_availability_rating"].values for one in (study, again)]
    assert not np.allclose(*ratings, equal_nan=True)


def test_another_number_of_people_draws_whole_sequences_with_replacement(folder):
    """Each simulated person has the events of one person of the table, and every person is drawn about as often."""
    _, study = drawn(folder, people=300)
    source = study.data[SOURCE].values
    for index in range(0, 300, 10):
        assert_same_events(events_of(study.data, index), events_in_table([*LENGTHS][source[index]]))
    counts, expected = np.bincount(source, minlength=6), 300 / 6
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected)).all()
    assert len(set(study.data["person"].values)) == 300


def test_fewer_sessions_are_the_first_ones_of_everybody(folder):
    _, study = drawn(folder, sessions=4)
    for index, person in enumerate(LENGTHS):
        assert_same_events(events_of(study.data, index), events_in_table(person, 4))


def test_answers_are_given_when_the_study_says(folder):
    """Ratings before the outcome are of the belief before it, as a delta rule by hand has it; its noise is 0.02."""
    model, study = drawn(folder, people=40)
    assert model.responses["availability_rating"].timing == "before"
    assert "worth_start" not in study.truth.values
    data, values = study.data, study.truth.values
    for person in range(40):
        beliefs = {}
        for event in np.flatnonzero(data["present"].values[:, person]):
            figure = data["figure_index"].values[event, person]
            belief = beliefs.get(figure, values["availability_start"][person])
            rating = data["answer_availability_rating"].values[event, person]
            assert np.isnan(rating) or abs(rating - np.clip(belief, 0, 1)) < 0.12
            if data["observed"].values[event, person]:
                belief += values["availability_rate"][person] * (data["outcome"].values[event, person] - belief)
            beliefs[figure] = belief


def test_covariates_and_groups_of_the_study_move_people(folder):
    """Of 6,000 people, a regression finds the coefficient and the difference of wards that were drawn."""
    _, study = drawn(folder, people=6000)
    data, truth = study.data, study.truth
    [label] = truth.beta
    assert label == "availability_start: age"
    assert [*truth.sigma_u] == ["availability_start: 1|ward"]
    age, ward = data["design"].values[0], data["membership"].values[1]
    table = np.column_stack([np.ones(6000), age, ward])
    theta = truth.theta["availability_start"]
    coefficients, residual, *_ = np.linalg.lstsq(table, theta)
    error = np.sqrt(np.diag(np.linalg.inv(table.T @ table)) * residual[0] / 6000)
    assert abs(coefficients[1] - truth.beta[label]) < 4 * error[1]
    assert abs(coefficients[2]) > 4 * error[2]
    assert np.sqrt(residual[0] / 6000) == pytest.approx(truth.sigma["availability_start"], rel=0.1)


def test_planned_arms_are_added_to_the_covariates_of_a_study(folder):
    """At random and of one size; the study's own coefficient stays what it was."""
    _, study = drawn(folder, people=40)
    treated = assign_arms(design_of(folder, people=40), "availability_rate", np.random.default_rng(1))
    data = with_arms(study.data, "availability_rate", treated)
    assert treated.sum() == 20
    assert treated[:10].sum() not in (0, 10)
    assert list(data["coefficient"].values) == ["availability_start: age", arm_coefficient("availability_rate")]
    np.testing.assert_array_equal(data["design"].values[0], study.data["design"].values[0])
    np.testing.assert_array_equal(data["design"].values[1], treated)


def test_another_model_reads_the_same_answers(folder):
    design = design_of(folder, people=20)
    model, rival = (design.load(str(folder / f"{name}.toml")) for name in ("model", "constant"))
    data = design.draw(model, np.random.default_rng(1)).data
    other = as_read_by(rival, design, data)
    for name in ("answer_availability_rating", "answer_approach", "outcome", "design"):
        np.testing.assert_array_equal(other[name].values, data[name].values)


def test_a_table_that_changes_during_a_simulation_is_refused(folder, tmp_path):
    for file in folder.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    design = design_of(tmp_path)
    table = rows()
    table.loc[0, "closeness"] = "2"
    table.to_csv(tmp_path / "sessions.csv", index=False)
    with pytest.raises(InputError, match="has changed"):
        design.load(str(tmp_path / "model.toml"))


def test_a_residual_is_that_of_the_last_answer():
    """Where every second answer is missing, an autoregressive process has steps twice as long.

    The variance of ratings is then sd^2 / (1 - share^4), and sd^2 / (1 - share^2) where everybody always answers. If
    residuals of answers that nobody gave were carried over, it would be the latter in both.
    """
    model = load_model("autoregressive")
    events, people, persistence = 60, 4000, 0.7
    array = np.zeros((events, 9, people))
    array[:, [2, 3, 7]] = 1.0  # one unit of time apart, with one figure
    values = dict.fromkeys(parameters(model), np.full(people, 0.5))
    values |= {name: np.full(people, 0.05) for name in values if name.endswith("noise")}
    values |= {name: np.full(people, 0.0) for name in values if name.endswith("intercept")}
    values |= {name: np.full(people, 1.0) for name in values if name.endswith("slope")}
    values |= {name: np.full(people, persistence) for name in values if name.endswith("persistence")}
    often = np.repeat(np.arange(events) % 2 == 0, people).reshape(events, people)
    sparse, whole = (
        simulate_open_loop(model, values, array, 1, 1, np.random.default_rng(2), answered)["availability_rating"]
        for answered in ({"availability_rating": often}, {})
    )
    ratio = (1 - persistence**2) / (1 - persistence**4)
    assert sparse[30::2].var() / whole[30::2].var() == pytest.approx(ratio, rel=0.03)


def test_recovery_in_the_events_of_a_study_covers(folder):
    """90% intervals contain nine of ten true values of 200 people, within four standard errors of two studies."""
    study = folder / "study.toml"
    condition = study_condition(study, read_study_file(study)) | {"n_people": 200, "sessions": 11, "method": "laplace"}
    condition |= {"at model": str(folder / "model.toml")}
    found = [recovery_study(condition, np.random.default_rng(seed)) for seed in (1, 2)]
    assert all(one["converged"] for one in found), [one["reasons"] for one in found]
    assert set(found[0]["parameters"]) == {
        "availability_start",
        "availability_rate",
        "approach_bias",
        "approach_sensitivity",
    }
    for name in ("availability_start", "availability_rate"):
        coverage = np.mean([recovery_measures(one["parameters"][name])["coverage"] for one in found])
        assert coverage == pytest.approx(0.9, abs=4 * np.sqrt(0.9 * 0.1 / 400)), name


@pytest.mark.slow
def test_calibration_ranks_the_coefficients_of_a_study(folder):
    """Coefficients and SDs of groups are ranked with the rest, and security toward the first figure."""
    study = folder / "study.toml"
    condition = study_condition(study, read_study_file(study)) | {"n_people": 20, "sessions": 11}
    condition |= {"at model": str(folder / "model.toml")}
    ranks = sbc_study(condition, np.random.default_rng(1))["ranks"]
    assert {"beta availability_start: age", "sigma_u availability_start: 1|ward"} <= ranks.keys()
    assert "person sessions until secure" in ranks
    assert all(0 <= rank <= 1 for rank in ranks.values())


DESIGN = """
schema = 2
name = "pairs"
question = "Do people learn?"
design = "Good care or bad care."
models = ["rescorla_wagner", "growth"]
responses = ["availability_rating"]
[[arms]]
name = "good"
phases = [{ care = { therapist = "constant:rate=1" }, sessions = 4 }]
[[arms]]
name = "bad"
phases = [{ care = { therapist = "constant:rate=0" }, sessions = 2 }]
"""


def test_a_condition_with_a_design_file_simulates_its_arms(tmp_path):
    """Sizes are those of the condition: six people, the first three sessions of each; one response is asked."""
    path = tmp_path / "pairs.toml"
    path.write_text(DESIGN)
    condition = design_condition(path, read_design_file(path)) | {"n_people": 6, "sessions": 3}
    for find_design in (assurance.design_of, sbc.design_of):
        found = find_design(condition)
        model = found.load("rescorla_wagner")
        truth, data, figure = found.draw(model, np.random.default_rng(1))
        assert (list(model.responses), figure) == (["availability_rating"], "therapist")
        np.testing.assert_array_equal(data["present"].sum("event"), [3, 3, 3, 2, 2, 2])
        np.testing.assert_array_equal(data["outcome"].isel(event=0), [1, 1, 1, 0, 0, 0])
        assert truth.values["availability_rate"].shape == (6,)
        assert as_read_by(model, found, data) is data
    path.write_text(DESIGN.replace("rate=0", "rate=0.5"))
    with pytest.raises(InputError, match="the design has changed since its simulation began"):
        found.load("rescorla_wagner")
