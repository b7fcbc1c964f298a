"""What `iwm fit`, `iwm demo` and `iwm report` print of a run: status, result, tables, and where things are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.cli import console
from iwm_bayes.cli.console import print_lines, print_tables
from iwm_bayes.cli.printing import result, status
from iwm_bayes.cli.printing.heading import heading, warning_lines
from iwm_bayes.cli.printing.layout import Line, paragraph
from iwm_bayes.cli.printing.long_tables import run_tables
from iwm_bayes.io import read_json
from iwm_bayes.report.context import ReportContext, ReportOptions
from iwm_bayes.report.key_result import KeyResult
from iwm_bayes.types import ModelSpec, parameters

BLANK = Line("")
MAX_LINES = 35  # of a fit, from its heading to its end
REFERENCE_LEVELS = "at reference levels and means of covariates"
PROGRESS_LINES = 2  # on standard error: compiling, and the bar of the chains
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
    print_lines(heading_lines(study, model, data, warnings, console.out.width))


def heading_lines(study: str, model: ModelSpec, data: xr.Dataset, warnings: Sequence[str], width: int) -> list[Line]:
    """Return the lines above a fit."""
    return [*heading(study, model, data, width), *warning_lines(warnings, width, "iwm check explains them")]


def recovery(truth: pd.DataFrame | None, figure: str, spacing: Sequence[Line], width: int) -> list[Line]:
    """Return estimates next to true values, where these are known."""
    lines = result.recovery_lines(truth, figure, width) if truth is not None and len(truth) else []
    return [*spacing, *lines] if lines else []


def short_table(run: ReportContext, mark: str, width: int) -> list[Line]:
    """Return the first group-level parameters; nothing where every parameter is unpooled."""
    groups = run.tables.get("group_summary")
    if groups is None:
        return []
    notes = [REFERENCE_LEVELS] * ("marginal_effects" in run.tables)
    notes += [f"--verbose, or {run.folder / 'tables' / 'group_summary.csv'}"]
    return [BLANK, *result.parameter_table(groups, parameters(run.model), mark, notes, width)]


def member_lines(run: ReportContext, width: int) -> list[Line]:
    """Return where the reports of both members of dyads are; nothing for a study of single people."""
    reports = [f"Report of the {role}: {run.folder / role / PLACES['Report']}" for role in run.model.members]
    return [line for text in reports for line in paragraph(text, width, 0)]


def last_lines(run: ReportContext, commands: Sequence[str], width: int) -> list[Line]:
    """Return where things are, what to do next, and what the results are for."""
    lines = result.place_lines({name: run.folder / path for name, path in PLACES.items()}, width)
    lines += member_lines(run, width)
    lines += result.next_lines(commands, width) if commands else []
    return [*lines, *paragraph(result.DISCLAIMER, width, 0)]


def print_run(run: ReportContext, shown: Shown) -> None:
    """Print a run: its status, then its result; what is wrong and what to try where it cannot be used."""
    width, key = console.out.width, run.key
    if not key.usable:
        print_lines([BLANK, *status.problem_lines(key, width)])
        print_long_tables(run, key, shown.verbose)
        print_lines([BLANK, *last_lines(run, (), width)])
        return
    before = [BLANK, *status.three_lines(key, width), BLANK]
    table = [] if shown.verbose else short_table(run, key.mark, width)
    above = heading_lines(run.study, run.model, run.data, run.facts["warnings"], width)
    for spacing in ([BLANK], []):  # without blank lines where the answer needs their room
        after = [
            *recovery(shown.truth, key.figure, spacing, width),
            *spacing,
            *last_lines(run, shown.commands, width),
        ]
        room = MAX_LINES - PROGRESS_LINES - len([*above, *before, *table, *after])
        answer = result.answer_lines(key, width, 2 * MAX_LINES if shown.verbose else room)
        if answer.has_all_facts:
            break
    print_lines([*before, *answer.lines, *table])
    print_long_tables(run, key, shown.verbose)
    print_lines(after)


def print_long_tables(run: ReportContext, key: KeyResult, verbose: bool) -> None:
    """Print the long tables of a run, if they are wanted."""
    if verbose:
        print_lines([BLANK])
        print_tables(run_tables(run, f" [{key.mark}]" if key.mark else ""))
