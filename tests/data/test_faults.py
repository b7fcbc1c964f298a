"""Bad input: every fault is reported at once, each with file, rows, column and remedy."""

import clinic
import pytest

from iwm_bayes.data import toml
from iwm_bayes.data.study_columns import Columns
from iwm_bayes.types import InputError

TABLE, STUDY, MODEL = "sessions.csv", "study.toml", "model.toml"
HEADER, *ROWS = clinic.FILES[TABLE].splitlines(keepends=True)
BODY = "".join(ROWS)
OUTCOME = 'outcome  = { column = "responsive", scale = [1, 7], missing = "unseen" }'
DISTRESS = 'distress = { column = "need", scale = [0, 10] }'
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00"


@pytest.fixture
def folder(tmp_path):
    return clinic.write(tmp_path)


def faults(folder):
    """Return the problems that reading raises."""
    with pytest.raises(InputError) as caught:
        clinic.read_study(folder)
    assert len(set(caught.value.problems)) == len(caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "bob,2,mum,2026-01-15,7,",
            "bob,2,mum,2026-01-15,9,",
            ["row 2", '"responsive"', "off the scale 1..7", "scale"],
        ),
        ("2026-01-15,7,1,", "2026-01-15,7,8,", ["row 2", '"distance"', "off the scale 1..7", "Correct the value"]),
        ("2026-01-15,7,1,", "2026-01-15,7,near,", ["row 2", '"distance"', "text where a number", "Give a number"]),
        ("2026-01-15,7,", "2026-01-15,inf,", ["row 2", '"responsive"', "an infinite number", "finite"]),
        ("2026-01-15,7,1,", "2026-01-15,7,-inf,", ["row 2", '"distance"', "an infinite number", "finite"]),
        ("2026-01-15,7,1,", "2026-01-15,7,-99,", ["row 2", '"-99" (1)', "A code for what is missing"]),
        ("yes,10", "yes,11", ["row 2", '"need"', "off the scale 0..10", "scale"]),
        (
            "7,1,yes,10",
            "7,1,perhaps,10",
            ["row 2", '"reached_out"', 'neither "no" nor "yes"', "`levels`", '"perhaps" (1)'],
        ),
        ("2026-01-15", "15 January", ["row 2", '"date"', "neither a number nor an ISO date", "2026-03-31"]),
        ("bob,2,mum,2026-01-15", "bob,2,mum,", ["row 2", '"date"', "blank", "needs a time"]),
        ("bob,2,", "bob,,", ["row 2", '"visit"', "blank", "needs a number"]),
        ("bob,2,", "bob,second,", ["row 2", '"visit"', "text where a number", "Give a number"]),
        ("bob,2,mum", " ,2,mum", ["row 2", '"patient_id"', "blank", "needs a name"]),
        ("bob,2,mum", "bob,2,", ["row 2", '"who"', "blank, though something happened", "Name who was met"]),
        ("ann,2,dad,2026-01-08", "ann,1,mum,2026-01-08", ["rows 3, 4", '"visit"', "more than once", "Keep one row"]),
        (
            "ann,2,dad,2026-01-08",
            "ann,1,mum,2026-01-08",
            ["two session numbers", "a blank outcome", 'timing = "before"'],
        ),
        ("ann,2,dad,2026-01-08", "ann,2,dad,2025-12-31", ["row 4", '"date"', "backwards", "Correct the time"]),
        (BODY, BODY + "cem,1,mum,2026-01-01,7,,,\n", ["row 7", '"patient_id"', "without any response", "Leave"]),
        (BODY, "", ["no rows", "one row per event"]),
        (HEADER + BODY, "", ["no table", "CSV"]),
        (HEADER, HEADER.replace("need", "distress"), ['no column "need"', "The table has: patient_id"]),
        (HEADER, HEADER.replace("patient_id", "patient"), ['no column "patient_id"', 'Did you mean "patient"?']),
    ],
)
def test_fault_in_the_table(folder, old, new, said):
    """One fault is one message: the table, the place in it, the fault, and the remedy."""
    clinic.spoil(folder, TABLE, old, new)
    (message,) = faults(folder)
    assert TABLE in message
    assert [part for part in said if part not in message] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (STUDY, TABLE, "nowhere.csv", ["nowhere.csv", "no such file", "Correct `data`"]),
        (STUDY, TABLE, "${NOT_SET_ANYWHERE}/a.csv", ["environment variable NOT_SET_ANYWHERE", "Set it"]),
        (STUDY, '"date"', '"dates"', [TABLE, 'no column "dates"', 'Did you mean "date"?']),
        (STUDY, ', missing = "unseen"', "", [TABLE, "row 5", '"responsive"', "a blank outcome", '"unseen"']),
        (STUDY, 'levels = ["no", "yes"]', "scale = [0, 4]", [TABLE, '"reached_out"', "text where a number"]),
        (
            STUDY,
            'levels = ["no", "yes"]',
            "",
            ['"yes" (3), "no" (2)', 'levels = ["no", "yes"] in [responses.approach]'],
        ),
        (STUDY, '["no", "yes"]', '["yes"]', [STUDY, "`responses.approach.levels`", "two answers or more"]),
        (
            STUDY,
            "[1, 7]",
            '[1, 7], levels = ["low", "high"]',
            ["`columns.outcome`: `levels` are for words", "Keep one"],
        ),
        (STUDY, "scale  = [7, 1]", 'levels = ["7", "1"]', ["has no `levels`", "scale = [7, 1] in place of `levels`"]),
        (STUDY, "scale  = [7, 1]", 'levels = ["far", "so-so", "near"]', ["name availability_ordinal_3 in the model"]),
        (STUDY, "[columns]", '[columns]\ncolour = "c"', [STUDY, "`columns.colour`", "unknown key", "remove it"]),
        (STUDY, "[columns]", '[columns]\narm = "group"', ["[people]", "[formulas]", 'availability_rate = "group"']),
        (
            STUDY,
            "[columns]",
            '[columns]\nreported = { column = "said", scale = [1, 5] }',
            ["`columns.reported`", 'raters = { patient = { column = "said", scale = [1, 7] } }', "everyone else"],
        ),
        (
            STUDY,
            "[1, 7]",
            '[1, 7], source = "self"',
            ["`columns.outcome.source`", "take it out", "names its raters: raters = { patient"],
        ),
        (STUDY, "[columns]", '[formulas]\nrate = "arm"\n[columns]', ['there is no column "arm"', "[formulas]"]),
        (STUDY, 'session  = "visit"', "", ["`columns.session`: this line is missing", 'session = "visit"']),
        (
            STUDY,
            OUTCOME,
            "",
            ["`columns.outcome`: this line is missing", 'levels = ["no", "yes"]', "scale = [1, 7]"],
        ),
        (STUDY, OUTCOME, 'outcome = "kind"', ['write outcome = { column = "kind", levels = ["no", "yes"] }']),
        (STUDY, DISTRESS, 'distress = "need"', ['write distress = { column = "need", scale = [1, 7] }']),
        (STUDY, "[columns]", "[column]", [STUDY, "`column`", "unknown key"]),
        (STUDY, '"clinic"', '"../clinic"', [STUDY, "`name`", "no path separators"]),
        (STUDY, '"clinic"', '"a/b"', [STUDY, "`name`", "no path separators"]),
        (STUDY, '"clinic"', '"a\\\\b"', [STUDY, "`name`", "no path separators"]),
        (STUDY, "[7, 1]", "[7, 7]", [STUDY, "`responses.closeness.scale`", "two different finite numbers"]),
        (STUDY, "[1, 7]", "[1, inf]", [STUDY, "`columns.outcome.scale`", "two different finite numbers"]),
        (STUDY, '"unseen"', '"ignored"', [STUDY, "`columns.outcome.missing`", "unseen", "unrecorded"]),
        (STUDY, "[columns]", "[columns", [STUDY, "not a TOML file"]),
        (STUDY, '"model.toml"', '"other.toml"', ["other.toml", "no such file"]),
        (MODEL, "approach = ", "leaving = ", ["clinic", "[responses.approach]", "no response of the model", "leaving"]),
    ],
)
def test_fault_in_the_study(folder, file, old, new, said):
    """A study that does not fit its table or model is reported with its key or column."""
    clinic.spoil(folder, file, old, new)
    message = "\n".join(faults(folder))
    assert [part for part in said if part not in message] == []


@pytest.mark.parametrize("content", [PNG, b"PK\x03\x04\x14\x00\x06\x00", bytes(100), bytes(range(1, 256))])
@pytest.mark.parametrize("name", [TABLE, "sessions.parquet"])
def test_file_that_is_no_table(folder, content, name):
    """A picture, an archive, zeros or anything else is named, with the formats to save instead."""
    clinic.spoil(folder, STUDY, TABLE, name)
    (folder / name).write_bytes(content)
    message = "\n".join(faults(folder))
    assert name in message
    assert "CSV" in message or "one row per event" in message


def test_several_faults_are_reported_at_once(folder):
    """Faults in different columns and rows together; long lists of rows are counted."""
    clinic.spoil(folder, TABLE, "bob,2,mum,2026-01-15,7,1", "bob,2,mum,2026-01-15,9,near")
    rows = "".join(f"bob,{visit},mum,2026-02-{visit},4,4,perhaps,0\n" for visit in range(10, 25))
    clinic.spoil(folder, TABLE, BODY[-4:], BODY[-4:] + rows)
    outcome, rating, choice = faults(folder)
    assert "row 2" in outcome
    assert "off the scale" in outcome
    assert "row 2" in rating
    assert "text where a number" in rating
    assert "rows 7, 8, 9, 10, 11, 12, 13, 14 and 7 more" in choice


def test_rows_are_counted_as_a_spreadsheet_shows_them(folder):
    """The header is row 1, and an empty line is a row."""
    clinic.spoil(folder, TABLE, "ann,1,mum", "\nann,1,mum")
    clinic.spoil(folder, TABLE, "2026-01-08,4,4,yes", "2026-01-08,9,4,yes")
    (message,) = faults(folder)
    assert "row 5," in message


def test_more_values_than_columns(folder):
    """Rows with one value more than the header has names could be shifted ones."""
    rows = "".join(row.replace("\n", ",9\n") for row in ROWS)
    clinic.spoil(folder, TABLE, BODY, rows)
    assert TABLE in faults(folder)[0]


def test_no_outcome_recorded_by_anyone(folder):
    """Where every outcome is unrecorded, no mean can replace one."""
    clinic.spoil(folder, STUDY, '"unseen"', '"unrecorded"')
    for responsive in (",7,1,yes", ",1,7,no", ",4,4,yes", ",7,,no"):
        clinic.spoil(folder, TABLE, responsive, "," + responsive[2:])
    message = "\n".join(faults(folder))
    assert '"responsive"' in message


def test_a_space_is_a_blank(folder):
    """An outcome of spaces is blank, and the study must state what a blank means."""
    clinic.spoil(folder, STUDY, ', missing = "unseen"', "")
    clinic.spoil(folder, TABLE, "2026-01-22,,", "2026-01-22,  ,")
    (message,) = faults(folder)
    assert "row 5" in message
    assert "a blank outcome" in message


def test_parquet_rows_may_have_names(folder):
    """An index of names does not prevent the report of a fault."""
    frame = clinic.frame(folder)
    frame.loc[0, "responsive"] = 9
    frame.set_axis(list("abcde")).to_parquet(folder / "sessions.parquet")
    clinic.spoil(folder, STUDY, TABLE, "sessions.parquet")
    (message,) = faults(folder)
    assert "row 2" in message


def test_words_for_outcomes(folder):
    """Words are reported with their counts and the line to write; with that line they are 0 and 1."""
    for old, new in (
        (",7,1,yes", ",yes,1,yes"),
        (",1,7,no", ",no,7,no"),
        (",4,4,yes", ",so-so,4,yes"),
        (",7,,", ",yes,,"),
    ):
        clinic.spoil(folder, TABLE, old, new)
    (message,) = faults(folder)
    assert 'text where a number belongs: "yes" (2), ' in message
    line = 'outcome = { column = "responsive", levels = ["no", "so-so", "yes"], missing = "unseen" }'
    assert line in message
    assert "blank" not in message
    clinic.spoil(folder, STUDY, OUTCOME, line)
    data = clinic.read_study(folder).sel(person=["ann", "bob"])
    assert data["outcome"].values.T.tolist() == [[0.0, 0.5, 0.0], [1.0, 1.0, 0.0]]
    assert data["observed"].values.T.tolist() == [[True, True, False], [True, True, False]]
    clinic.spoil(folder, TABLE, ",so-so,", ",maybe,")
    (message,) = faults(folder)
    assert 'none of "no", "so-so", "yes": "maybe" (1)' in message


def test_words_for_ratings(folder):
    """Words on a scale of numbers are reported with the response that takes them."""
    clinic.spoil(folder, TABLE, ",7,1,yes", ",7,near,yes")
    clinic.spoil(folder, TABLE, ",1,7,no", ",1,far,no")
    clinic.spoil(folder, TABLE, ",4,4,yes", ",4,far,yes")
    clinic.spoil(folder, TABLE, ",,1,yes", ",,near,yes")
    (message,) = faults(folder)
    assert '"near" (2), "far" (2)' in message
    assert "name availability_ordinal_N" in message
    assert "levels = [...] in order here" in message  # which of them is the lower end is not known


def test_messages_name_every_key_of_columns():
    """The message about unknown keys names every key that there is."""
    assert all(name in toml.COLUMNS_HELP for name in Columns.model_fields)
    assert all(
        f"{name} " in toml.MISSING_KEY_HELP[f"columns.{name}"]
        for name, key in Columns.model_fields.items()
        if key.is_required()
    )


def test_a_rating_before_an_exchange_and_one_after_it(folder):
    """As the message recommends: two rows with two session numbers, of which the first is an assessment."""
    clinic.spoil(
        folder, TABLE, "ann,2,dad,2026-01-08,4,4,yes,5", "ann,2,dad,2026-01-08,,2,,\nann,2.5,dad,2026-01-08,4,4,yes,5"
    )
    ann = clinic.read_study(folder).sel(person="ann")
    assert ann["answer_closeness"].values.tolist() == [0.0, 5 / 6, 0.5, 1.0]
    assert ann["assessment"].values.tolist() == [False, True, False, False]
    assert ann["observed"].values.tolist() == [True, False, True, False]
