"""What every command shares: where to print, tables, and how a study, its theory and its data are loaded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import get_terminal_size

import pandas as pd
import typer
import xarray as xr
from pandas.api.types import is_numeric_dtype
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from iwm_bayes import data as tables
from iwm_bayes import study as studies
from iwm_bayes import theory as theories_
from iwm_bayes.asked import load_for
from iwm_bayes.core import InputError, Model
from iwm_bayes.legends import called, legend
from iwm_bayes.written import cells

GATE_FAILED, INTERRUPTED = 3, 130
NARROWEST, UNKNOWN = 100, 140  # columns: below the first, tables fold to single letters; the second where nobody looks
WIDTH = max(NARROWEST, get_terminal_size((UNKNOWN, 24)).columns)
out, err = Console(highlight=False, width=WIDTH), Console(stderr=True, highlight=False)


def show(frame: pd.DataFrame, title: str, name: str = "") -> None:
    """Print a table with rounded numbers, and how to read it; a long name folds, so that nothing is cut off.

    `name` is that of its file, by which `legends` knows it.
    """
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for column in frame.columns:
        number = is_numeric_dtype(frame[column])
        table.add_column(str(column), justify="right" if number else "left", no_wrap=number, overflow="fold")
    for line in cells(frame):
        table.add_row(*line)
    out.print(table)
    if how_to_read := legend(name, frame):
        out.print(f"{how_to_read}\n", style="dim", markup=False)


def advise(remedies: Sequence[str]) -> None:
    """Say what to try."""
    for sentence in remedies:
        out.print(f"[yellow]Try:[/yellow] {sentence}.")


def failed(reasons: Sequence[str], remedies: Sequence[str]) -> None:
    """Say why a fit failed its gate, and what to try."""
    out.print("[red]The gate FAILED:[/red] do not use these numbers.", *reasons, sep="\n  ")
    advise(remedies)


@contextmanager
def interruptible(how_to_go_on: str) -> Iterator[None]:
    """An interruption ends in words and its own exit code."""
    try:
        yield
    except KeyboardInterrupt:
        err.print(f"interrupted. {how_to_go_on}", markup=False)
        raise typer.Exit(INTERRUPTED) from None


def theory_for(study_file: Path, theory: str) -> str:
    """A name, or a file: looked for where one stands, then beside the study; InputError if it is nowhere."""
    if not theory.endswith(".toml"):
        return theory
    beside = study_file.parent / theory
    found = [path for path in (Path(theory), beside) if path.is_file()]
    if not found:
        raise InputError(
            [f"--theory {theory}: there is no such file, neither in {Path.cwd()} nor beside the study ({beside})"]
        )
    return str(found[0])


def load_all(study_file: Path, theory: str | None) -> tuple[studies.Study, Path, Model, xr.Dataset]:
    """Study, theory file, theory and data; InputError lists every problem of the first that has any."""
    study = studies.load_study(study_file)
    named = study.theory[0] if theory is None else theory_for(study_file, theory)
    if theory is not None:
        study = study.model_copy(update={"theory": [named, *study.theory]})
    model = load_for(study, named)
    data = tables.read(study, model)
    return study, theories_.find(named), tables.measured(study, model, data), data


def describe(data: xr.Dataset) -> str:
    events, seen = int(data["present"].sum()), int(data["seen"].sum())
    figures = ", ".join(map(called, data["figure"].values))
    left_out = data.attrs.get("rows_left_out", 0)
    return (
        f"{data.sizes['person']} people, {events} events ({seen} seen), figures: {figures}, "
        f"unit of time: {data.attrs['time_unit']}"
        + (f"; left out for lack of covariates: {dropped}" if (dropped := data.attrs.get("dropped")) else "")
        + (f"; {left_out} rows say nothing and were left out" if left_out else "")
        + (f"; not asked here: {without}" if (without := data.attrs.get("without")) else "")
    )
