"""What every command shares: where it prints, how it prints tables, warnings and suggestions, and its exit codes."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size

import pandas as pd
import typer
from pandas.api.types import is_numeric_dtype
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from iwm_bayes.report.formatting import format_cells, with_interval_text
from iwm_bayes.report.labels import legend

NOT_CONVERGED, INTERRUPTED = 3, 130  # exit codes
MIN_WIDTH, DEFAULT_WIDTH = 100, 140  # columns: a narrower table folds to single letters; without a terminal
CELL_PADDING = 3  # columns that a table needs between two of its own
WIDTH = max(MIN_WIDTH, get_terminal_size((DEFAULT_WIDTH, 24)).columns)
out, err = Console(highlight=False, width=WIDTH), Console(stderr=True, highlight=False)


def column_headers(frame: pd.DataFrame, cells: list[list[str]]) -> list[str]:
    """Return the names of the columns, broken at each underscore if the table is too wide for the console."""
    headers = [str(column) for column in frame.columns]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    too_wide = sum(widths) + CELL_PADDING * len(widths) > out.width
    return [header.replace("_", "_\n") for header in headers] if too_wide else headers


def print_table(frame: pd.DataFrame, title: str, name: str = "") -> None:
    """Print a table with rounded numbers and its legend; a long name folds, so that nothing is cut off.

    `name` is the name of its file, by which `labels` knows it.
    """
    frame, table = with_interval_text(frame), Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    cells = format_cells(frame)
    for column, header in zip(frame.columns, column_headers(frame, cells), strict=True):
        number = is_numeric_dtype(frame[column])
        table.add_column(header, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for line in cells:
        table.add_row(*map(escape, line))
    out.print(table)
    if explanation := legend(name, frame):
        out.print(f"{explanation}\n", style="dim", markup=False)


def print_warnings(warnings: Iterable[str]) -> None:
    """Print what the data cannot identify, or what may be wrong with them."""
    for sentence in warnings:
        out.print(f"[yellow]Warning:[/yellow] {escape(sentence)}.")


def print_suggestions(remedies: Sequence[str]) -> None:
    """Print what to try."""
    for sentence in remedies:
        out.print(f"[yellow]Suggestion:[/yellow] {escape(sentence)}.")


def print_not_converged(reasons: Sequence[str], remedies: Sequence[str]) -> None:
    """Print why a fit has not converged, and what to try."""
    out.print("[red]Not converged:[/red] do not use these numbers.", *map(escape, reasons), sep="\n  ")
    print_suggestions(remedies)


@contextmanager
def report_interruption(how_to_continue: str) -> Iterator[None]:
    """Turn an interruption into a sentence and an exit code of its own."""
    try:
        yield
    except KeyboardInterrupt:
        err.print(f"interrupted. {how_to_continue}", markup=False)
        raise typer.Exit(INTERRUPTED) from None
