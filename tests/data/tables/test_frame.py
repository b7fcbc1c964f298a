"""Frames in memory: what their columns are, and how their rows are called."""

import datetime
from decimal import Decimal

import clinic
import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
import xarray as xr

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.numbers import read_numbers
from iwm_bayes.data.study import read_study_file
from iwm_bayes.data.table import cell_texts
from iwm_bayes.data.tables.table_file import open_table
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError

ZONE = datetime.timezone(datetime.timedelta(hours=2))


@pytest.fixture
def read(tmp_path):
    """Read frames in place of the files of the clinic, of which there is none."""
    study = read_study_file(clinic.write(tmp_path) / "study.toml")
    model = load_model(study.model[0])
    (tmp_path / "sessions.csv").unlink()
    return lambda sessions: read_data(study, model, sessions)


@pytest.fixture
def frame(tmp_path):
    (tmp_path / "frame").mkdir()
    return clinic.frame(clinic.write(tmp_path / "frame"))


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        (lambda frame: frame, "rows 1, 4"),
        (lambda frame: frame.set_axis([10, 20, 30, 40, 50]), "rows 20, 50"),
        (lambda frame: frame.set_axis(range(7, 12)), "rows 8, 11"),
        (lambda frame: frame.set_axis([0, 1, 1, 3, 1]), "rows 1, 4"),
        (lambda frame: frame.set_axis(list("abcde")), "rows 1, 4"),
        (lambda frame: frame.set_index(["patient_id", "visit"]), "rows 1, 4"),
        (polars.from_pandas, "rows 1, 4"),
        (pyarrow.Table.from_pandas, "rows 1, 4"),
    ],
)
def test_rows_are_called_as_a_user_finds_them(read, frame, change, rows):
    """By the labels that `.loc` takes where these are different numbers, else by the position from 0."""
    frame["distance"] = [1, 99, 4, 1, -1]
    sessions = change(frame)
    with pytest.raises(InputError) as caught:
        read(sessions)
    assert f'sessions, {rows}, column "distance": off the scale 1..7: "99" (1), "-1" (1)' in str(caught.value)
    if isinstance(sessions, pd.DataFrame) and sessions.index.is_unique and sessions.index.dtype == "int64":
        labels = [int(label) for label in rows.removeprefix("rows ").split(", ")]
        assert sessions.loc[labels, "distance"].tolist() == [99, -1]


def test_a_part_of_a_frame_is_read_as_it_is(read, frame):
    """Filtered and sorted rows are the same data as a frame of their own."""
    sorted_rows = frame.sort_values("need", ascending=False)
    xr.testing.assert_identical(read(sorted_rows), read(sorted_rows.reset_index(drop=True)))


def test_a_frame_is_not_changed(read, frame):
    """Neither its cells nor its names nor its index."""
    frame = frame.rename(columns={"need": " need "}).set_index("visit")
    before = frame.copy(deep=True)
    read(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_named_index_that_is_also_a_column_is_a_fault(read, frame):
    """One of two columns with a name is meant, and the program cannot know which."""
    with pytest.raises(InputError) as caught:
        read(frame.set_index("patient_id", drop=False))
    assert 'sessions: there are several columns "patient_id"' in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ([1, 2], "a list is no table"),
        ({"id": [1]}, "a dict is no table"),
        (polars.DataFrame({"id": [1]}).lazy(), "Call its method `collect` first"),
        (pyarrow.chunked_array([[1, 2]]), "is no table"),
        (pd.Series([1], name="id"), "is no table"),
        (pd.DataFrame({("a", "b"): [1]}), "several levels"),
        (pd.DataFrame({"id": []}), "no rows"),
        (pd.DataFrame(), "no rows"),
    ],
)
def test_what_is_no_frame_is_one_message(source, said):
    """With what to give instead."""
    with pytest.raises(InputError) as caught:
        open_table(source, "sessions")
    [problem] = caught.value.problems
    assert problem.startswith("sessions: ")
    assert said in problem


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 2.0, None], ["1", "2", ""]),
        ([1.5, 2.0, np.nan], ["1.5", "2", ""]),
        (pd.array([1, 2, None], "Int64"), ["1", "2", ""]),
        (pd.array([2**53 + 1, 2, None], "Int64"), [str(2**53 + 1), "2", ""]),
        ([2**53 + 1, 2, 3], [str(2**53 + 1), "2", "3"]),
        ([True, False, None], ["True", "False", ""]),
        (["a ", 1.0, None], ["a", "1", ""]),
        ([Decimal("1.50"), Decimal(2), None], ["1.5", "2", ""]),
        ([1, 2.5, None], ["1", "2.5", ""]),
        ([10**400, 1, None], [str(10**400), "1", ""]),
        (pd.Categorical([1, 2, None]), ["1", "2", ""]),
        (pd.Categorical(["Mu\u0308tter", "b", None]), ["M\u00fctter", "b", ""]),
        (
            [datetime.date(2026, 1, 2), None, datetime.datetime(2026, 1, 3, 4)],
            ["2026-01-02", "", "2026-01-03 04:00:00"],
        ),
        ([datetime.datetime(2026, 1, 2, tzinfo=ZONE), datetime.datetime(2026, 1, 3), None], None),
        ([[1, 2], {"a": 1}, None], ["[1, 2]", "{'a': 1}", ""]),
        ([None, None, None], ["", "", ""]),
        ([1 + 2j, 0j, 1j], ["(1+2j)", "0j", "1j"]),
    ],
)
def test_cells_are_written_as_people_write_them(values, expected):
    """Whole numbers without a decimal point, whatever type holds them; what is missing is blank."""
    texts = cell_texts(open_table(pd.DataFrame({"x": values}), "t"), "x").tolist()
    assert texts == (expected or ["2026-01-02 00:00:00+02:00", "2026-01-03", ""])


def test_numbers_of_every_type_are_numbers():
    """Also those that pandas keeps as objects."""
    for values in ([1, 2.5, None], [Decimal(1), Decimal("2.5"), None], pd.array([1, 2.5, None], "Float64")):
        table = open_table(pd.DataFrame({"x": pd.Series(values, dtype=object)}), "t")
        np.testing.assert_array_equal(read_numbers(table, "x"), [1, 2.5, np.nan])
        assert table.problems == []


def test_one_frame_may_be_both_tables(tmp_path):
    """Where the study names the table of sessions as the table of people, too."""
    frame = clinic.frame(clinic.write(tmp_path)).assign(age=[40, 30, 30, 30, 40])
    with (tmp_path / "study.toml").open("a") as study:
        study.write('[people]\ndata = "sessions.csv"\nperson = "patient_id"\n[formulas]\nrate = "age"\n')
    study = read_study_file(tmp_path / "study.toml")
    data = read_data(study, load_model(study.model[0]), frame)
    np.testing.assert_array_equal(data["covariate_age"].sel(person=["ann", "bob"]), [30, 40])


def test_people_without_a_place_in_the_study_are_refused(read, frame, tmp_path):
    """Without [people], the program does not know which column names the person."""
    study = read_study_file(tmp_path / "study.toml")
    with pytest.raises(InputError, match="the study has no"):
        read_data(study, load_model(study.model[0]), frame, frame)
