"""What a cell means: every row has its fields, words for missing are blank, and what could be misread is a fault."""

import json

import clinic
import numpy as np
import pandas as pd
import pytest

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.formulas.covariates import matched_people
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.table import suggest_levels
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import GENERALISED, InputError

MODEL = (
    'schema = 2\nclaim = "c"\nreference = "r"\nrule = "rescorla_wagner"\nresponses = {near = "availability_rating"}\n'
)
HEADER = "who,visit,figure,date,acts,near\n"
ROWS = (
    "ann,1,mum,2026-01-01,1,0.4\nann,2,mum,2026-01-08,0,0.5\nbob,1,dad,2026-01-01,1,0.3\nbob,2,dad,2026-01-15,0,0.6\n"
)
NAMED = {"person": "who", "session": "visit", "figure": "figure", "time": "date"}


def read(folder, table, responses=None, outcome=None, columns=NAMED, model=MODEL, people=None, formulas=None):
    """Return the Dataset of a table as bytes or text."""
    (folder / "table.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
    (folder / "own.toml").write_text(model, encoding="utf-8")
    outcome = {"column": "acts", "missing": "unseen"} | (outcome or {})
    content = {"name": "n", "data": folder / "table.csv", "model": ["own"]}
    content |= {"responses": responses or {"near": {"column": "near"}}, "columns": columns | {"outcome": outcome}}
    if people is not None:
        (folder / "people.csv").write_text(people, encoding="utf-8")
        content["people"] = {"data": folder / "people.csv", "person": "id", "groups": ["therapist"]}
        content["formulas"] = formulas or {}
    return read_data(StudySpec.model_validate(content), load_model(folder / "own.toml"))


def problems(folder, table, **more):
    """Return every problem of a table as one text."""
    with pytest.raises(InputError) as caught:
        read(folder, table, **more)
    return "\n".join(caught.value.problems)


def doubts(data):
    return json.loads(data.attrs["doubts"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ann,2,mum,2026-01-08,0,0.5\n", "ann,2,2026-01-08,0,0.5\n", ["row 3: 5 fields, where the header has 6"]),
        ("ann,2,mum,2026-01-08,0,0.5\n", "ann,2,mum,2026-01-08,0,0.5,\n", ["row 3: 7 fields", "Name every column"]),
        ("2026-01-15,0,0.6\n", "2026-", ["row 5: 4 fields", "cut off"]),
        ("2026-01-15,0,0.6\n", '2026-01-15,0,"0.6\n', ["line 5", "cut off"]),
        ("ann,2,mum", 'ann,2,"mum"x', ["line 3", "quotation marks"]),
        ("ann,2,mum", "ann,2,m\0m", ["row 3: NUL bytes"]),
        ("who,visit", "who,who", ['several columns "who", which key `columns.person`', 'no column "visit"']),
        ("ann,2,mum,2026-01-08", "ann,2,mum,0206-01-08", ["row 3", "outside the years 1900 to 2100"]),
        ("ann,2,mum,2026-01-08", "ann,2,mum,9999-01-08", ["row 3", "outside the years 1900 to 2100"]),
        ("ann,2,mum,2026-01-08", "ann,2,mum,2026-01-08T10:00Z", ["row 3", "with a time zone, where others have none"]),
        ("ann,2,mum,2026-01-08", "ann,20260108,mum,2026-01-08", None),
        ("ann,2,mum", f"ann,2,{GENERALISED}", ["row 3", "the program's word for a new figure"]),
        ("bob,", "1,", None),
        ("0.5", "1e300", ["row 3", '"near"', "a number beyond 1e+15"]),
        (
            "ann,2,mum",
            "NA,2,mum",
            ["row 3", '"who"', 'a word for what is missing: "NA" (1)', "write it in another way"],
        ),
    ],
)
def test_cells_that_could_be_misread_are_faults(tmp_path, old, new, said):
    """Each is reported with its rows; where nothing is said, the table is as good as before."""
    table = (HEADER + ROWS).replace(old, new, 1)
    if said is None:
        assert read(tmp_path, table).sizes["event"] >= 2
        return
    found = problems(tmp_path, table)
    assert [part for part in said if part not in found] == []


def test_numbers_of_sessions_are_no_dates(tmp_path):
    """A column of dates as session numbers would make gaps of 70 at the end of each month."""
    table = (HEADER + ROWS).replace(",1,", ",20260101,", 1).replace(",2,", ",20260108,")
    table = table.replace("bob,1,", "bob,20260101,")
    assert "dates, where sessions are numbered" in problems(tmp_path, table)


def test_dates_without_signs_are_dates(tmp_path):
    """20260131 and 20260201 are one day apart, not 70; that they were taken for dates is said."""
    written = read(tmp_path, HEADER + ROWS)
    compact = read(tmp_path, HEADER + ROWS.replace("2026-01-", "202601"))
    assert compact["since_any"].values.tolist() == written["since_any"].values.tolist()
    assert compact.attrs["time_unit"] == written.attrs["time_unit"] == "10.5 days"
    assert "numbers such as 20260131 are read as dates" in doubts(compact)[0]
    assert doubts(written) == []


def test_points_between_thousands_are_a_fault(tmp_path):
    """Minutes 950, 1.000 and 1.050: the point cannot be a decimal point. In a column of decimals it is one."""
    table = HEADER + ROWS.replace("2026-01-01", "950").replace("2026-01-08", "1.000").replace("2026-01-15", "1.050")
    found = problems(tmp_path, table)
    assert "rows 3, 5" in found
    assert "Write one thousand as 1000" in found
    decimals = read(tmp_path, HEADER + ROWS.replace("0.4", "1.000"))
    assert decimals["answer_near"].values[0, 0] == 1.0


def test_an_unused_column_may_be_there_twice(tmp_path):
    """Exports have such columns; only one that the study names must be unique."""
    table = "\n".join(f"{line},x,y" for line in (HEADER + ROWS).splitlines()).replace("near,x,y", "near,note,note")
    assert read(tmp_path, table).sizes["person"] == 2


@pytest.mark.parametrize("other", ["1.0", "001", "01.00"])
def test_a_person_in_two_spellings_is_a_fault(tmp_path, other):
    """1 and 1.0 were two people, each with half of the sessions."""
    table = HEADER + ROWS.replace("ann,1,", "1,1,").replace("ann,2,", f"{other},2,")
    found = problems(tmp_path, table)
    assert f'rows 2, 3, column "who": one name in several spellings, or several names: "1", "{other}"' in found


def test_people_and_figures_may_be_called_none_or_nan(tmp_path):
    """A grandmother called nan is a figure, not nobody in particular; that it was taken for a name is said."""
    data = read(tmp_path, HEADER + ROWS.replace("ann", "None").replace("mum", "nan"))
    assert set(data["person"].values) == {"None", "bob"}
    assert list(data["figure"].values) == ["nan", "dad"] or list(data["figure"].values) == ["dad", "nan"]
    assert any('"nan" (2)' in sentence for sentence in doubts(data))
    assert any('"None" (2)' in sentence for sentence in doubts(data))


def test_declared_levels_are_answers_whatever_they_are_called(tmp_path):
    """A level called None or NA is an answer, and blank cells are still blank; undeclared, the words are blank."""
    rows = ROWS.replace(",1,0.4", ",None,0.4").replace(",0,0.5", ",Some,0.5").replace(",1,0.3", ",,0.3")
    rows = rows.replace(",0,0.6", ",Some,0.6")
    data = read(tmp_path, HEADER + rows, outcome={"levels": ["None", "Some"]})
    by_person = {str(name): data.sel(person=name) for name in data["person"].values}
    assert by_person["ann"]["outcome"].values.tolist() == [0.0, 1.0]
    assert by_person["ann"]["observed"].values.tolist() == [True, True]
    assert by_person["bob"]["observed"].values.tolist() == [False, True]
    rows = ROWS.replace(",1,0.4", ",NA,0.4")
    assert not read(tmp_path, HEADER + rows).sel(person="ann")["observed"].values[0]


def test_the_word_for_nobody_may_be_none(tmp_path):
    """Where the study's word for nobody is None, this word is a choice and not a blank."""
    model = MODEL.replace('{near = "availability_rating"}', '{sought = "seek"}')
    rows = "ann,1,mum,2026-01-01,1,mum\nann,2,,2026-01-08,,None\nbob,1,dad,2026-01-01,1,dad\n"
    data = read(tmp_path, HEADER + rows, responses={"sought": {"column": "near", "nobody": "None"}}, model=model)
    assert data["answer_sought"].sel(person="ann").values[1] == 0.0


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (["1", "1.0"], "each once"),
        (["", "yes"], "a blank cell is no answer"),
        (["  ", "yes"], "a blank cell is no answer"),
        (["yes", "yes "], "each once"),
    ],
)
def test_levels_that_cannot_be_distinguished_are_refused(tmp_path, levels, said):
    """The same number in two spellings, and a level that is blank."""
    with pytest.raises(ValueError, match=said):
        read(tmp_path, HEADER + ROWS, outcome={"levels": levels})


@pytest.mark.parametrize(
    ("words", "suggested"),
    [
        (["yes", "no"], 'levels = ["no", "yes"]'),
        (["Ja", "Nein"], 'levels = ["Nein", "Ja"]'),
        (["yes", "so-so", "no"], 'levels = ["no", "so-so", "yes"]'),
        (["near", "far"], "levels = [...]"),
        (["Hai", "Iie"], "levels = [...]"),
        (["no", "never"], "levels = [...]"),
        (["yes"], "levels = [...]"),
    ],
)
def test_only_a_known_order_of_levels_is_suggested(words, suggested):
    """The alphabet is no order of answers: Ja and Nein were suggested the wrong way round."""
    assert suggest_levels(pd.Series(words)) == suggested


PEOPLE = "id,age,arm,therapist\nann,31,cbt,None\nbob,42,tau,7\n"


def test_groups_may_be_called_none(tmp_path):
    """Somebody without a therapist is in a group of that name."""
    data = read(tmp_path, HEADER + ROWS, people=PEOPLE)
    assert data["covariate_therapist"].sel(person=["ann", "bob"]).values.tolist() == ["None", "7"]
    assert any('"None" (1)' in sentence for sentence in doubts(data))


@pytest.mark.parametrize(("sessions", "people"), [("1", "001"), ("1.0", "1"), ("001", "1")])
def test_people_are_matched_as_they_are_written(tmp_path, sessions, people):
    """A spreadsheet takes the zeros from one of two tables; where one person only fits, it is that one."""
    table = HEADER + ROWS.replace("ann", sessions)
    data = read(tmp_path, table, people=PEOPLE.replace("ann", people), formulas={"rate": "arm"})
    assert data["covariate_arm"].sel(person=sessions) == "cbt"


def test_ids_of_a_typed_table_are_matched(tmp_path):
    """Person 1.0 of a spreadsheet is 001 of a text file; other names in the same table stay as they are."""
    table = HEADER + ROWS.replace("ann", "007").replace("bob", "12")
    people = pd.DataFrame({"id": [12.0, 7.0], "arm": ["tau", "cbt"], "therapist": [1.0, 2.0]})
    people.to_parquet(tmp_path / "people.parquet")
    (tmp_path / "table.csv").write_text(table)
    (tmp_path / "own.toml").write_text(MODEL)
    study = StudySpec.model_validate(
        {
            "name": "n",
            "data": tmp_path / "table.csv",
            "model": ["own"],
            "columns": NAMED | {"outcome": {"column": "acts", "missing": "unseen"}},
            "responses": {"near": {"column": "near"}},
            "people": {"data": tmp_path / "people.parquet", "person": "id", "groups": ["therapist"]},
            "formulas": {"rate": "arm"},
        }
    )
    data = read_data(study, load_model(tmp_path / "own.toml"))
    assert data["covariate_arm"].sel(person=["007", "12"]).values.tolist() == ["cbt", "tau"]
    assert data["covariate_therapist"].sel(person=["007", "12"]).values.tolist() == ["2", "1"]


@pytest.mark.parametrize(
    ("sessions", "people", "said"),
    [
        ("P-01", "p1", 'no row for "P-01" (it has "p1")'),
        ("p1", "P001", 'no row for "p1" (it has "P001")'),
        ("Marie-Anne", "Marie Anna", 'no row for "Marie-Anne" (it has "Marie Anna")'),
        ("1", "2", 'no row for "1". Write people'),
    ],
)
def test_people_who_are_not_matched_are_shown_in_both_spellings(tmp_path, sessions, people, said):
    """They had been called blank, though their row is filled in."""
    table, covariates = HEADER + ROWS.replace("ann", sessions), PEOPLE.replace("ann", people)
    found = problems(tmp_path, table, people=covariates, formulas={"rate": "arm"})
    assert f'people.csv, column "id": {said}' in found
    assert "blank" not in found


def test_a_number_that_fits_two_people_is_matched_with_neither():
    """A part of a study may have both spellings; a name that is the same in both tables always fits."""
    people = np.array(["1", "001", "2", "x"])
    found = matched_people(np.array(["01", "1", "2.0", "x"]), people)
    assert found.tolist() == ["01", "1", "2", "x"]


def test_people_who_are_left_out_for_their_spelling_are_said(tmp_path):
    """`missing = "drop"` leaves out people without a row; where a row looks like theirs, this may be a mistake."""
    rows = ROWS + ROWS.replace("ann", "P-01").replace("bob", "cem")
    (tmp_path / "table.csv").write_text(HEADER + rows)
    (tmp_path / "own.toml").write_text(MODEL)
    (tmp_path / "people.csv").write_text("id,arm\nann,cbt\nbob,tau\np1,tau\n")
    study = StudySpec.model_validate(
        {
            "name": "n",
            "data": tmp_path / "table.csv",
            "model": ["own"],
            "columns": NAMED | {"outcome": {"column": "acts", "missing": "unseen"}},
            "responses": {"near": {"column": "near"}},
            "people": {"data": tmp_path / "people.csv", "person": "id", "missing": "drop"},
            "formulas": {"rate": "arm"},
        }
    )
    data = read_data(study, load_model(tmp_path / "own.toml"))
    assert data.attrs["dropped"] == "P-01, cem"
    [doubt] = doubts(data)
    assert doubt == 'people.csv: these people are left out, because they have no row: "P-01" (it has "p1")'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("31,", "31%,", ['row 2, column "age": a percent sign: "31%"']),
        ("31,", '"31,5",', ['row 2, column "age": a decimal comma']),
        ("31,", "inf,", ['row 2, column "age": an infinite number']),
        ("ann,31,cbt,None\n", "ann,31,cbt,7\n001,31,cbt,7\n1,31,cbt,7\n", ['"001", "1"']),
        (",7\n", ",7.0\ncem,3,tau,7\n", ['one name in several spellings, or several names: "7.0", "7"']),
    ],
)
def test_faults_of_covariates(tmp_path, old, new, said):
    """A decimal comma would make a category of each number."""
    found = problems(tmp_path, HEADER + ROWS, people=PEOPLE.replace(old, new, 1), formulas={"rate": "age"})
    assert [part for part in said if part not in found] == []


def test_names_of_covariates_may_have_spaces_and_slashes(tmp_path):
    """In formulas between backquotes, as groups as they are; a Dataset with them can be part of a tree and a file."""
    from xarray import DataTree

    people = PEOPLE.replace("arm,therapist", "arm/a % b,therapist")
    data = read(tmp_path, HEADER + ROWS, people=people, formulas={"rate": "`arm/a % b`"})
    assert list(data["coefficient"].values) == ["availability_rate: arm/a % b[tau]"]
    tree = DataTree.from_dict({"constant_data": data})
    tree.to_netcdf(tmp_path / "fit.nc", engine="h5netcdf")


def test_an_outcome_is_no_response(tmp_path):
    """If answers were the outcomes, people would learn from them by construction."""
    found = problems(tmp_path, HEADER + ROWS, responses={"near": {"column": "acts"}})
    assert 'the column "acts" is the outcome and the response [responses.near]' in found


def test_one_column_is_one_response(tmp_path):
    """Each answer would count twice, unless `where` says which rows belong to which response."""
    model = MODEL.replace('"availability_rating"', '"availability_rating", worth = "worth_rating"')
    both = {"near": {"column": "near"}, "worth": {"column": "near"}}
    found = problems(tmp_path, HEADER + ROWS, responses=both, model=model)
    assert "each answer would count twice" in found
    long = "\n".join(
        f"{line},{'question' if row == 0 else 'ab'[row % 2]}" for row, line in enumerate((HEADER + ROWS).splitlines())
    )
    asked = {
        name: given | {"where": {"question": word}} for (name, given), word in zip(both.items(), "ab", strict=True)
    }
    data = read(tmp_path, long, responses=asked, model=model)
    assert int(data["answer_near"].notnull().sum() + data["answer_worth"].notnull().sum()) == 4


def test_nobody_with_an_outcome_is_a_fault(tmp_path):
    """Without any outcome there is nothing to learn from."""
    rows = ROWS.replace(",1,0.", ",,0.").replace(",0,0.", ",,0.")
    assert "nobody has an outcome" in problems(tmp_path, HEADER + rows)


def test_a_wrong_column_blames_the_key_of_the_study(tmp_path):
    """The name may be wrong in the table or in the study, so both are named."""
    clinic.write(tmp_path)
    clinic.spoil(tmp_path, "study.toml", '"date"', '"dates"')
    clinic.spoil(tmp_path, "study.toml", 'column = "distance"', 'column = "distanz"')
    with pytest.raises(InputError) as caught:
        clinic.read_study(tmp_path)
    assert 'no column "dates", which key `columns.time` of the study names. Did you mean "date"?' in str(caught.value)
    assert 'no column "distanz", which [responses.closeness] of the study names' in str(caught.value)
