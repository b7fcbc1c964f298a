"""A wide table, one row per person, is recognised, and the line of Python in the message makes it long."""

import re

import clinic
import pandas as pd
import pyreadstat
import pytest
import xarray as xr

from iwm_bayes.data.dataset import read_data
from iwm_bayes.data.study import read_study_file
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.types import InputError

WRITERS = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".parquet": lambda frame, path: frame.to_parquet(path, index=False),
    ".feather": lambda frame, path: frame.to_feather(path),
    ".xlsx": lambda frame, path: frame.to_excel(path, index=False, startrow=2),
    ".sav": lambda frame, path: pyreadstat.write_sav(frame, path),
    ".dta": lambda frame, path: pyreadstat.write_dta(frame, path),
}
REPEATED = ["date", "who", "responsive", "distance", "reached_out", "need"]


def widened(folder, separator="_"):
    """The clinic with one row per person, and the Dataset of the long table."""
    clinic.write(folder)
    text = (folder / "sessions.csv").read_text()
    (folder / "sessions.csv").write_text(text.replace("\nann", "\n001").replace("\nbob", "\n2"))
    expected = clinic.read_study(folder)
    long = pd.read_csv(folder / "sessions.csv", dtype={"patient_id": str})
    wide = long.pivot(index="patient_id", columns="visit", values=REPEATED)
    wide.columns = [f"{name}{separator}{visit}" for name, visit in wide.columns]
    return wide.reset_index().infer_objects(), expected


def problem(read, *arguments):
    with pytest.raises(InputError) as caught:
        read(*arguments)
    return "\n".join(caught.value.problems)


def line_in(message):
    """The line of Python that a message gives."""
    return re.search(r"`(import pandas.*?)`", message)[1]


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("separator", ["_", "", "_t"])
def test_the_line_of_a_file_makes_it_long(tmp_path, ending, separator):
    """It runs as it is, and the study of its file is the study of the long table."""
    wide, expected = widened(tmp_path, separator)
    if ending in (".sav", ".dta"):
        wide = wide.astype({name: float for name in wide if re.match("responsive|distance|need", name)})
    WRITERS[ending](wide, tmp_path / f"wide{ending}")
    clinic.spoil(tmp_path, "study.toml", "sessions.csv", f"wide{ending}")
    message = problem(clinic.read_study, tmp_path)
    assert f"wide{ending}: this table is wide: it has the columns" in message
    assert "there is no column" not in message
    exec(line_in(message), {})
    name = re.search(r'has the data "(.*?)", the session "visit"', message)[1]
    clinic.spoil(tmp_path, "study.toml", f"wide{ending}", name)
    data = clinic.read_study(tmp_path)
    assert data.attrs.pop("rows_left_out") == expected.attrs.pop("rows_left_out") + 1  # the third visit of one person
    xr.testing.assert_identical(data, expected)


@pytest.mark.parametrize("dialect", ["semicolon", "UTF-16", "sep line", "Latin-1"])
def test_the_line_of_a_text_file_has_its_dialect(tmp_path, dialect):
    """Separator, decimal comma and encoding are those of the file."""
    wide, expected = widened(tmp_path)
    who = [name for name in wide if name.startswith("who")]
    wide[who] = wide[who].replace("mum", "Mütter")
    options = {"sep": ";"} if dialect != "UTF-16" else {}
    text = wide.to_csv(index=False, **options)
    text = f"sep=;\n{text}" if dialect == "sep line" else text
    encoding = {"UTF-16": "utf-16", "Latin-1": "latin-1"}.get(dialect, "utf-8")
    (tmp_path / "wide.csv").write_bytes(text.encode(encoding))
    clinic.spoil(tmp_path, "study.toml", "sessions.csv", "wide.csv")
    exec(line_in(problem(clinic.read_study, tmp_path)), {})
    clinic.spoil(tmp_path, "study.toml", "wide.csv", "wide_long.csv")
    data = clinic.read_study(tmp_path)
    assert list(data["figure"].values) == [name.replace("mum", "Mütter") for name in expected["figure"].values]
    xr.testing.assert_equal(data.drop_vars("figure"), expected.drop_vars("figure"))


def test_the_line_may_have_a_path_with_quotation_marks(tmp_path):
    """The line is right in any folder."""
    folder = tmp_path / 'it\'s \\ a "study"'
    folder.mkdir()
    wide, expected = widened(folder)
    wide.to_csv(folder / "wide.csv", index=False)
    clinic.spoil(folder, "study.toml", "sessions.csv", "wide.csv")
    exec(line_in(problem(clinic.read_study, folder)), {})
    clinic.spoil(folder, "study.toml", "wide.csv", "wide_long.csv")
    xr.testing.assert_equal(clinic.read_study(folder), expected)


def test_decimal_commas_stay_numbers_when_a_table_becomes_long(tmp_path):
    """The long table separates with semicolons as the wide one does, so that a comma is a decimal comma."""
    wide, _ = widened(tmp_path)
    text = wide.assign(distance_1=2.5).to_csv(index=False, sep=";", decimal=",")
    (tmp_path / "wide.csv").write_text(text)
    clinic.spoil(tmp_path, "study.toml", "sessions.csv", "wide.csv")
    exec(line_in(problem(clinic.read_study, tmp_path)), {})
    clinic.spoil(tmp_path, "study.toml", "wide.csv", "wide_long.csv")
    assert clinic.read_study(tmp_path)["answer_closeness"].values[0].tolist() == pytest.approx([0.75, 0.75])


def test_the_line_of_a_frame_makes_it_long(tmp_path):
    """A frame keeps its name, `sessions`."""
    wide, expected = widened(tmp_path, ".t")
    study = read_study_file(tmp_path / "study.toml")
    model = load_model(study.model[0])
    names = {"sessions": wide}
    exec(line_in(problem(read_data, study, model, wide)), names)
    data = read_data(study, model, names["sessions"])
    xr.testing.assert_equal(data, expected)


def test_other_missing_columns_are_named_too(tmp_path):
    """The message on the wide table does not hide a column of which there is no family."""
    wide, _ = widened(tmp_path)
    wide.drop(columns=[name for name in wide if name.startswith("need")]).to_csv(tmp_path / "wide.csv", index=False)
    clinic.spoil(tmp_path, "study.toml", "sessions.csv", "wide.csv")
    message = problem(clinic.read_study, tmp_path)
    assert 'there is no column "need"' in message
    assert line_in(message)


def test_a_study_that_names_the_first_of_a_family_is_wide(tmp_path):
    """Every person has one row, and there are more outcomes than the one that the study names."""
    wide, expected = widened(tmp_path)
    wide.assign(visit=1).to_csv(tmp_path / "wide.csv", index=False)
    text = (tmp_path / "study.toml").read_text().replace("sessions.csv", "wide.csv")
    named = re.sub(rf'"({"|".join(REPEATED)})"', r'"\1_1"', text)
    (tmp_path / "study.toml").write_text(named)
    message = problem(clinic.read_study, tmp_path)
    exec(line_in(message), {})
    assert 'the session "visit_number"' in message
    text = text.replace("wide.csv", "wide_long.csv").replace('"visit"', '"visit_number"')
    (tmp_path / "study.toml").write_text(text)
    xr.testing.assert_equal(clinic.read_study(tmp_path), expected)


def test_items_of_one_session_are_no_wide_table(tmp_path):
    """A questionnaire has numbered items: where people have one row each and one outcome, it is as it should be."""
    clinic.write(tmp_path)
    frame = clinic.frame(tmp_path).groupby("patient_id").first().reset_index()
    frame = frame.assign(distance_1=frame["distance"], distance_2=frame["distance"], distance_3=4)
    frame.to_csv(tmp_path / "sessions.csv", index=False)
    clinic.spoil(tmp_path, "study.toml", 'column = "distance"', 'column = "distance_1"')
    assert clinic.read_study(tmp_path).sizes == {"event": 1, "person": 2, "figure": 1}


def test_items_that_the_study_does_not_name_may_be_meant(tmp_path):
    """One row per person with one outcome, and numbered columns: the message names both remedies."""
    clinic.write(tmp_path)
    frame = clinic.frame(tmp_path).groupby("patient_id").first().reset_index()
    frame.rename(columns={"distance": "distance_1"}).assign(distance_2=4).to_csv(tmp_path / "sessions.csv", index=False)
    assert "If these columns are items of one scale, name them in the study as `items`" in problem(
        clinic.read_study, tmp_path
    )


def test_a_missing_column_in_a_long_table_is_a_missing_column(tmp_path):
    """Where people have several rows, numbered columns are items, of which the nearest is named."""
    clinic.write(tmp_path)
    frame = clinic.frame(tmp_path).rename(columns={"distance": "distance_1"}).assign(distance_2=3)
    frame.to_csv(tmp_path / "sessions.csv", index=False)
    message = problem(clinic.read_study, tmp_path)
    assert 'there is no column "distance"' in message
    assert "wide" not in message
