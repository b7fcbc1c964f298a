"""What `iwm fit`, `iwm demo` and `iwm report` print of a run: status, result, tables, and where things are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.cli import console
from iwm_bayes.cli.console import LongTable, print_lines, print_tables
from iwm_bayes.cli.printing import result, status
from iwm_bayes.cli.printing.heading import heading, warning_lines
from iwm_bayes.cli.printing.layout import Line, paragraph
from iwm_bayes.cli.printing.long_tables import run_tables
from iwm_bayes.io import read_json
from iwm_bayes.report.context import ReportContext, ReportOptions
from iwm_bayes.report.text import answer_sentence
from iwm_bayes.types import ModelSpec, parameters

BLANK = Line("")
PLACES: Mapping[str, str] = {"Report": "report.html", "Plots": "plots", "Posterior": "fit.nc"}


class Shown(NamedTuple):
    """What is printed of a run apart from the run itself."""

    verbose: bool = False  # the long tables in place of the short one
    truth: pd.DataFrame | None = None  # lines of `truth_comparison_lines`, where true values are known
    commands: Sequence[str] = ()  # what to do next


def run_of_analysis(analysis: Any, folder: Path, study: str) -> ReportContext:
    """Return the run of an analysis that is written to a folder."""
    facts = read_json(folder / "manifest.json", "")
    return ReportContext(folder, study, analysis.model, analysis.fit, facts, analysis.results, ReportOptions())


def print_heading(study: str, model: ModelSpec, data: xr.Dataset, warnings: Sequence[str] = ()) -> None:
    """Print the study, its data and a model, and what the data cannot identify."""
    width = console.out.width
    print_lines(heading(study, model, data, width))
    print_lines(warning_lines(warnings, width, "iwm check lists them all"))


def answer_lines(run: ReportContext, mark: str, width: int) -> list[Line]:
    """Return the answer to the study's question."""
    sentences = [answer_sentence(answer) for answer in run.security.values()]
    heading = result.result_heading("Time to earned security" if sentences else "Beliefs by session", mark, width)
    return heading + [line for sentence in sentences for line in paragraph(f"{sentence}{mark}", width)]


def short_table(run: ReportContext, width: int) -> list[Line]:
    """Return the first group-level parameters; nothing where every parameter is unpooled."""
    groups = run.tables.get("group_summary")
    if groups is None:
        return []
    where = str(run.folder / "tables" / "group_summary.csv")
    approximate = "" if run.status == "converged" else run.status
    return [BLANK, *result.parameter_table(groups, parameters(run.model), approximate, where, width)]


def last_lines(run: ReportContext, commands: Sequence[str], width: int) -> list[Line]:
    """Return where things are, what to do next, and what the results are for."""
    lines = [BLANK, *result.place_lines({name: run.folder / path for name, path in PLACES.items()}, width)]
    lines += result.next_lines(commands, width) if commands else []
    return [*lines, *paragraph(result.DISCLAIMER, width, 0)]


def print_run(run: ReportContext, shown: Shown) -> None:
    """Print a run: its status, then its result; what is wrong and what to try where it cannot be used."""
    width, mark = console.out.width, status.fit_mark(run.facts)
    print_lines([BLANK])
    if not status.is_usable(run.facts):
        print_lines(status.problem_lines(run.facts, width))
        if shown.verbose:
            print_tables(run_tables(run, mark))
        print_lines(last_lines(run, (), width))
        return
    checks = run.tables.get("ppc")
    print_lines(status.three_lines(run.facts, checks, run.permutation_test, width))
    print_lines([BLANK, *answer_lines(run, mark, width)])
    if shown.verbose:
        print_lines([BLANK])
        print_tables(run_tables(run, mark))
    else:
        print_lines(short_table(run, width))
    if shown.truth is not None and len(shown.truth):
        print_lines([BLANK, *result.recovery_lines(shown.truth, width)])
    print_lines(last_lines(run, shown.commands, width))
