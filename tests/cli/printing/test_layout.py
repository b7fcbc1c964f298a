"""Lines fit the terminal, and no word is broken."""

import pytest

from iwm_bayes.cli.printing.layout import columns, labelled, side_by_side, table_lines, wrap

HEADERS = ["Group-level parameter", "median", "90% CrI", "between-person SD (logit)", "contraction"]
ROWS = [
    ["initial availability", "0.35", "0.32–0.38", "0.52", "0.99"],
    ["learning rate availability", "0.14", "0.13–0.16", "", "1.00"],
]
SENTENCE = "By session 19, the last that can be assessed, 71% of them are earned secure (chance level 7%)."


def whole(lines):
    """The text of lines, with their labels."""
    return [line.label + line.text for line in lines]


def words(text):
    """The words of a text, without the signs between the parts of a row that became a paragraph."""
    return {word.strip(";") for word in text.split()}


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 100])
def test_no_line_is_longer_than_the_width_and_no_word_is_broken(width):
    lines = whole([*labelled("Data", SENTENCE, width, 9), *table_lines(HEADERS, ROWS, width)])
    assert max(map(columns, lines)) <= width
    printed = words(" ".join(lines))
    assert printed >= words(" ".join(["Data", SENTENCE, *ROWS[0], *ROWS[1]]))
    assert printed <= words(" ".join(["Data", SENTENCE, *HEADERS, *ROWS[0], *ROWS[1]]))


def test_headers_are_broken_between_words_before_rows_are():
    """At 80 columns the table is one line for each row, with numbers under the end of their header."""
    lines = whole(table_lines(HEADERS, ROWS, 76))
    assert len(lines) == 2 + 2
    ends = {line.index(number) + 4 for line, number in zip(lines[2:], ("0.35", "0.14"), strict=True)}
    assert ends == {lines[1].index("median") + 6}


def test_a_word_that_is_longer_than_the_width_has_a_line_of_its_own():
    assert wrap("saved to /a/very/long/path of the run", 10) == ["saved to", "/a/very/long/path", "of the run"]


def test_wide_letters_take_two_columns():
    assert columns("治療者") == 6
    assert max(map(columns, wrap("治療者 " * 12, 20))) <= 20


def test_entries_share_a_line_where_there_is_room():
    entries = ["Report  runs/demo/report.html", "Plots  runs/demo/plots/"]
    assert whole(side_by_side(entries, 80, "   ")) == ["   ".join(entries)]
    assert whole(side_by_side(entries, 40, "   ")) == entries
