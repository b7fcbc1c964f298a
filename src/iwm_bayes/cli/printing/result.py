"""The result of a run: its answer, the first group-level parameters, recovery of true values, and where things are."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from iwm_bayes.cli.printing.heading import LABEL
from iwm_bayes.cli.printing.layout import Line, labelled, pad, paragraph, side_by_side, table_lines
from iwm_bayes.cli.printing.names import parameter_words
from iwm_bayes.types import Parameter

N_SHOWN = 4  # group-level parameters in the short table
SCALES = {"unit": "logit", "positive": "log", "real": ""}  # of the between-person SD, by support
APPROXIMATE = "~"  # in front of a number of an approximate fit
DISCLAIMER = "Group-level research results; not for diagnosis of individuals."


def decimals_of(value: float) -> int:
    """Return how many decimals show two significant digits of a number."""
    return 0 if not np.isfinite(value) or value == 0 else max(0, 1 - math.floor(math.log10(abs(value))))


def interval_words(low: str, high: str) -> str:
    """Return an interval: with a dash, or with "to" where an end is negative."""
    return f"{low} to {high}" if "-" in low + high else f"{low}–{high}"


def parameter_cells(row: Mapping[str, Any], scale: str, mark: str) -> list[str]:
    """Return the cells of a group-level parameter: words, median, 90% CrI, between-person SD, contraction."""
    form = f"{mark}{{:.{decimals_of(row['median'])}f}}"
    median, low, high = (form.format(row[name]) for name in ("median", "ci90_low", "ci90_high"))
    sd = "" if pd.isna(row["sd_between"]) else f"{mark}{row['sd_between']:.2f}{f' ({scale})' if scale else ''}"
    return [parameter_words(row["parameter"]), median, interval_words(low, high), sd, f"{mark}{row['contraction']:.2f}"]


def parameter_table(
    groups: pd.DataFrame, declared: Mapping[str, Parameter], approximate: str, where: str, width: int
) -> list[Line]:
    """Return the first group-level parameters, and where the others are.

    `declared` are the parameters of the model. `approximate` names an approximation, of which every number is marked.
    """
    shown, mark = groups.head(N_SHOWN), APPROXIMATE if approximate else ""
    scales = [SCALES[declared[label.partition("[")[0]].support] for label in shown["parameter"]]
    common = len({*scales}) == 1
    headers = ["Group-level parameter", "median", "90% CrI"]
    headers += [f"between-person SD ({scales[0]})" if common and scales[0] else "between-person SD", "contraction"]
    rows = [
        parameter_cells(row._asdict(), "" if common else scale, mark)
        for row, scale in zip(shown.itertuples(index=False), scales, strict=True)
    ]
    lines, more = table_lines(headers, rows, width), len(groups) - len(shown)
    if undetermined := [parameter_words(row.parameter) for row in groups.itertuples() if "not determined" in row.note]:
        lines += paragraph(f"Not determined by the data: {', '.join(undetermined)}", width)
    notes = [f"{mark} {approximate}"] if approximate else []
    notes += [f"{f'{more} more' if more else 'all tables'}: --verbose, or {where}"]
    return lines + paragraph(f"({'; '.join(notes)})", width)


def recovery_lines(truth: pd.DataFrame, width: int) -> list[Line]:
    """Return estimates next to true values, from the lines of `truth_comparison_lines`."""
    if truth.empty:
        return []
    rows = [
        [
            str(line["until_security"])
            if truth["figure"].nunique() == 1
            else f"{line['until_security']}, {line['figure']}",
            f"true {recovery_number(line, 'true')}",
            f"estimate {recovery_estimate(line)}",
            f"{'inside' if line['true_in_ci90'] else 'outside'} the 90% CrI",
        ]
        for line in truth.to_dict("records")
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["   ".join(pad(cell, size) for cell, size in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [Line("  (true values are known here)", "RECOVERY", "bold"), *(fit_or_wrap(line, width) for line in lines)]


def fit_or_wrap(text: str, width: int) -> Line:
    """Return a line of a table without headers."""
    return Line(f"  {text}" if len(text) + 2 <= width else "  " + " ".join(text.split()))


def recovery_number(line: Mapping[str, Any], name: str) -> str:
    """Return a share in per cent, or a count; a count that is not reached is censored."""
    value = line[name]
    if pd.isna(value):
        return "not reached"
    return f"{value:.0%}" if str(line["until_security"]).startswith("share") else f"{value:g}"


def recovery_estimate(line: Mapping[str, Any]) -> str:
    """Return an estimate with its 90% CrI."""
    median, low, high = (recovery_number(line, f"estimate{end}") for end in ("", "_ci90_low", "_ci90_high"))
    return f"{median} ({interval_words(low.removesuffix('%'), high)})" if median != low or low != high else median


def place_lines(places: Mapping[str, Path], width: int) -> list[Line]:
    """Return where results are: a name and a path for each, on as few lines as there is room for."""
    entries = [f"{name}  {path}" for name, path in places.items()]
    first, *others = entries
    name, path = next(iter(places.items()))
    return side_by_side([f"{pad(name, LABEL)}{path}", *others], width, "   ")


def next_lines(commands: Sequence[str], width: int) -> list[Line]:
    """Return what to do next."""
    first, *others = side_by_side(commands, width - LABEL, "   |   ")
    return [first._replace(label=pad("Next", LABEL)), *(line._replace(text=" " * LABEL + line.text) for line in others)]


def result_heading(title: str, mark: str, width: int) -> list[Line]:
    """Return the title of the answer, with the mark of an approximate fit."""
    return labelled("RESULT", f"{title}{mark}", width, LABEL - 1, "bold")
