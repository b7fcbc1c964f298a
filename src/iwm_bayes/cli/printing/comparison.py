"""What `iwm compare` prints: the status of each model, the ranking, model attribution, and where things are.

In front of a number that depends on an approximate fit is ~; where a fit has not converged, it is ✗.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr

from iwm_bayes.cli import console
from iwm_bayes.cli.console import LongTable, print_lines, print_tables
from iwm_bayes.cli.printing import result, status
from iwm_bayes.cli.printing.heading import LABEL, data_text, study_line
from iwm_bayes.cli.printing.layout import Line, labelled, paragraph, table_lines
from iwm_bayes.cli.printing.long_tables import comparison_tables
from iwm_bayes.comparison.compare import CV_UNITS
from iwm_bayes.comparison.elpd import BEST
from iwm_bayes.report.answer.words import count_of
from iwm_bayes.report.formatting import real_minus
from iwm_bayes.types import ModelSpec

BLANK = Line("")
NOT_CONVERGED, APPROXIMATE = "✗", "~"  # in front of numbers that depend on such a fit
CONVERGED = "converged"
MAX_MODELS = 6  # with a line of their own in each table; a file has all


class Attribution(NamedTuple):
    """A table of model attribution, with its title."""

    title: str
    table: pd.DataFrame


def statuses(ranking: pd.DataFrame) -> dict[str, str]:
    """Return the status of each model, the best first."""
    known = ranking["status"] if "status" in ranking else [CONVERGED] * len(ranking)
    return dict(zip(ranking["model"], known, strict=True))


def worst_mark(found: Sequence[str]) -> str:
    """Return the mark of a number that depends on fits of these statuses."""
    if any(one == "not converged" for one in found):
        return NOT_CONVERGED
    return "" if all(one == CONVERGED for one in found) else APPROXIMATE


def comparison_heading(study: str, models: Sequence[ModelSpec], data: xr.Dataset, width: int) -> list[Line]:
    """Return the lines on a study, its data, and the models."""
    names = ", ".join(model.name for model in models)
    return [
        *study_line(study, data, width),
        *labelled("Data", data_text(data, [*models[0].responses]), width, LABEL),
        *labelled("Models", names, width, LABEL),
    ]


def model_status_lines(found: Mapping[str, str], width: int) -> list[Line]:
    """Return a line for each status with the models that have it."""
    lines = []
    for one in dict.fromkeys(found.values()):
        names = ", ".join(name for name, own in found.items() if own == one)
        mark = {"": status.GOOD, NOT_CONVERGED: status.BAD, APPROXIMATE: status.DOUBTFUL}[worst_mark([one])]
        texts = {"": names, NOT_CONVERGED: f"{names}: do not rely on this model's numbers"}
        text = texts.get(worst_mark([one]), f"{names}: {one}; confirm important results with --method nuts")
        name = {"": "Converged", NOT_CONVERGED: "Not converged", APPROXIMATE: "Approximate"}[worst_mark([one])]
        lines += status.status_lines(mark, name, text, width)
    return lines


def ranking_lines(ranking: pd.DataFrame, width: int) -> list[Line]:
    """Return the ranking as a table: ELPD, difference from the best model with its SE, weight, and decision."""
    found, shown = statuses(ranking), ranking.head(MAX_MODELS)
    best = found[ranking["model"].iloc[0]]
    rows = []
    for row in result.records(shown):
        own, both = worst_mark([found[row["model"]]]), worst_mark([found[row["model"]], best])
        difference = (
            "" if row["decision"] == BEST else f"{both}{real_minus(f'{row["elpd_diff"]:.1f}')} ({row['dse']:.1f})"
        )
        weight = f"{worst_mark([*found.values()])}{row['weight']:.2f}"
        rows.append([row["model"], f"{own}{real_minus(f'{row["elpd"]:.1f}')}", difference, weight, row["decision"]])
    headers = ["Model", "ELPD", "difference (SE)", "weight", "decision"]
    return [*table_lines(headers, rows, width), *more_lines(len(ranking) - len(shown), "models", width)]


def attribution_lines(attribution: Attribution, found: Mapping[str, str], width: int) -> list[Line]:
    """Return how frequent models are among people: frequency, XP, PXP, and the number of people attributed."""
    mark = worst_mark([*found.values()])
    names = {"frequency": "frequency", "xp": "XP", "pxp": "PXP", "n_attributed": "people", "group": "group"}
    label = str(attribution.table.columns[0])
    columns = [name for name in names if name in attribution.table]
    rows = [
        [str(row[label]), *(attribution_cell(row[name], mark) for name in columns)]
        for row in result.records(attribution.table)
    ]
    headers = [label.capitalize(), *(names[name] for name in columns)]
    return [*paragraph(attribution.title, width), *table_lines(headers, rows, width)]


def attribution_cell(value: Any, mark: str) -> str:
    """Return a share with two decimals, a count, or the name of a group."""
    if isinstance(value, float):
        return f"{mark}{value:.2f}"
    return f"{mark}{value}" if isinstance(value, int) else str(value)


def more_lines(count: int, things: str, width: int) -> list[Line]:
    """Return how many rows a table has that are not shown."""
    return paragraph(f"({count} more {things}: --verbose)", width) if count > 0 else []


def explanation_lines(found: Mapping[str, str], failures: int, width: int) -> list[Line]:
    """Return what marks and columns mean, in one paragraph."""
    approximate = [one for one in dict.fromkeys(found.values()) if worst_mark([one]) == APPROXIMATE]
    notes = [f"{APPROXIMATE} {one}" for one in approximate[:1]]
    notes += [f"{NOT_CONVERGED} depends on a fit that has not converged"] * ("not converged" in found.values())
    notes += ["PXP: probability that the model is the most frequent, corrected for chance differences"]
    if failures:
        notes += [f"{count_of(failures, 'predictive checks')} that one model fails and another passes: --verbose"]
    return paragraph(f"({'; '.join(notes)})", width)


def print_comparison(
    comparison: Any, attributions: Sequence[Attribution], folder: Path, verbose: bool, run: str
) -> None:
    """Print a comparison: statuses, the answer, ranking and attribution, and where things are.

    The first of `attributions` is that of the models. `run` is the folder of the run with the highest ELPD, if any.
    """
    width, found = console.out.width, statuses(comparison.ranking)
    marks = [one for one in dict.fromkeys(found.values()) if one != CONVERGED]
    mark = f" [{', '.join(marks)}]" if marks else ""
    print_lines([BLANK, *model_status_lines(found, width), *mixture_lines(comparison, width), BLANK])
    print_lines(result.result_heading(f"Which model predicts best?{mark}", width))
    print_lines([*paragraph(f"{comparison.summary}{'' if mark else '.'}{mark}", width), BLANK])
    if verbose:
        long = [LongTable(one.table, one.title, "model_frequencies") for one in attributions]
        print_tables(comparison_tables(comparison, long))
    else:
        unit = next(iter(comparison.rankings))
        print_lines([*paragraph(f"ELPD of {CV_UNITS[unit]}", width), *ranking_lines(comparison.ranking, width)])
        for one in attributions:
            print_lines([BLANK, *attribution_lines(one, found, width)])
        print_lines(explanation_lines(found, len(comparison.ppc_failures), width))
    print_lines([*paragraph(f"{comparison.agreement}{'' if mark else '.'}{mark}", width), BLANK])
    print_lines(result.place_lines({"Tables": folder / "tables", "Plots": folder / "plots"}, width))
    commands = [f"iwm report {shlex.quote(run)} --comparison {shlex.quote(str(folder))}"] if run else []
    print_lines(result.next_lines(commands, width) if commands else [])


def mixture_lines(comparison: Any, width: int) -> list[Line]:
    """Return that the mixture has not converged; nothing if it has, or there is none."""
    checks = comparison.mixture_checks
    if checks is None or checks.converged:
        return []
    return status.status_lines(status.BAD, "Mixture", "not converged: do not use its results", width)
