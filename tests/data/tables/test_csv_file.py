"""Text as people save it: separators, decimal signs, percent signs and encodings; what could be two things is said."""

import pandas as pd
import pytest

from iwm_bayes.data.numbers import read_numbers, read_scaled
from iwm_bayes.data.table import cell_texts, read_names
from iwm_bayes.data.tables.table_file import open_table
from iwm_bayes.types import InputError


def opened(folder, text, name="table.csv"):
    """The table of a text file."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_table(folder / name)


def fault(folder, text, name="table.csv"):
    with pytest.raises(InputError) as caught:
        opened(folder, text, name)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a,b\n1,2\n", ["a", "b"]),
        ("a;b\n1;2\n", ["a", "b"]),
        ("a\tb\n1\t2\n", ["a", "b"]),
        ("a\n1\n2\n", ["a"]),
        ('"a;x",b\n1,2\n', ["a;x", "b"]),
        ("a (x, y, z, u);b;c\n1;2;3\n4;5;6\n", ["a (x, y, z, u)", "b", "c"]),
        ("a;b;c\n1,5;2,5;3,5\n", ["a", "b", "c"]),
        ('a,b\n"x; y; z",2\n"x; y; u",3\n', ["a", "b"]),
        ("a;b\n\n1;2\n", ["a", "b"]),
        ("sep=;\na,x;b\n1;2\n", ["a,x", "b"]),
        ('"sep=|"\na|b\n1|2\n', ["a", "b"]),
        ("a;b\n1;2;\n3;4;\n", ["a", "b"]),
        (" a ,\tb\t\n1,2\n", ["a", "b"]),
    ],
)
def test_separators_are_recognised(tmp_path, text, columns):
    """Commas, semicolons and tabs, also in names and cells with quotation marks."""
    table = opened(tmp_path, text)
    assert list(table.frame.columns) == columns
    assert table.doubts == []


def test_a_short_row_is_a_fault_whatever_separates(tmp_path):
    """A row that lacks a cell is shifted; semicolons do not change that."""
    assert "row 3: 1 fields, where the header has 2 names" in fault(tmp_path, "a;b\n1;2\n3\n4;5\n")
    assert "row 2: 3 fields, where the header has 2 names" in fault(tmp_path, "a;b\n1;2;\n3;4\n")


def test_rows_are_those_of_a_spreadsheet(tmp_path):
    """A spreadsheet shows blank rows, and does not show the line that states the separator."""
    table = opened(tmp_path, "sep=;\na;b\n1;2\n\n3;x\n")
    read_numbers(table, "b")
    assert table.problems[0].startswith('table.csv, row 4, column "b": text where a number belongs')


def numbers(folder, text, column="x", scale=None):
    """The numbers of a column, its problems and its doubts."""
    table = opened(folder, text)
    found = read_scaled(table, column, scale) if scale else read_numbers(table, column)
    return found.tolist(), "\n".join(table.problems), "\n".join(table.doubts)


def test_decimal_commas_where_commas_do_not_separate(tmp_path):
    """In tables with semicolons or tabs; whole numbers and blanks may be in the same column."""
    for text in ("id;x\n1;1,5\n2;3\n3;-0,25\n", "id\tx\n1\t1,5\n2\t3\n3\t-0,25\n"):
        assert numbers(tmp_path, text) == ([1.5, 3.0, -0.25], "", "")


def test_a_comma_between_commas_is_never_guessed(tmp_path):
    """1,234 in quotation marks is 1.234 to some and 1234 to others; so is 1,5 to a program that would drop commas."""
    for cell in ("1,234", "1,5"):
        found, problems, _ = numbers(tmp_path, f'id,x\n1,"{cell}"\n2,3\n')
        assert problems.startswith(
            f'table.csv, row 2, column "x": a decimal comma, or a comma between thousands: "{cell}"'
        )
        assert pd.isna(found[0])
        assert found[1] == 3.0


def test_a_thousand_or_a_decimal_is_said(tmp_path):
    """With semicolons a comma is decimal, and said where all could be thousands; with tabs it must show elsewhere."""
    assert numbers(tmp_path, "id;x\n1;1,234\n2;3\n") == (
        [1.234, 3.0],
        "",
        'table.csv, row 2, column "x": "1,234" is read with a decimal comma, as 1.234, and not as a thousand',
    )
    _, problems, _ = numbers(tmp_path, "id\tx\n1\t1,234\n2\t3\n")
    assert 'a comma between thousands: "1,234"' in problems
    found, problems, doubts = numbers(tmp_path, "id\tx\ty\n1\t1,234\t0,5\n2\t3\t1\n")
    assert (found, problems) == ([1.234, 3.0], "")
    assert "not as a thousand" in doubts


def test_two_decimal_signs_in_one_column_are_a_fault(tmp_path):
    """One of them is something else."""
    _, problems, _ = numbers(tmp_path, "id;x\n1;1,5\n2;2.5\n")
    assert 'row 3, column "x": a decimal point, where other rows have a decimal comma: "2.5"' in problems
    _, problems, _ = numbers(tmp_path, "id;x;y\n1;1.000;0,5\n2;2.500;1\n")
    assert 'thousands with a point: "1.000" (1), "2.500" (1)' in problems
    found, problems, _ = numbers(tmp_path, "id;x;y\n1;1.25;0,5\n2;2.5;1\n")
    assert (found, problems) == ([1.25, 2.5], "")


def test_percent_signs_on_a_scale_of_percent(tmp_path):
    """85% is 85 where the scale ends at 100, and nowhere else; in a part of the rows it is a fault."""
    assert numbers(tmp_path, "id,x\n1,85%\n2,\n3,12.5 %\n", scale=(0, 100))[0] == pytest.approx(
        [0.85, float("nan"), 0.125], nan_ok=True
    )
    assert numbers(tmp_path, "id;x\n1;12,5%\n", scale=(100, 0)) == ([0.875], "", "")
    _, problems, _ = numbers(tmp_path, "id,x\n1,85%\n2,0.5\n", scale=(0, 100))
    assert 'row 3, column "x": a number without a percent sign, where other rows have one: "0.5"' in problems
    for scale in ((0, 1), (0, 10), None):
        _, problems, _ = numbers(tmp_path, "id,x\n1,85%\n", scale=scale)
        assert 'row 2, column "x": a percent sign: "85%"' in problems
        assert "scale = [0, 100]" in problems


def test_shares_on_a_scale_of_percent_are_doubted(tmp_path):
    """A spreadsheet shows .85 as 85% and saves .85: one percent of what is meant."""
    _, problems, doubts = numbers(tmp_path, "id,x\n1,0.85\n2,1\n", scale=(0, 100))
    assert problems == ""
    assert "rows 2, 3" in doubts
    assert "For shares, write scale = [0, 1]" in doubts
    assert numbers(tmp_path, "id,x\n1,0.5\n2,60\n", scale=(0, 100))[2] == ""
    assert numbers(tmp_path, "id,x\n1,0\n2,1\n", scale=(0, 100))[2] == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_stated_encodings_are_not_guessed(tmp_path, encoding):
    """A byte-order mark, or bytes that can only be UTF-8."""
    table = opened(tmp_path, "näme,x\nMüller – 母,1\n".encode(encoding))
    assert list(table.frame.columns) == ["näme", "x"]
    assert table.frame["näme"].tolist() == ["Müller – 母"]
    assert table.doubts == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("näme,x\na,1\n".encode("utf-16-le"), "NUL bytes"),
        (b"\xff\xfen\x00,", "no table"),
        ("name,x\nMüller,1\nMä".encode() + b"\xe4r,2\n", "no table"),
        (b"name,x\n\x8d\x8f\xff,1\n", "no table"),
        (b"name,x\n\x07\xff,1\n", "no table"),
    ],
)
def test_what_no_encoding_fits_is_no_table(tmp_path, content, said):
    """UTF-16 without its mark or cut off, damaged UTF-8, and control characters."""
    assert said in fault(tmp_path, content)


def test_letters_in_two_forms_are_one_name(tmp_path):
    """A Mac writes é as e and an accent: the same column, the same person."""
    table = opened(tmp_path, "e\u0301te,x\nRene\u0301,1\nRen\u00e9,2\n")
    assert list(table.frame.columns) == ["\u00e9te", "x"]
    assert set(read_names(table, "\u00e9te")) == {"Ren\u00e9"}
    assert table.problems == []
    assert cell_texts(table, "\u00e9te").tolist() == ["Ren\u00e9"] * 2
