"""One study in every format is one Dataset: text in its dialects and encodings, typed files, and frames in memory."""

import datetime
import gzip
import json
import unicodedata

import numpy as np
import openpyxl
import pandas as pd
import polars
import pyarrow
import pyreadstat
import pytest
import xarray as xr

from iwm_bayes.data.dataset import dataset_hash, read_data
from iwm_bayes.data.study import StudySpec
from iwm_bayes.model.specification.model_file import load_model

MODEL = (
    'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\n'
    'responses = {near = "availability_rating", came = "approach"}\n'
)
SESSIONS = pd.DataFrame(  # numbers that name people, blanks, words, dates, letters beyond ASCII
    {
        "patient": [1.0, 1.0, 1.0, 2.0, 2.0, 10.0, 10.0],
        "visit": [1.0, 2.0, 3.0, 1.0, 2.0, 1.0, 2.0],
        "figure": ["Mütter", "père", "Mütter", "Mütter", "père", "père", "Mütter"],
        "date": [datetime.date(2026, 1, day) for day in (1, 8, 22, 1, 15, 2, 9)],
        "responsive": [1.5, 4.0, None, 7.0, 2.25, 3.0, 6.5],
        "nähe": [0.5, 4.0, 10.0, None, 9.25, 1.0, 2.0],
        "came": ["no", "yes", "yes", "no", "", "yes", "no"],
        "need": [85.0, 0.0, 12.5, 100.0, None, 3.0, 40.0],
    }
)
PEOPLE = pd.DataFrame({"id": [10.0, 2.0, 1.0], "arm": ["tau", "kβt", "tau"], "age": [31.5, 42.0, 23.0]})
STUDY = {
    "name": "clinic",
    "model": ["own"],
    "columns": {
        "person": "patient",
        "session": "visit",
        "figure": "figure",
        "time": "date",
        "outcome": {"column": "responsive", "scale": [1, 7], "missing": "unseen"},
        "distress": {"column": "need", "scale": [0, 100]},
    },
    "responses": {"near": {"column": "nähe", "scale": [0, 10]}, "came": {"column": "came", "levels": ["no", "yes"]}},
    "formulas": {"rate": "arm + age"},
}


def as_written(frame):
    """A frame with cells as people type them: 1 for 1.0, nothing where there is none."""
    return frame.map(lambda cell: "" if pd.isna(cell) else f"{cell:g}" if isinstance(cell, float) else str(cell))


def as_lines(frame, separator=",", decimal="."):
    """A frame as the lines of a text file."""
    rows = [list(frame.columns), *as_written(frame).values.tolist()]
    number = {f"{cell:g}" for name in frame for cell in frame[name] if isinstance(cell, float)}
    return [
        separator.join(cell.replace(".", decimal) if cell in number else cell for cell in row) + "\n" for row in rows
    ]


def as_text(frame, separator=",", decimal="."):
    return "".join(as_lines(frame, separator, decimal))


def write_excel(frame, path):
    """A sheet whose numbers are numbers and whose dates are dates; a formatted table begins below a blank row."""
    workbook = openpyxl.Workbook()
    workbook.active.append([])
    for row in [list(frame.columns), *frame.astype(object).where(frame.notna(), None).values.tolist()]:
        workbook.active.append(row)
    workbook.save(path)


def with_labels(frame):
    """A frame in which the words of a column are numbers, and their labels."""
    if "came" not in frame:
        return frame, {}
    return frame.assign(came=frame["came"].map({"no": 1.0, "yes": 2.0})), {"came": {1.0: "no", 2.0: "yes"}}


def write_spss(frame, path):
    """Words are value labels, and a number that is declared as missing is blank."""
    coded, labels = with_labels(frame)
    ranges = {"responsive": [-99.0]} if "responsive" in frame else {}
    coded = coded.assign(responsive=coded["responsive"].fillna(-99.0)) if ranges else coded
    pyreadstat.write_sav(coded, path, variable_value_labels=labels, missing_ranges=ranges)


def write_stata(frame, path):
    coded, labels = with_labels(frame)
    pyreadstat.write_dta(coded, path, variable_value_labels=labels)


def by_bytes(ending, encode):
    """A writer of a file from the bytes of a frame."""
    return ending, lambda frame, path: path.write_bytes(encode(frame))


FILES = {
    "comma": by_bytes(".csv", lambda frame: as_text(frame).encode()),
    "semicolon and decimal comma": by_bytes(".csv", lambda frame: as_text(frame, ";", ",").encode()),
    "sep line": by_bytes(".csv", lambda frame: ("sep=;\n" + as_text(frame, ";", ",")).encode("utf-8-sig")),
    "sep line with another sign": by_bytes(".csv", lambda frame: ("sep=|\r\n" + as_text(frame, "|", ",")).encode()),
    "tab": by_bytes(".tsv", lambda frame: as_text(frame, "\t").encode()),
    "tab and decimal comma": by_bytes(".txt", lambda frame: as_text(frame, "\t", ",").encode()),
    "byte order mark": by_bytes(".CSV", lambda frame: as_text(frame).encode("utf-8-sig")),
    "UTF-16": by_bytes(".txt", lambda frame: as_text(frame, "\t").encode("utf-16")),
    "UTF-16 big endian": by_bytes(".csv", lambda frame: b"\xfe\xff" + as_text(frame).encode("utf-16-be")),
    "compressed": by_bytes(".csv.gz", lambda frame: gzip.compress(as_text(frame).encode())),
    "compressed tab": by_bytes(".tsv.GZ", lambda frame: gzip.compress(as_text(frame, "\t").encode())),
    "blanks in the header": by_bytes(
        ".csv", lambda frame: as_text(frame.rename(columns=lambda name: f"{name}  ")).encode()
    ),
    "a comma after every row": by_bytes(
        ".csv",
        lambda frame: "".join(
            line if row == 0 else line.replace("\n", ",\n") for row, line in enumerate(as_lines(frame))
        ).encode(),
    ),
    "percent signs": by_bytes(
        ".csv",
        lambda frame: as_text(
            frame.assign(need=[f"{need:g}%" if need == need else "" for need in frame["need"]])
            if "need" in frame
            else frame
        ).encode(),
    ),
    "decomposed letters": by_bytes(".csv", lambda frame: unicodedata.normalize("NFD", as_text(frame)).encode()),
    "Parquet": (".PARQUET", lambda frame, path: frame.to_parquet(path)),
    "Feather": (".feather", lambda frame, path: frame.to_feather(path)),
    "Excel": (".xlsx", write_excel),
    "SPSS": (".sav", write_spss),
    "Stata": (".dta", write_stata),
}
FRAMES = {
    "pandas": lambda frame: frame,
    "pandas with nullable types": lambda frame: (
        frame.assign(date=pd.to_datetime(frame["date"])).convert_dtypes() if "date" in frame else frame.convert_dtypes()
    ),
    "pandas with categories": lambda frame: frame.astype(
        {name: "category" for name in ("figure", "came", "arm") if name in frame}
    ),
    "pandas with an index": lambda frame: frame.set_index(list(frame.columns[:2])),
    "polars": polars.from_pandas,
    "Arrow": pyarrow.Table.from_pandas,
}


def own_study(folder, sessions="sessions.csv", people="people.csv"):
    (folder / "own.toml").write_text(MODEL, encoding="utf-8")
    paths = {"data": folder / sessions, "people": {"data": folder / people, "person": "id"}}
    return StudySpec.model_validate(STUDY | paths), load_model(folder / "own.toml")


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The Dataset of the study as a CSV file with commas, of which some values are worked out by hand."""
    folder = tmp_path_factory.mktemp("comma")
    for name, frame in (("sessions", SESSIONS), ("people", PEOPLE)):
        FILES["comma"][1](frame, folder / f"{name}.csv")
    data = read_data(*own_study(folder))
    assert list(data["person"].values) == ["1", "10", "2"]
    assert set(data["figure"].values) == {"Mütter", "père"}
    by_person = data.transpose("person", ...)
    np.testing.assert_allclose(by_person["answer_near"][0], [0.05, 0.4, 1.0])
    np.testing.assert_array_equal(by_person["answer_came"][2], [0, np.nan, np.nan])
    np.testing.assert_allclose(by_person["distress"][0], [0.85, 0.0, 0.125])
    np.testing.assert_array_equal(by_person["observed"][0], [True, True, False])
    np.testing.assert_array_equal(data["covariate_age"], [23.0, 31.5, 42.0])
    assert list(data["covariate_arm"].values) == ["tau", "tau", "kβt"]
    assert data.attrs["time_unit"] == "10.5 days"
    assert data.attrs["doubts"] == "[]"
    return data


@pytest.mark.parametrize("kind", FILES)
def test_every_format_gives_the_identical_dataset(tmp_path, kind, expected):
    """The same values, types, names and attributes, and the same hash."""
    ending, write = FILES[kind]
    for name, frame in (("sessions", SESSIONS), ("people", PEOPLE)):
        write(frame, tmp_path / f"{name}{ending}")
    data = read_data(*own_study(tmp_path, f"sessions{ending}", f"people{ending}"))
    xr.testing.assert_identical(data, expected)
    assert dataset_hash(data) == dataset_hash(expected)


@pytest.mark.parametrize("kind", FRAMES)
def test_every_frame_gives_the_identical_dataset(tmp_path, kind, expected):
    """No file is read, and the frames are as they were."""
    sessions, people = FRAMES[kind](SESSIONS), FRAMES[kind](PEOPLE)
    before = [sessions.copy() if isinstance(sessions, pd.DataFrame) else sessions, SESSIONS.copy()]
    data = read_data(*own_study(tmp_path), sessions=sessions, people=people)
    xr.testing.assert_identical(data, expected)
    assert dataset_hash(data) == dataset_hash(expected)
    pd.testing.assert_frame_equal(SESSIONS, before[1])
    if isinstance(sessions, pd.DataFrame):
        pd.testing.assert_frame_equal(sessions, before[0])


def test_a_study_may_have_letters_in_the_other_form(tmp_path, expected):
    """Names of columns in the study file are the same names, whichever program wrote the file."""
    for name, frame in (("sessions", SESSIONS), ("people", PEOPLE)):
        FILES["comma"][1](frame, tmp_path / f"{name}.csv")
    study, model = own_study(tmp_path)
    content = json.loads(unicodedata.normalize("NFD", json.dumps(STUDY, ensure_ascii=False)))
    assert content != STUDY
    other = StudySpec.model_validate(content | {"data": study.data, "people": study.people})
    xr.testing.assert_identical(read_data(other, model), expected)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_a_guessed_encoding_is_said_aloud(tmp_path, encoding, expected):
    """The data are the same, and a warning shows a word by which a reader sees whether the guess is right."""

    figure = "Mütter" if encoding == "latin-1" else "Mütter – 2"
    sessions = SESSIONS.assign(figure=SESSIONS["figure"].str.replace("Mütter", figure))
    (tmp_path / "sessions.csv").write_bytes(as_text(sessions).encode(encoding))
    FILES["comma"][1](PEOPLE, tmp_path / "people.csv")
    data = read_data(*own_study(tmp_path))
    [doubt] = json.loads(data.attrs["doubts"])
    label = "Latin-1" if encoding == "latin-1" else "Windows-1252"
    assert f'sessions.csv: not UTF-8, so it is read as {label}, such as "nähe"' in doubt
    figures = [name.replace("Mütter", figure) for name in expected["figure"].values]
    assert list(data["figure"].values) == figures
    xr.testing.assert_equal(data.drop_vars("figure"), expected.drop_vars("figure"))


def change(data, how):
    return {
        "a value": lambda: data.assign(distress=data["distress"] + 1e-15),
        "a type": lambda: data.assign(distress=data["distress"].astype("float32")),
        "a name": lambda: data.rename(distress="need"),
        "a dim": lambda: data.rename_dims(event="trial"),
        "an attribute": lambda: data.assign_attrs(time_unit="days"),
        "an attribute of a variable": lambda: data.assign(came=data["answer_came"].assign_attrs(effect="none")),
        "a person": lambda: data.assign_coords(person=["1", "10", "3"]),
    }[how]()


@pytest.mark.parametrize(
    "how", ["a value", "a type", "a name", "a dim", "an attribute", "an attribute of a variable", "a person"]
)
def test_the_hash_changes_with_what_the_data_are(expected, how):
    """Each part of a Dataset counts."""
    assert dataset_hash(change(expected, how)) != dataset_hash(expected)


def test_the_hash_does_not_change_with_order(expected):
    """Neither the order of variables and attributes nor the width of text counts."""
    backwards = xr.Dataset(
        {name: expected[name] for name in reversed(list(expected.data_vars))},
        {name: expected[name] for name in reversed(list(expected.coords))},
        dict(reversed(expected.attrs.items())),
    ).assign_coords(person=expected["person"].astype("<U40"))
    assert list(backwards) != list(expected)
    assert dataset_hash(backwards) == dataset_hash(expected)
