"""What every command shares: how it prints texts, tables, warnings and suggestions, and its exit codes.

Rich takes `[...]` in a string for markup, and names in tables and files may hold anything. So every text is printed as
it is, by `say`, `tell`, `print_lines` or `print_tables`, and colour comes from a style, never from the text. A
character that the terminal cannot show, as in Windows' own encodings, has another one in its place.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from iwm_bayes.cli.printing.layout import Line
from iwm_bayes.filtering.engine_choice import PlainEngineWarning
from iwm_bayes.types import InputError

if TYPE_CHECKING:
    import pandas as pd  # the import takes a second, and `iwm --help` has no table

Trust = Annotated[
    bool,
    typer.Option("--trust", help="run the Python files that a model file of the study or run names; read them first"),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace results or files that are already there")]
Verbose = Annotated[bool, typer.Option("--verbose", help="also print the long tables")]
Ids = Annotated[
    Literal["pseudonyms", "own"],
    typer.Option(
        help="with --person-table, names of people in the saved table: pseudonyms, or own (those of the study)"
    ),
]

NOT_CONVERGED, INTERRUPTED = 3, 130  # exit codes
MIN_WIDTH, DEFAULT_WIDTH = 40, 100  # columns: of a terminal for which lines are made; without a terminal
CELL_PADDING = 3  # columns that a table needs between two of its own
MIN_TEXT = 16  # columns that a text keeps in a table before it is wrapped
WIDTH = max(MIN_WIDTH, get_terminal_size((DEFAULT_WIDTH, 24)).columns)
SUBSTITUTES = {"✓": "+", "✗": "x", "–": "-", "−": "-", "×": "x", "─": "-"}  # where an encoding lacks them
out, err = Console(highlight=False, width=WIDTH), Console(stderr=True, highlight=False)


def is_encodable(text: str, encoding: str) -> bool:
    """Return whether an encoding has every character of a text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def shown_character(one: str, encoding: str) -> str:
    """Return a character as a terminal can show it: another in place of one that it lacks, or that could control it."""
    safe = one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}"
    return safe if is_encodable(safe, encoding) else SUBSTITUTES.get(safe, "?")


def as_text(text: object, style: str = "", encoding: str = "utf-8") -> Text:
    """Return a text for the console as it is: no markup, no emoji, and no character that could control a terminal."""
    return Text("".join(shown_character(one, encoding) for one in str(text)), style)


def say(text: object, label: str = "", style: str = "", soft_wrap: bool = False) -> None:
    """Print a text on standard output, after a label in a style if there is one; paths need `soft_wrap`."""
    if label:
        parts = [as_text(label, style, out.encoding), as_text(f" {text}", "", out.encoding)]
    else:
        parts = [as_text(text, style, out.encoding)]
    out.print(Text.assemble(*parts), soft_wrap=soft_wrap)


def tell(text: object, soft_wrap: bool = False) -> None:
    """Print a text on standard error: progress, and problems."""
    err.print(as_text(text, "", err.encoding), soft_wrap=soft_wrap)


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines that were made for the width of the terminal."""
    for line in lines:
        parts = as_text(line.label, line.style, out.encoding), as_text(line.text, "", out.encoding)
        out.print(Text.assemble(*parts), soft_wrap=True)


class LongTable(NamedTuple):
    """A table with its title, and the sentences below it."""

    frame: pd.DataFrame
    title: str
    name: str = ""  # of its file, by which `labels` knows it
    sentences: Sequence[str] = ()


def column_headers(frame: pd.DataFrame, cells: list[list[str]]) -> list[str]:
    """Return the names of the columns, broken at each underscore if the table is too wide for the console."""
    headers = [str(column) for column in frame.columns]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    too_wide = 1 + sum(widths) + CELL_PADDING * len(widths) > out.width
    return [header.replace("_", "_\n") for header in headers] if too_wide else headers


def narrowest(texts: Iterable[str], is_number: bool) -> int:
    """Return the least width of a column: of its longest number, or of its longest word; a text may be wrapped."""
    lines = [line for text in texts for line in text.splitlines()]
    if is_number:
        return max(map(len, lines), default=1)
    words = [word for line in lines for word in line.split()]
    least = max(min(max(map(len, lines), default=1), MIN_TEXT), max(map(len, words), default=1))
    return min(least, out.width // 2)


def n_key_columns(cells: Sequence[Sequence[str]]) -> int:
    """Return how many of the first columns distinguish all rows; 1 where none of the first three do."""
    distinct = (len({tuple(line[:count]) for line in cells}) == len(cells) for count in (1, 2, 3))
    return next((count for count, enough in enumerate(distinct, start=1) if enough), 1)


def column_groups(widths: Sequence[int], n_keys: int) -> list[list[int]]:
    """Return the columns of each part of a table, so that every part fits; each begins with the first `n_keys`."""
    keys = [*range(min(n_keys, len(widths)))]
    groups = [[*keys]]
    for column in range(len(keys), len(widths)):
        wanted = 1 + sum(widths[index] + CELL_PADDING for index in [*groups[-1], column])
        if wanted > out.width and len(groups[-1]) > len(keys):
            groups.append([*keys])
        groups[-1].append(column)
    return groups


def shared_room(least: Sequence[int], natural: Sequence[int]) -> list[int]:
    """Return the widths of the columns of a part: the console's room beyond the least is shared, up to what each needs.

    The widths are given to rich, which would otherwise shrink a column that must not be, and cut off the last one.
    """
    widths, spare = [*least], out.width - 1 - sum(width + CELL_PADDING for width in least)
    wanting = sorted(range(len(least)), key=lambda index: natural[index] - least[index])
    for rank, index in enumerate(wanting):
        more = max(min(natural[index] - least[index], spare // (len(wanting) - rank)), 0)
        widths[index] += more
        spare -= more
    return widths


def rich_tables(frame: pd.DataFrame, title: str) -> list[Table]:
    """Return a table for the console, in several parts if it is too wide; no number and no word is broken."""
    from pandas.api.types import is_numeric_dtype

    from iwm_bayes.report.formatting import format_cells

    cells = format_cells(frame)
    headers = column_headers(frame, cells)
    numeric = [is_numeric_dtype(frame.iloc[:, index]) for index in range(len(headers))]
    columns = [[header, *(line[index] for line in cells)] for index, header in enumerate(headers)]
    least = [narrowest(*column) for column in zip(columns, numeric, strict=True)]
    natural = [max(len(line) for text in column for line in text.splitlines() or [""]) for column in columns]
    tables = []
    for part, group in enumerate(column_groups(least, n_key_columns(cells))):
        widths = shared_room([least[index] for index in group], [natural[index] for index in group])
        name = as_text(f"{title}, continued" if part else title, "", out.encoding)
        table = Table(title=name, title_justify="left", box=SIMPLE_HEAD)
        for index, width in zip(group, widths, strict=True):
            header = as_text(headers[index], "", out.encoding)
            if numeric[index]:
                table.add_column(header, justify="right", no_wrap=True, width=width)
            else:
                table.add_column(header, overflow="fold", width=width)
        for line in cells:
            table.add_row(*(as_text(line[index], "", out.encoding) for index in group))
        tables.append(table)
    return tables


def print_tables(tables: Iterable[LongTable]) -> None:
    """Print tables with rounded numbers and their sentences, so that nothing is cut off.

    Each word is explained once, below the first table in which it occurs.
    """
    from iwm_bayes.report.formatting import with_interval_text
    from iwm_bayes.report.labels import explained_words, table_meanings

    explained: set[tuple[str, str]] = set()
    for table in tables:
        frame = with_interval_text(table.frame)
        if frame.empty:
            say_all(table.sentences)
            continue
        for part in rich_tables(frame, table.title):
            out.print(part)
        words = explained_words(frame)
        new = [
            pair for pair in table_meanings().get(table.name, {}).items() if pair[0] in words if pair not in explained
        ]
        explained |= {*new}
        if new:
            say(f"{'; '.join(f'{word}: {meaning}' for word, meaning in new)}.\n", style="dim")
        say_all(table.sentences)


def say_all(sentences: Iterable[str]) -> None:
    """Print sentences, each followed by a blank line."""
    for sentence in sentences:
        say(f"{sentence}\n")


def print_table(frame: pd.DataFrame, title: str, name: str = "") -> None:
    """Print one table with its legend."""
    print_tables([LongTable(frame, title, name)])


def print_warnings(warnings: Iterable[str]) -> None:
    """Print what the data cannot identify, or what may be wrong with them."""
    for sentence in warnings:
        say(f"{sentence}.", "Warning:", "yellow")


def print_suggestions(remedies: Sequence[str]) -> None:
    """Print what to try."""
    for sentence in remedies:
        say(f"{sentence}.", "Suggestion:", "yellow")


def print_not_converged(reasons: Sequence[str], remedies: Sequence[str]) -> None:
    """Print why a fit has not converged, and what to try."""
    say("\n  ".join(["do not use these numbers.", *reasons]), "Not converged:", "red")
    print_suggestions(remedies)


@contextmanager
def engine_warnings() -> Iterator[None]:
    """Print the warning that the plain engine is used as one sentence on standard error, while the block runs."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, PlainEngineWarning):
            tell(f"Warning: {message}.", soft_wrap=True)
        else:
            before(message, category, *place, **more)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


def check_new_file(path: Path, overwrite: bool) -> None:
    """Raise InputError unless a file can be written: it is not there yet, or may be overwritten, and has a folder."""
    if os.path.isdir(path):  # False where the name is too long, of which `Path.is_dir` makes an error
        raise InputError([f"{path}: is a folder. Name a file with --out-file"])
    if os.path.exists(path) and not overwrite:
        raise InputError([f"{path}: exists. Add --overwrite to replace it, or choose another --out-file"])


@contextmanager
def report_interruption(how_to_continue: str) -> Iterator[None]:
    """Turn an interruption into a sentence and an exit code of its own."""
    try:
        yield
    except KeyboardInterrupt:
        tell(f"interrupted. {how_to_continue}")
        raise typer.Exit(INTERRUPTED) from None
