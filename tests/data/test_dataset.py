"""Reading a table: the Dataset holds what the table says."""

import clinic
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from iwm_bayes.data.table import is_blank
from iwm_bayes.data.tables.table_file import open_table

NAN = np.nan


@pytest.fixture
def folder(tmp_path):
    return clinic.write(tmp_path)


def of(data, name):
    """Return a variable by person: one list per person, in the order of events."""
    return data[name].values.T.tolist()


def test_dataset_of_a_good_table(folder):
    """Order, padding, elapsed times, figures, scales, levels and blanks, all worked out by hand."""
    by_person = {
        "outcome": [[0.0, 0.5, 0.0], [1.0, 1.0, 0.0]],
        "observed": [[True, True, False], [True, True, False]],
        "figure_index": [[0, 1, 0], [1, 0, 0]],
        "assessment": [[False] * 3] * 2,
        "present": [[True] * 3, [True, True, False]],
        "session": [[1.0, 2.0, 3.0], [1.0, 2.0, NAN]],
        "time": [[0.0, 0.5, 1.5], [0.0, 1.0, NAN]],
        "since_any": [[1.0, 0.5, 1.0], [1.0, 1.0, 0.0]],
        "since_figure": [[1.0, 1.0, 1.5], [1.0, 1.0, 0.0]],
        "distress": [[0.0, 0.5, 0.0], [0.0, 1.0, 0.0]],
        "threat": [[0.0] * 3] * 2,
        "rated": [[0.0] * 3] * 2,
        "answer_closeness": [[0.0, 0.5, 1.0], [NAN, 1.0, NAN]],
        "answer_approach": [[0.0, 1.0, 1.0], [0.0, 1.0, NAN]],
    }
    expected = xr.Dataset(
        {name: (("event", "person"), np.array(values).T) for name, values in by_person.items()},
        {"person": ["ann", "bob"], "figure": ["mum", "dad"], "event": [0, 1, 2]},
    )
    data = clinic.read_study(folder)
    xr.testing.assert_equal(data, expected)
    assert data.attrs["time_unit"] == "14 days"  # the median of gaps of 7, 14 and 14 days


def test_outcome_may_be_cut_in_two(folder):
    """At or beyond the cut counts as responsive, before it as unresponsive; a blank stays not observed."""
    clinic.spoil(folder, "study.toml", "scale = [1, 7], missing", "scale = [1, 7], cut = 4, missing")
    data = clinic.read_study(folder)
    assert of(data, "outcome") == [[0.0, 1.0, 0.0], [1.0, 1.0, 0.0]]
    assert of(data, "observed")[0] == [True, True, False]


def test_two_figures_on_one_day_are_no_gap(folder):
    """Time is divided by the median of the gaps that are not 0."""
    with (folder / "sessions.csv").open("a") as table:
        table.write("ann,3,dad,2026-01-22,4,4,yes,0\nbob,2,dad,2026-01-15,4,4,yes,0\n")
    data = clinic.read_study(folder)
    assert data.attrs["time_unit"] == "14 days"
    assert of(data, "since_any") == [[1.0, 0.5, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]]


def test_times_in_numbers_keep_their_unit(folder):
    """Only dates are divided by their median gap."""
    clinic.spoil(folder, "study.toml", 'time     = "date"', 'time     = "visit"')
    clinic.spoil(folder, "sessions.csv", "ann,3", "ann,7")
    data = clinic.read_study(folder)
    assert of(data, "since_any")[0] == [1.0, 1.0, 5.0]
    assert data.attrs["time_unit"] == "visit"


def test_without_figure_or_time(folder):
    """There is one figure, and time passes with the session number."""
    for line in ('figure   = "who"\n', 'time     = "date"\n'):
        clinic.spoil(folder, "study.toml", line, "")
    data = clinic.read_study(folder)
    assert data["figure"].values.tolist() == ["the other person"]
    assert of(data, "since_figure") == of(data, "since_any") == [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]
    assert data.attrs["time_unit"] == "session"


def test_an_empty_row_is_left_out_and_counted(folder):
    """A row without figure, outcome and response is no event."""
    before = clinic.read_study(folder)
    with (folder / "sessions.csv").open("a") as table:
        table.write("ann,4,,2026-01-29,,,,\n")
    data = clinic.read_study(folder)
    xr.testing.assert_equal(data, before)
    assert (before.attrs["rows_left_out"], data.attrs["rows_left_out"]) == (0, 1)


def test_a_rating_without_outcome_and_action_is_an_assessment(folder):
    """A questionnaire between sessions: a rating, no outcome, no action."""
    clinic.spoil(folder, "sessions.csv", "ann,3,mum,2026-01-22,,1,yes", "ann,3,mum,2026-01-22,,1,")
    assert of(clinic.read_study(folder), "assessment") == [[False, False, True], [False] * 3]


def test_a_missing_response_is_no_fault(folder):
    """A person who did not answer an item keeps all other answers."""
    clinic.spoil(folder, "sessions.csv", "ann,2,dad,2026-01-08,4,4,yes", "ann,2,dad,2026-01-08,4,,")
    data = clinic.read_study(folder)
    assert of(data, "answer_closeness")[0] == pytest.approx([0.0, NAN, 1.0], nan_ok=True)
    assert of(data, "outcome")[0] == [0.0, 0.5, 0.0]


def test_environment_variable_in_a_path(folder, monkeypatch):
    """A path may begin with a variable; what follows :- is its default."""
    expected = clinic.read_study(folder)
    clinic.spoil(folder, "study.toml", '"sessions.csv"', '"${CLINIC_DATA:-.}/sessions.csv"')
    monkeypatch.delenv("CLINIC_DATA", raising=False)
    xr.testing.assert_equal(clinic.read_study(folder), expected)
    (folder / "elsewhere").mkdir()
    (folder / "sessions.csv").rename(folder / "elsewhere" / "sessions.csv")
    monkeypatch.setenv("CLINIC_DATA", str(folder / "elsewhere"))
    xr.testing.assert_equal(clinic.read_study(folder), expected)


@pytest.mark.parametrize("dated", [False, True], ids=["dates as text", "dates as dates"])
def test_parquet_and_csv_give_the_same_dataset(folder, dated):
    """The same table in either format is the same Dataset, whatever types its columns have."""
    expected = clinic.read_study(folder)
    frame = clinic.frame(folder)
    if dated:
        frame["date"] = pd.to_datetime(frame["date"])
    frame.to_parquet(folder / "sessions.parquet")
    clinic.spoil(folder, "study.toml", "sessions.csv", "sessions.parquet")
    data = clinic.read_study(folder)
    xr.testing.assert_equal(data, expected)
    assert data.attrs == expected.attrs


def test_byte_order_mark_is_no_part_of_a_name(folder):
    """Spreadsheets write one before the first column's name."""
    expected = clinic.read_study(folder)
    table = folder / "sessions.csv"
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    xr.testing.assert_equal(clinic.read_study(folder), expected)


@pytest.mark.parametrize("text", ["", "  ", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A"])
def test_words_for_missing_values_are_blank(text, tmp_path):
    """The words that the documentation lists are blank; a code, a dot or another word is not."""
    (tmp_path / "table.csv").write_text(f"person,rating\nann,{text}\nbob,-99\ncleo,.\ndan,missing\n")
    assert is_blank(open_table(tmp_path / "table.csv"), "rating").tolist() == [True, False, False, False]
