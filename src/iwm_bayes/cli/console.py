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
MIN_TEXT = 16  # columns that a text keeps before it folds
WIDTH = max(MIN_WIDTH, get_terminal_size((DEFAULT_WIDTH, 24)).columns)
out, err = Console(highlight=False, width=WIDTH), Console(stderr=True, highlight=False)


def column_headers(frame: pd.DataFrame, cells: list[list[str]]) -> list[str]:
    """Return the names of the columns, broken at each underscore if the table is too wide for the console."""
    headers = [str(column) for column in frame.columns]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    too_wide = sum(widths) + CELL_PADDING * len(widths) > out.width
    return [header.replace("_", "_\n") for header in headers] if too_wide else headers


def rich_table(frame: pd.DataFrame, title: str) -> Table:
    """Return a table for the console; a text that is longer than MIN_TEXT folds."""
    table, cells = Table(title=title, title_justify="left", box=SIMPLE_HEAD), format_cells(frame)
    for index, header in enumerate(column_headers(frame, cells)):
        longest = max(map(len, [*header.splitlines(), *(line[index] for line in cells)]))
        if is_numeric_dtype(frame.iloc[:, index]):
            table.add_column(header, justify="right", no_wrap=True, min_width=longest)
        else:
            table.add_column(header, overflow="fold", min_width=min(longest, MIN_TEXT))
    for line in cells:
        table.add_row(*map(escape, line))
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
