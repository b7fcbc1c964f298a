"""Typed files: sheets of Excel, value labels and missing values of SPSS and Stata, dates."""

import datetime
import json

import clinic
import openpyxl
import pandas as pd
import pyreadstat
import pytest
import xarray as xr

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.numbers import read_numbers
from iwm_bayes.data.study import StudySpec, read_study_file
from iwm_bayes.data.table import is_blank
from iwm_bayes.data.tables.table_file import open_table
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError


def write_sheets(path, sheets, hidden=()):
    """An Excel file with rows by sheet."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(row)
    workbook.save(path)


def test_the_first_sheet_is_read_and_named(tmp_path):
    """Where there are several, a doubt says which one; a hidden one is not the first that people see."""
    sheets = {"notes": [["a"], [1]], "sessions": [["id", "x"], [1, 2]], "legend": [["b"], [2]]}
    write_sheets(tmp_path / "t.xlsx", sheets)
    assert list(open_table(tmp_path / "t.xlsx").frame.columns) == ["a"]
    assert open_table(tmp_path / "t.xlsx").doubts == ['t.xlsx: the sheet "notes" was read, and not sessions, legend']
    write_sheets(tmp_path / "t.xlsx", sheets, hidden=["notes"])
    assert list(open_table(tmp_path / "t.xlsx").frame.columns) == ["id", "x"]
    write_sheets(tmp_path / "t.xlsx", {"sessions": sheets["sessions"]})
    assert open_table(tmp_path / "t.xlsx").doubts == []


def test_an_empty_first_sheet_names_the_others(tmp_path):
    write_sheets(tmp_path / "t.xlsx", {"Sheet1": [], "sessions": [["id"], [1]]})
    with pytest.raises(InputError) as caught:
        open_table(tmp_path / "t.xlsx")
    assert 'the sheet "Sheet1" is empty. Other sheets are sessions' in str(caught.value)


def test_rows_and_cells_of_a_sheet(tmp_path):
    """Rows are numbered as on the screen; #N/A is blank, a formatted column without a name or cell is none."""
    rows = [[], [None, "id", "x", None], [], [None, 1, "#N/A", None], [None, "A2", "lots", ""], [None, 3.5, 7, None]]
    write_sheets(tmp_path / "t.xlsx", {"s": rows})
    table = open_table(tmp_path / "t.xlsx")
    assert table.frame["id"].tolist() == ["1", "A2", "3.5"]
    assert list(table.frame.columns) == ["id", "x"]
    assert is_blank(table, "x").tolist() == [True, False, False]
    assert pd.isna(read_numbers(table, "x")[:2]).all()
    assert table.problems[0].startswith('t.xlsx, row 5, column "x": text where a number belongs: "lots" (1)')


def test_dates_stay_dates(tmp_path):
    """In Excel, SPSS and Stata, with times of the day and without."""
    days = [datetime.datetime(2026, 1, 1), datetime.datetime(2026, 1, 8, 12, 30), None]
    frame = pd.DataFrame({"id": [1.0, 2.0, 3.0], "date": pd.Series(days, dtype="datetime64[us]")})
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    pyreadstat.write_sav(frame, tmp_path / "t.sav")
    pyreadstat.write_dta(frame, tmp_path / "t.dta")
    for ending in ("xlsx", "sav", "dta"):
        found = open_table(tmp_path / f"t.{ending}").frame["date"]
        assert found.dtype.kind == "M"
        assert found.isna().tolist() == [False, False, True]
        assert found.dropna().tolist() == days[:2]


def labelled_clinic(folder, levels=("no", "yes"), labels=None):
    """The clinic with its choices as numbers with labels, in a file of SPSS."""
    frame = clinic.frame(clinic.write(folder))
    frame = frame.assign(reached_out=frame["reached_out"].map({"no": 1.0, "yes": 2.0}))
    labels = {"reached_out": labels or {1: "no", 2: "yes"}, "distance": {1: "close", 7: "far"}}
    pyreadstat.write_sav(frame, folder / "sessions.sav", variable_value_labels=labels)
    clinic.spoil(folder, "study.toml", "sessions.csv", "sessions.sav")
    clinic.spoil(folder, "study.toml", 'levels = ["no", "yes"]', f"levels = {json.dumps(levels)}")


def test_labels_are_answers_where_the_study_names_them(tmp_path):
    """The distance keeps its numbers, though its ends have labels."""
    expected = clinic.read_study(clinic.write(tmp_path))
    labelled_clinic(tmp_path)
    xr.testing.assert_identical(clinic.read_study(tmp_path), expected)


@pytest.mark.parametrize("labels", [{1: "no", 2: "yes"}, {1: "2", 2: "1"}])
def test_numbers_are_answers_where_the_study_names_numbers(tmp_path, labels):
    """Even if the labels are the same numbers the other way round."""
    expected = clinic.read_study(clinic.write(tmp_path))
    labelled_clinic(tmp_path, (1, 2), labels)
    xr.testing.assert_equal(clinic.read_study(tmp_path), expected)


def test_a_wrong_level_shows_numbers_with_their_labels(tmp_path):
    labelled_clinic(tmp_path, ("no", "yes!"))
    with pytest.raises(InputError) as caught:
        clinic.read_study(tmp_path)
    assert 'rows 2, 4, 5, column "reached_out": neither "no" nor "yes!": "2 = yes" (3)' in str(caught.value)


def test_labels_that_are_not_used_are_said(tmp_path):
    """A covariate with labels stays a number, and figures keep their numbers: both are said, with what to do."""
    folder = clinic.write(tmp_path)
    frame = clinic.frame(folder)
    frame = frame.assign(
        who=frame["who"].map({"mum": 1.0, "dad": 2.0}), arm=frame["patient_id"].map({"ann": 1, "bob": 2})
    )
    labels = {"who": {1: "mum", 2: "dad"}, "arm": {1: "cbt", 2: "tau"}}
    pyreadstat.write_sav(frame, folder / "sessions.sav", variable_value_labels=labels)
    study = read_study_file(folder / "study.toml").model_dump() | {"data": folder / "sessions.sav"}
    people = {"data": folder / "sessions.sav", "person": "patient_id"}

    def read(formula):
        more = {"people": people, "formulas": {"rate": formula}}
        return read_data(StudySpec.model_validate(study | more), load_model(folder / "model.toml"))

    data = read("arm")
    figures, covariate = json.loads(data.attrs["doubts"])
    assert list(data["figure"].values) == ["1", "2"]
    assert 'column "who": has the value labels 2 = dad, 1 = mum' in figures or "1 = mum, 2 = dad" in figures
    assert data["covariate_arm"].dtype.kind == "f"
    assert covariate.endswith("It is read as numbers. For categories, write C(arm) in the formula")
    as_categories = read("C(arm)")
    assert list(as_categories["covariate_arm"].values) == ["1", "2"]
    assert len(json.loads(as_categories.attrs["doubts"])) == 1


def test_declared_missing_values_are_blank(tmp_path):
    """A range and a single value of SPSS, and the letters of Stata."""
    frame = pd.DataFrame({"id": ["a", "b", "c"], "x": [1.0, -99.0, 97.0], "s": ["yes", "?", ""]})
    ranges = {"x": [-99.0, {"lo": 90, "hi": 98}], "s": ["?"]}
    pyreadstat.write_sav(frame, tmp_path / "t.sav", missing_ranges=ranges)
    table = open_table(tmp_path / "t.sav")
    assert is_blank(table, "x").tolist() == [False, True, True]
    assert is_blank(table, "s").tolist() == [False, True, True]
    stata = pd.DataFrame({"x": [1.0, "a", None]}, dtype=object)
    pyreadstat.write_dta(stata, tmp_path / "t.dta", missing_user_values={"x": ["a"]})
    assert is_blank(open_table(tmp_path / "t.dta"), "x").tolist() == [False, True, True]
