"""What `iwm fit` prints of a run of dyads: convergence, actor and partner effects, parameters, and where things are."""

from pathlib import Path
from typing import Any

from iwm_bayes.cli import console
from iwm_bayes.cli.console import LongTable, print_lines, print_tables
from iwm_bayes.cli.printing import result, status
from iwm_bayes.cli.printing.layout import Line, paragraph, table_lines
from iwm_bayes.report.answer.checks import convergence_chip
from iwm_bayes.report.answer.words import sentence_case
from iwm_bayes.report.formatting import real_minus
from iwm_bayes.report.labels import table_title
from iwm_bayes.types import parameters

BLANK = Line("")
EFFECTS = "actor_partner"  # the table of both effects


def effect_lines(analysis: Any, width: int) -> list[Line]:
    """Return actor and partner effects of each member; nothing where no act follows a belief."""
    table = analysis.tables.get(EFFECTS)
    if table is None:
        return []
    mark = result.APPROXIMATE if analysis.convergence.mark else ""
    rows = []
    for row in result.records(table):
        ends = [real_minus(f"{row[name]:.2f}") for name in ("per_unit", "per_unit_ci90_low", "per_unit_ci90_high")]
        about = f"{row['effect']}: belief of the {row['member']} on {row['act']} of the {row['of']}"
        rows.append([about, f"{mark}{ends[0]}", result.interval_words(ends[1], ends[2])])
    return [BLANK, *table_lines(["Effect per unit of the belief", "median", "90% CrI"], rows, width, 1)]


def group_lines(analysis: Any, folder: Path, width: int) -> list[Line]:
    """Return the first group-level parameters; nothing where every parameter is unpooled."""
    groups = analysis.tables.get("group_summary")
    if groups is None:
        return []
    notes = [f"--verbose, or {folder / 'tables' / 'group_summary.csv'}"]
    mark = analysis.convergence.mark
    return [BLANK, *result.parameter_table(groups, parameters(analysis.model), mark, notes, width)]


def print_dyads(analysis: Any, folder: Path, verbose: bool = False) -> None:
    """Print a run of dyads, with the places of the results of both and of each member."""
    width, checks = console.out.width, analysis.convergence
    chip = convergence_chip(checks)
    if checks.converged:
        lines = [*status.chip_lines(chip, width), *effect_lines(analysis, width)]
        lines += [] if verbose else group_lines(analysis, folder, width)
    else:
        reasons, remedies = ([f"{sentence_case(one)}." for one in given] for given in (checks.reasons, analysis.advice))
        lines = status.problems(chip.name, reasons, remedies, width)
    print_lines([BLANK, *lines])
    if verbose:
        print_lines([BLANK])
        print_tables([LongTable(table, table_title(name), name) for name, table in analysis.tables.items()])
    places = {"Tables": folder / "tables", "Posterior": folder / "fit.nc"}
    print_lines([BLANK, *result.place_lines(places, width)])
    for role in analysis.members:
        print_lines(paragraph(f"{sentence_case(role)}: {folder / role / 'report.html'}", width, 0))
    print_lines(paragraph(result.DISCLAIMER, width, 0))
