"""The result of a run: its answer, the first group-level parameters, recovery of true values, and where things are."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.cli.printing.heading import LABEL
from iwm_bayes.cli.printing.layout import Line, columns, labelled, pad, paragraph, side_by_side, table_lines
from iwm_bayes.cli.printing.names import parameter_words
from iwm_bayes.report.answer.security import Fact, SecondFact
from iwm_bayes.report.formatting import MINUS, POINTS, format_points, real_minus
from iwm_bayes.report.key_result import KeyResult
from iwm_bayes.types import Parameter

N_SHOWN = 4  # group-level parameters in the short table
SCALES = {"unit": "logit", "positive": "log", "real": ""}  # of the between-person SD, by support
RECOVERY_LABEL = 10  # columns
UNDETERMINED = "not determined by the data"  # a note of the group summary
APPROXIMATE = "~"  # in front of a number of an approximate fit
DISCLAIMER = "Group-level research results; not for diagnosis of individuals."


class AnswerLines(NamedTuple):
    """The lines of an answer, and whether all its facts are among them."""

    lines: list[Line]
    has_all_facts: bool


def answer_lines(key: KeyResult, width: int, room: int) -> AnswerLines:
    """Return the answer to the study's question in `room` lines; its title and first sentence are always there.

    Facts come first, then the sensitivity to the definition, then what goes with the answer. Where there is no room for
    a sentence, it and all that follow of its kind are left out, and the title says where they are. An approximation is
    marked in every sentence.
    """
    sensitivity = [f"{key.chip('sensitivity').text}."] if key.figure else []
    facts = fact_sentences([fact for fact in key.facts if not repeats(fact, key.headline)])
    first, last = paragraph(key.headline, width), paragraphs(sensitivity, width)
    about = f"{key.about}{f' [{key.mark}]' if key.mark else ''}"
    title = result_heading(f"{about} (more: --verbose)", width)
    left = room - len([*title, *first, *last])
    shown_facts = as_many(facts, width, left)
    shown = as_many(key.sentences, width, left - len(paragraphs(shown_facts, width)))
    has_all_facts = len(shown_facts) == len(facts)
    if has_all_facts and len(shown) == len(key.sentences):
        title = result_heading(about, width)
    lines = [*title, *first, *paragraphs(shown_facts, width), *last, *paragraphs(shown, width)]
    return AnswerLines(lines, has_all_facts)


def fact_sentences(facts: Sequence[Fact]) -> list[str]:
    """Return facts as sentences; those that are said together are one text."""
    texts: list[str] = []
    for fact in facts:
        text = f"{fact.value} {fact.meaning}."
        texts = [*texts[:-1], f"{texts[-1]} {text}"] if isinstance(fact, SecondFact) and texts else [*texts, text]
    return texts


def paragraphs(sentences: Sequence[str], width: int) -> list[Line]:
    """Return sentences as one paragraph; nothing without sentences."""
    return paragraph(" ".join(sentences), width) if sentences else []


def as_many(sentences: Sequence[str], width: int, room: int) -> Sequence[str]:
    """Return as many of the first sentences as fit into so many lines, as one paragraph."""
    counts = range(len(sentences), 0, -1)
    return next((sentences[:count] for count in counts if len(paragraphs(sentences[:count], width)) <= room), ())


def repeats(fact: Fact, headline: str) -> bool:
    """Return whether the headline has the number of a fact with its interval already."""
    _, begin, interval = fact.meaning.partition("(90% CrI ")
    return bool(begin) and re.split("[;)]", interval)[0] in headline and fact.value in headline


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, each by the names of its columns."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def decimals_of(value: float) -> int:
    """Return how many decimals show two significant digits of a number."""
    return max(0, 1 - int(f"{value:.1e}".partition("e")[2])) if np.isfinite(value) and value else 0


def interval_words(low: str, high: str) -> str:
    """Return an interval: with a dash, or with "to" where an end is negative."""
    return f"{low} to {high}" if MINUS in low + high else f"{low}–{high}"


def deciding_value(row: Mapping[str, Any]) -> float:
    """Return the number of which two significant digits are shown: the median, or the farther end around 0."""
    low, high = row["ci90_low"], row["ci90_high"]
    return max(-low, high) if low < 0 < high else row["median"]


def parameter_cells(row: Mapping[str, Any], scale: str, mark: str) -> list[str]:
    """Return the cells of a group-level parameter: words, median, 90% CrI, between-person SD, contraction."""
    form = f"{{:.{decimals_of(deciding_value(row))}f}}"
    median, low, high = (f"{mark}{real_minus(form.format(row[name]))}" for name in ("median", "ci90_low", "ci90_high"))
    sd = "" if pd.isna(row["sd_between"]) else f"{mark}{row['sd_between']:.2f}{f' ({scale})' if scale else ''}"
    return [parameter_words(row["parameter"]), median, interval_words(low, high), sd, f"{mark}{row['contraction']:.2f}"]


def parameter_table(
    groups: pd.DataFrame, declared: Mapping[str, Parameter], approximate: str, notes: Sequence[str], width: int
) -> list[Line]:
    """Return the first group-level parameters, and below them `notes`, of which the last says where the others are.

    `declared` are the parameters of the model. `approximate` names an approximation, of which every number is marked.
    """
    shown, mark = groups.head(N_SHOWN), APPROXIMATE if approximate else ""
    scales = [SCALES[declared[label.partition("[")[0]].support] for label in shown["parameter"]]
    common = len({*scales}) == 1
    headers = ["Group-level parameter", "median", "90% CrI", "between-person SD", "contraction"]
    rows = [
        parameter_cells(row, "" if common else scale, mark) for row, scale in zip(records(shown), scales, strict=True)
    ]
    lines, more = table_lines(headers, rows, width, 1), len(groups) - len(shown)
    left_open = [parameter_words(row["parameter"]) for row in records(groups) if UNDETERMINED in row["note"]]
    lines += paragraph(f"{UNDETERMINED.capitalize()}: {', '.join(left_open)}", width, 1) if left_open else []
    units = [f"{mark} {approximate}"] if approximate else []
    units += [f"SD: {scales[0]} scale"] if common and scales[0] else []
    others = f"{more} more" if more else "all tables"
    return lines + paragraph(f"({'; '.join([*units, *notes[:-1], f'{others}: {notes[-1]}'])})", width, 1)


def recovery_lines(truth: pd.DataFrame, figure: str, width: int) -> list[Line]:
    """Return estimates next to true values for the figure of the answer, from lines of `truth_comparison_lines`.

    Counts that are reached neither in truth nor in the estimate have no line.
    """
    rows = [
        (
            str(line["until_security"]),
            f"true {recovery_number(line, 'true')}, estimate {recovery_estimate(line)}",
            f"{'inside' if line['true_in_ci90'] else 'outside'} CrI",
        )
        for line in records(truth[truth["figure"] == figure])
        if pd.notna(line["true"]) or pd.notna(line["estimate"])
    ]
    sizes = [max(map(columns, cells)) for cells in zip(*rows, strict=True)]
    lines = ["  ".join(pad(cell, size) for cell, size in zip(row, sizes, strict=True)).rstrip() for row in rows]
    return [
        line
        for index, text in enumerate(lines)
        for line in labelled("" if index else "RECOVERY", text, width, RECOVERY_LABEL, "bold", keep=True)
    ]


def recovery_number(line: Mapping[str, Any], name: str) -> str:
    """Return a share in per cent, a difference of shares in points, or a count, which may be not reached."""
    value, about = line[name], str(line["until_security"])
    if pd.isna(value):
        return "not reached"
    if not about.startswith("share"):
        return f"{value:g}"
    return f"{value:.0%}" if re.fullmatch(r"share by session \d+", about) else format_points(value)


def recovery_estimate(line: Mapping[str, Any]) -> str:
    """Return an estimate with its 90% CrI."""
    median, low, high = (recovery_number(line, f"estimate{end}") for end in ("", "_ci90_low", "_ci90_high"))
    if high.endswith(POINTS):  # the unit is named once
        median, low = median.removesuffix(POINTS), low.removesuffix(POINTS)
    return f"{median} ({interval_words(low.removesuffix('%'), high)})" if median != low or low != high else median


def place_lines(places: Mapping[str, Path], width: int) -> list[Line]:
    """Return where results are, all in one folder: the path of each, or of the first where the line is too short."""
    (name, path), *others = places.items()
    first, every = f"{pad(name, LABEL)}{path}", [f"{other}  {place}" for other, place in others]
    if columns("   ".join([first, *every])) <= width:
        return [Line("   ".join([first, *every]))]
    return side_by_side([first, f"({', '.join(place.name for _, place in others)} in the same folder)"], width, "   ")


def next_lines(commands: Sequence[str], width: int) -> list[Line]:
    """Return what to do next."""
    first, *others = side_by_side(commands, width - LABEL, "   |   ")
    return [first._replace(label=pad("Next", LABEL)), *(line._replace(text=" " * LABEL + line.text) for line in others)]


def result_heading(title: str, width: int) -> list[Line]:
    """Return the title of the answer."""
    return labelled("RESULT", title, width, LABEL, "bold")
