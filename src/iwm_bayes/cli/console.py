"""What every command shares: how it prints texts, tables, warnings and suggestions, and its exit codes.

Rich takes `[...]` in a string for markup, and names in tables and files may hold anything. So every text is printed as
it is, by `say`, `tell` or `print_table`, and colour comes from a style, never from the text.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated, Literal

import pandas as pd
import typer
from pandas.api.types import is_numeric_dtype
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from iwm_bayes.report.formatting import format_cells, with_interval_text
from iwm_bayes.report.labels import legend
from iwm_bayes.types import InputError

Trust = Annotated[
    bool,
    typer.Option("--trust", help="run the Python files that a model file of the study or run names; read them first"),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace results or files that are already there")]
Ids = Annotated[
    Literal["pseudonyms", "own"],
    typer.Option(
        help="with --person-table, names of people in the saved table: pseudonyms, or own (those of the study)"
    ),
]

NOT_CONVERGED, INTERRUPTED = 3, 130  # exit codes
MIN_WIDTH, DEFAULT_WIDTH = 100, 140  # columns: a narrower table folds to single letters; without a terminal
CELL_PADDING = 3  # columns that a table needs between two of its own
MIN_TEXT = 16  # columns that a text keeps before it folds
WIDTH = max(MIN_WIDTH, get_terminal_size((DEFAULT_WIDTH, 24)).columns)
out, err = Console(highlight=False, width=WIDTH), Console(stderr=True, highlight=False)


def as_text(text: object, style: str = "") -> Text:
    """Return a text for the console as it is: no markup, no emoji, and no character that could control a terminal."""
    shown = "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in str(text))
    return Text(shown, style)


def say(text: object, label: str = "", style: str = "", soft_wrap: bool = False) -> None:
    """Print a text on standard output, after a label in a style if there is one; paths need `soft_wrap`."""
    parts = [as_text(label, style), as_text(f" {text}")] if label else [as_text(text, style)]
    out.print(Text.assemble(*parts), soft_wrap=soft_wrap)


def tell(text: object, soft_wrap: bool = False) -> None:
    """Print a text on standard error: progress, and problems."""
    err.print(as_text(text), soft_wrap=soft_wrap)


def column_headers(frame: pd.DataFrame, cells: list[list[str]]) -> list[str]:
    """Return the names of the columns, broken at each underscore if the table is too wide for the console."""
    headers = [str(column) for column in frame.columns]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    too_wide = sum(widths) + CELL_PADDING * len(widths) > out.width
    return [header.replace("_", "_\n") for header in headers] if too_wide else headers


def rich_table(frame: pd.DataFrame, title: str) -> Table:
    """Return a table for the console; a text that is longer than MIN_TEXT folds."""
    table, cells = Table(title=as_text(title), title_justify="left", box=SIMPLE_HEAD), format_cells(frame)
    for index, header in enumerate(column_headers(frame, cells)):
        longest = max(map(len, [*header.splitlines(), *(line[index] for line in cells)]))
        if is_numeric_dtype(frame.iloc[:, index]):
            table.add_column(as_text(header), justify="right", no_wrap=True, min_width=longest)
        else:
            table.add_column(as_text(header), overflow="fold", min_width=min(longest, MIN_TEXT))
    for line in cells:
        table.add_row(*map(as_text, line))
    return table


def print_table(frame: pd.DataFrame, title: str, name: str = "") -> None:
    """Print a table with rounded numbers and its legend, so that nothing is cut off.

    A table that is too wide is printed in two halves. `name` is the name of its file, by which `labels` knows it.
    """
    frame = with_interval_text(frame)
    tables = [rich_table(frame, title)]
    if sum((column.min_width or 0) + CELL_PADDING for column in tables[0].columns) > out.width:
        count = len(frame.columns)
        first, second = [*range((count + 1) // 2)], [0, *range((count + 1) // 2, count)]
        tables = [rich_table(frame.iloc[:, first], title), rich_table(frame.iloc[:, second], f"{title}, continued")]
    for table in tables:
        out.print(table)
    if explanation := legend(name, frame):
        say(f"{explanation}\n", style="dim")


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
