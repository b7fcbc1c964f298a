"""Lines of text for a terminal of some width: no line is longer than the width, and no word is broken.

A word that is longer than the width, such as a path, has a line of its own. A width is in columns of the terminal; a
letter of Chinese, Japanese or Korean takes two.
"""

from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import combining, east_asian_width

GAP = 2  # columns between two columns of a table, or two entries of a line
MIN_BESIDE = 36  # columns that a text needs next to its label; otherwise it begins below


class Line(NamedTuple):
    """A line of output: a label in a style, then a text."""

    text: str
    label: str = ""
    style: str = ""


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)


def pad(text: str, width: int, right: bool = False) -> str:
    """Fill a text with blanks up to a width, on its left if it is to be on the right."""
    blanks = " " * (width - columns(text))
    return blanks + text if right else text + blanks


def wrap(text: str, width: int) -> list[str]:
    """Break a text between words into lines of a width; an empty text is one empty line."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and columns(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def labelled(label: str, text: str, width: int, indent: int, style: str = "", keep: bool = False) -> list[Line]:
    """Put a text next to its label, from the column `indent` on; below it where the terminal is narrow.

    With `keep`, the blanks of a text that has room on one line are kept.
    """
    if keep and indent + columns(text) <= width:
        return [Line(text, pad(label, indent), style)]
    if width - indent >= MIN_BESIDE and columns(label) < indent:
        first, *others = wrap(text, width - indent)
        return [Line(first, pad(label, indent), style), *(Line(" " * indent + line) for line in others)]
    return [Line("", label, style), *paragraph(text, width, 4)]


def paragraph(text: str, width: int, indent: int = 2) -> list[Line]:
    """Break a text into lines that begin at the column `indent`."""
    return [Line(" " * indent + line) for line in wrap(text, width - indent)]


def side_by_side(entries: Sequence[str], width: int, between: str) -> list[Line]:
    """Put entries on as few lines as there is room for; no entry is broken."""
    lines: list[str] = []
    for entry in entries:
        longer = f"{lines[-1]}{between}{entry}" if lines else entry
        if lines and columns(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(entry)
    return [Line(line) for line in lines]


def header_lines(header: str, cells: Sequence[str], narrow: bool) -> list[str]:
    """Return a column's header, on several lines where columns are `narrow`."""
    longest = max([*map(columns, cells), *map(columns, header.split()), 1])
    return wrap(header, longest) if narrow else [header]


def table_lines(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int, indent: int = 2) -> list[Line]:
    """Lay out a table: texts of the first column on the left, other columns on the right, headers dim.

    Where the terminal is too narrow, headers are broken between words, and then each row becomes a paragraph.
    """
    by_column = list(zip(*rows, strict=True)) if rows else [() for _ in headers]
    for narrow in (False, True):
        heads = [header_lines(header, cells, narrow) for header, cells in zip(headers, by_column, strict=True)]
        widths = [max(map(columns, [*head, *cells])) for head, cells in zip(heads, by_column, strict=True)]
        if indent + sum(widths) + GAP * (len(widths) - 1) <= width:
            depth = max(map(len, heads))
            filled = [[""] * (depth - len(head)) + head for head in heads]
            top = [Line("", table_row(cells, widths, indent), "dim") for cells in zip(*filled, strict=True)]
            return top + [Line(table_row(row, widths, indent)) for row in rows]
    return [line for row in rows for line in row_paragraph(headers, row, width, indent)]


def table_row(cells: Sequence[str], widths: Sequence[int], indent: int) -> str:
    """Return one line of a table."""
    padded = [pad(cell, width, index > 0) for index, (cell, width) in enumerate(zip(cells, widths, strict=True))]
    return (" " * indent + (" " * GAP).join(padded)).rstrip()


def row_paragraph(headers: Sequence[str], row: Sequence[str], width: int, indent: int) -> list[Line]:
    """Write a row of a table as a name, and below it every other cell after its header."""
    cells = "; ".join(f"{header} {cell}" for header, cell in zip(headers[1:], row[1:], strict=True) if cell)
    return [*paragraph(row[0], width, indent), *paragraph(cells, width, indent + 2)]
