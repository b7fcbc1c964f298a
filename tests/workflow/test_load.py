"""One call returns model and data that belong together, the same from Python as on the command line."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from command import iwm

import iwm_bayes
from iwm_bayes.data.dataset import in_median_gap_units, to_table
from iwm_bayes.data.study import read_study_file
from iwm_bayes.estimands.group_summary import group_summary
from iwm_bayes.estimands.security.belief_paths import session_mask
from iwm_bayes.inference.fit import fit
from iwm_bayes.simulation.care import constant_care
from iwm_bayes.simulation.population import draw_people
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import InputError, parameters
from iwm_bayes.workflow.load import describe_data, left_out, load_data, load_study_and_data

MODEL = 'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = ["availability_rating"]\n'
STUDY = """schema = 2
name = "n"
data = "table.csv"
model = "own.toml"
[columns]
person = "person"
session = "session"
outcome = { column = "outcome" }
[responses.availability_rating]
items = ["one", "two"]
reliability = 0.9
timing = "before"
"""


@pytest.fixture
def study_file(tmp_path):
    """A study of 30 people who rate two items before the outcome of their row; it has no column of figures."""
    (tmp_path / "own.toml").write_text(MODEL)
    (tmp_path / "study.toml").write_text(STUDY)
    model = iwm_bayes.load_model(tmp_path / "own.toml")
    early = {name: response._replace(timing="before") for name, response in model.responses.items()}
    values = draw_people(model, ["therapist"], 30, np.random.default_rng(1))
    values |= {"availability_rate": np.full(30, 0.3), "availability_rating_noise": np.full(30, 0.05)}
    data = simulate(model._replace(responses=early), [Phase({"therapist": constant_care(0.7)}, 12)], values, 1)
    rating = to_table(data)["availability_rating"]
    to_table(data).assign(one=rating, two=rating).to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "study.toml"


def test_python_and_command_line_have_one_answer(study_file):
    """Timing, scale and reliability of the study hold in both: the same data, and the same group medians to print."""
    folder = study_file.parent
    model = iwm_bayes.Model(str(folder / "own.toml"), iwm_bayes.load_study(study_file))
    loaded = load_study_and_data(study_file, None)
    assert model.data.identical(loaded.data)
    assert parameters(model.spec) == parameters(loaded.model)
    done = iwm("fit", "study.toml", "--method", "laplace", "--quiet", "--out-dir", "run", cwd=folder)
    assert done.returncode == 0, done.stderr
    printed = pd.read_csv(folder / "run" / "tables" / "group_summary.csv")
    fitted = group_summary(model.spec, model.fit(method="laplace"))
    assert list(printed["parameter"]) == list(fitted["parameter"])
    np.testing.assert_allclose(printed["median"], fitted["median"], rtol=1e-9)
    thresholds = pd.read_csv(folder / "run" / "tables" / "rating_thresholds.csv")
    assert list(thresholds["threshold"]) == [0.4, 0.6]
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    assert "availability_rating (0 to 1): on a scale of its own, which is estimated" in page
    assert "Ratings whose scale was estimated: availability_rating." in page


def test_a_model_of_ones_own_is_bound_to_the_study(study_file):
    """Given as a name or as a model, it has the study's timing, a free scale, and the SD of the stated reliability."""
    study = read_study_file(study_file)
    path = str(study_file.parent / "own.toml")
    first = pd.read_csv(study.data).groupby("person")["one"].first()
    for given in (None, path, iwm_bayes.load_model(path)):
        model, _ = load_data(study, given, trust=True)
        declared = parameters(model)
        assert model.responses["availability_rating"].timing == "before"
        assert declared["availability_rating_noise"].fixed == pytest.approx(np.sqrt(0.1) * first.std())
        assert declared["availability_rating_slope"].fixed is None


def test_a_model_without_the_statements_of_the_study_is_refused(study_file):
    """The model that was given to `load_data`, and not the one that it returned, names everything that is forgotten."""
    model = iwm_bayes.load_model(study_file.parent / "own.toml")
    _, data = load_data(read_study_file(study_file), model)
    with pytest.raises(InputError, match=r"`timing`, `commensurable`, `reliability`\. Fit the model that `load_data`"):
        fit(model, data, "laplace")


def test_the_figure_that_is_shown_is_the_figure_that_can_be_passed(study_file):
    """A table without a column of figures has one, called "the other person" in every text and in every call."""
    _, data = load_data(read_study_file(study_file))
    [shown] = data["figure"].values
    assert f"attachment figures: {shown};" in describe_data(data)
    assert session_mask(data, "the other person").sum() == 30 * 12


def test_one_simulated_assessment_comes_before_the_sessions(tmp_path):
    """`--sessions 10` writes eleven rows per person: the first has ratings only."""
    done = iwm("simulate", "rescorla_wagner", "--n-people", "3", "--sessions", "10", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "sessions.csv")
    assert (table.groupby("person").size() == 11).all()
    first = table.groupby("person").nth(0)
    assert first["outcome"].isna().all()
    assert first["availability_rating"].notna().all()
    assert "11 rows" in " ".join(iwm("simulate", "--help", cwd=tmp_path).stdout.split())


def test_check_says_which_ratings_are_on_the_outcome_scale(study_file):
    """And the ratings at the thresholds of earned security, with what is assumed where the scale is estimated."""
    folder = study_file.parent
    said = " ".join(iwm("check", "study.toml", cwd=folder).stdout.split())
    assert "availability_rating (0 to 1): on a scale of its own, which is estimated. Beliefs of 0.4 and 0.6 are" in said
    assert "Warning: availability: no rating of this belief is stated to be on the outcome's scale" in said
    study_file.write_text(STUDY + "commensurable = true\n")
    said = " ".join(iwm("check", "study.toml", cwd=folder).stdout.split())
    assert "taken to be on the outcome's scale. Beliefs of 0.4 and 0.6 are ratings of 0.4 and 0.6" in said
    assert "Warning" not in said


@pytest.mark.parametrize(
    ("number", "row", "day"),
    [
        (1, "1 row without an outcome or a response was", "1 day"),
        (3, "3 rows without an outcome or a response were", "3 days"),
    ],
)
def test_one_row_and_one_day_are_singular(number, row, day):
    """What was left out, and the unit of time, are said in words."""
    data = xr.Dataset({"observed": ("event", [True])}, attrs={"rows_left_out": number})
    assert left_out(data, by_name=False) == [f"{row} left out"]
    events = pd.DataFrame({"person": ["a", "a"], "time": [0.0, number]})
    assert in_median_gap_units(events)[1] == day
