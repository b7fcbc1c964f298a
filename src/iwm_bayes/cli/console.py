"""What every command shares: where to print, tables, and how a study, its theory and its data are loaded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shutil import get_terminal_size

import pandas as pd
import typer
from pandas.api.types import is_numeric_dtype
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from iwm_bayes.report.formatting import format_cells
from iwm_bayes.report.labels import legend

NOT_CONVERGED, INTERRUPTED = 3, 130
MIN_WIDTH, DEFAULT_WIDTH = (
    100,
    140,
)  # columns: below the first, tables fold to single letters; the second where nobody looks
WIDTH = max(MIN_WIDTH, get_terminal_size((DEFAULT_WIDTH, 24)).columns)
out, err = Console(highlight=False, width=WIDTH), Console(stderr=True, highlight=False)


def print_table(frame: pd.DataFrame, title: str, name: str = "") -> None:
    """Print a table with rounded numbers, and how to read it; a long name folds, so that nothing is cut off.

    `name` is that of its file, by which `legends` knows it.
    """
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in frame.columns:
        number = is_numeric_dtype(frame[column])
        table.add_column(str(column), justify="right" if number else "left", no_wrap=number, overflow="fold")
    for line in format_cells(frame):
        table.add_row(*line)
    out.print(table)
    if how_to_read := legend(name, frame):
        out.print(f"{how_to_read}\n", style="dim", markup=False)


def print_suggestions(remedies: Sequence[str]) -> None:
    """Say what to try."""
    for sentence in remedies:
        out.print(f"[yellow]Try:[/yellow] {sentence}.")


def print_not_converged(reasons: Sequence[str], remedies: Sequence[str]) -> None:
    """Say why a fit failed its gate, and what to try."""
    out.print("[red]The gate FAILED:[/red] do not use these numbers.", *reasons, sep="\n  ")
    print_suggestions(remedies)


@contextmanager
def report_interruption(how_to_go_on: str) -> Iterator[None]:
    """An interruption ends in words and its own exit code."""
    try:
        yield
    except KeyboardInterrupt:
        err.print(f"interrupted. {how_to_go_on}", markup=False)
        raise typer.Exit(INTERRUPTED) from None
