"""A study's columns, under the program's names and in its units: one row per event, as in the table.

Every fault is noted in the `Table` and none raised, so that a user hears of all of them at once.
"""

from typing import Any

import numpy as np
import pandas as pd

from iwm_bayes.data.binding import impossible_timing
from iwm_bayes.data.study import Outcome, ResponseColumn, Study
from iwm_bayes.data.table import (
    Table,
    is_blank,
    read_complete_numbers,
    read_levels,
    read_numbers,
    read_scaled,
    read_text,
    read_times,
)
from iwm_bayes.responses import BELIEFS, LEVELS
from iwm_bayes.types import DEFAULT_FIGURE, GENERALISED, Family, InputError, ModelSpec, Response


def drop_empty_rows(table: Table, study: Study, model: ModelSpec) -> Table:
    """The table without rows that name no figure, outcome or response: a trial that was missed says nothing."""
    named = study.columns
    telling = [named.outcome.column, *([named.figure] if named.figure else [])]
    telling += [named.reported.column] if named.reported else []
    telling += [column for name in model.responses for column in study.responses[name].columns]
    empty = np.all([is_blank(table, column) for column in telling], axis=0)
    if empty.all():
        nothing = f"{table.file}: no row has an outcome or a response. Check the columns that the study names"
        raise InputError([*table.problems, nothing])
    return table._replace(frame=table.frame[~empty])


def discrete_answers(table: Table, given: ResponseColumn, family: Family, name: str) -> np.ndarray:
    """Answers in so many steps as 0, 1, ..."""
    column, last = given.columns[0], family.levels - 1
    if given.levels is not None:
        if len(given.levels) != family.levels:
            table.problems.append(f"[responses.{name}]: `levels` has {len(given.levels)} answers, not {family.levels}")
        return read_levels(table, column, given.levels)
    scale = given.scale or (0.0, float(last))
    if abs(scale[1] - scale[0]) != last:
        table.problems.append(f"[responses.{name}]: a scale of {family.levels} levels has ends {last} apart")
    found = read_scaled(
        table, column, scale, lambda levels: f"Say which answers there are: {levels} in [responses.{name}]"
    )
    found = found * last
    remedy = f"Say which answers there are, the lowest first: `levels` of `{name}`"
    fault = "neither 0 nor 1" if last == 1 else "between two levels"
    table.report(~np.isnan(found) & (np.abs(found - found.round()) > 1e-9), column, fault, remedy)
    return found.round()


def figure_order(figure: np.ndarray) -> list[str]:
    """The figures of a table in the order in which they appear."""
    return [str(known) for known in pd.unique(figure) if known not in ("", GENERALISED)]


def blank_where_not_asked(table: Table, given: ResponseColumn) -> Table:
    """The table with an answer's columns blank wherever something else was asked."""
    frame = table.frame.copy()
    for column, word in given.where.items():
        elsewhere = frame[column].astype(str).str.strip() != word
        if elsewhere.all():
            table.problems.append(f'{table.file}: no row has "{word}" in the column "{column}"')
        frame.loc[elsewhere, list(given.columns)] = np.nan
    return table._replace(frame=frame)


def read_answer(table: Table, study: Study, model: ModelSpec, name: str, figure: np.ndarray) -> np.ndarray:
    """One response's answers as numbers in the family's units, NaN where there is none.

    A choice of figure is 0 for nobody and k for the k-th of `figure_order`.
    """
    given, response = study.responses[name], model.responses[name]
    table = blank_where_not_asked(table, given) if given.where else table
    stepwise = response.family.whole
    if given.items and stepwise:
        table.problems.append(f"[responses.{name}]: only ratings can be the mean of `items`. Name each item a response")
    if given.scope == "session" and (response.effect in ("withdraws", "chooses") or response.about == "perceived"):
        table.problems.append(f"[responses.{name}]: belongs to one event, and cannot be about a whole session")
    if fault := impossible_timing(given, response):
        table.problems.append(f"[responses.{name}]: {fault}. Take `moment` out")
    if response.effect == "chooses":
        return read_levels(table, given.columns[0], [given.nobody, *figure_order(figure)])
    if stepwise:
        return discrete_answers(table, given, response.family, name)
    return read_rating(table, given, response, name)


def ordinal_remedy(response: Response, levels: int | None = None) -> str:
    """What takes answers in words: the same belief in steps, where there is such a response."""
    if response.about not in BELIEFS or (levels is not None and levels not in LEVELS):
        return ""
    steps = levels or "N (N being how many there are)"
    return f", or, for answers in words, name {response.about}_ordinal_{steps} in the theory in place of this rating"


def read_rating(table: Table, given: ResponseColumn, response: Response, name: str) -> np.ndarray:
    """A rating, or the mean of items, 0..1; words are no numbers, whether the study lists them or not.

    Where any number may be an answer, and no scale is given, numbers are taken as they stand.
    """
    if given.levels is not None:
        ends = pd.to_numeric(pd.Series([given.levels[0], given.levels[-1]]), errors="coerce")
        remedy = f"Number them in the table and give `scale`{ordinal_remedy(response, len(given.levels))}"
        if ends.notna().all():
            remedy = f"Write scale = [{ends[0]:g}, {ends[1]:g}] in place of `levels`"
        table.problems.append(f"[responses.{name}]: a rating is a number, and has no `levels`. {remedy}")
        return np.full(len(table.frame), np.nan)

    def remedy_of(levels: str) -> str:
        in_steps = ordinal_remedy(response)
        return f"Number them in the table{in_steps}{f', with {levels} here' if in_steps else ''}"

    def of_item(column: str) -> np.ndarray:
        if response.family.endless and given.scale is None:
            return read_numbers(table, column, remedy_of)
        return read_scaled(table, column, given.scale or (0.0, 1.0), remedy_of)

    items = np.array([of_item(column) for column in given.columns])
    enough = (~np.isnan(items)).mean(axis=0) >= 0.5  # the mean of fewer than half of the items is another scale
    return np.where(enough, np.nansum(items, axis=0) / np.maximum((~np.isnan(items)).sum(axis=0), 1), np.nan)


def read_outcome(table: Table, given: Outcome) -> np.ndarray:
    """Observed responsiveness 0..1, NaN where blank."""
    if given.levels is not None:
        return read_levels(table, given.column, given.levels) / (len(given.levels) - 1)

    def remedy(levels: str) -> str:
        blank = f', missing = "{given.missing}"' if given.missing else ""
        return f'Say what they mean, no response first: outcome = {{ column = "{given.column}", {levels}{blank} }}'

    return read_scaled(table, given.column, given.scale, remedy)


def read_outcomes(table: Table, study: Study) -> dict[str, np.ndarray]:
    """Outcome, whether it was seen, and whether the person's own report stands for it; NaN marks unrecorded ones."""
    given, report = study.columns.outcome, study.columns.reported
    found = read_outcome(table, given)
    told = read_scaled(table, report.column, report.scale) if report else np.full(len(found), np.nan)
    reported = (np.isnan(found) & ~np.isnan(told)) | (given.source == "self")
    found = np.where(np.isnan(found), told, found)
    if given.cut is not None:
        cut = (given.cut - given.scale[0]) / (given.scale[1] - given.scale[0])
        found = np.where(np.isnan(found), np.nan, found >= cut)
    absent = np.isnan(found)
    if given.missing is None:
        remedy = 'Say what a blank means: missing = "unseen" (nothing happened) or "unrecorded" (a form is missing)'
        table.report(absent & is_blank(table, given.column), given.column, "a blank outcome", remedy)
    if given.missing == "unrecorded" and absent.all():
        remedy = 'Give outcomes, or say that nothing happened: missing = "unseen"'
        table.report(absent, given.column, "no outcome was recorded", remedy)
    seen = ~absent if given.missing != "unrecorded" else np.full(len(found), True)
    return {"outcome": np.where(seen, found, 0.0), "seen": seen, "reported": (reported & seen).astype(float)}


def read_figures(table: Table, study: Study) -> np.ndarray:
    """Who was met, "" where nobody is named."""
    column = study.columns.figure
    if column is None:
        return np.full(len(table.frame), DEFAULT_FIGURE)
    return np.where(is_blank(table, column), "", table.frame[column].astype(str).str.strip())


def figure_met(table: Table, study: Study, model: ModelSpec, found: dict[str, Any], figure: np.ndarray) -> np.ndarray:
    """Who was met at every row: who is named, or was chosen, or nobody in particular."""
    column, known = study.columns.figure, np.array([GENERALISED, *figure_order(figure)])
    for name in (name for name, response in model.responses.items() if response.effect == "chooses"):
        choice, asked = found[f"answer_{name}"], study.responses[name].columns[0]
        whom = known[np.nan_to_num(choice).astype(int)]
        other = (choice > 0) & (figure != "") & (figure != whom)
        table.report(other, asked, "another figure than the row is with", "Correct one of them")
        alone = (choice == 0) & found["seen"]
        table.report(alone, asked, "nobody was turned to, though something happened", "Correct one of them")
        figure = np.where(choice == 0, GENERALISED, np.where(choice > 0, whom, figure))
    if column is not None:
        remedy = "Name who was met. Only a row in which nothing happened may be about nobody in particular"
        table.report((figure == "") & ~found["assessment"], column, "blank, though something happened", remedy)
    return np.where(figure == "", GENERALISED, figure)


def read_columns(table: Table, study: Study, model: ModelSpec) -> pd.DataFrame:
    """Every column that the program uses, under the program's names, one row per event."""
    named, figure = study.columns, read_figures(table, study)
    found: dict[str, Any] = {
        "person": read_text(table, named.person),
        "session": read_complete_numbers(table, named.session),
    }
    found["time"], dated = read_times(table, named.time) if named.time else (found["session"], False)
    found |= read_outcomes(table, study)
    general = (figure == "") & np.isnan(found["outcome"])  # a form about nobody in particular is not a missing one
    found |= {"outcome": np.where(general, 0.0, found["outcome"]), "seen": found["seen"] & ~general}
    for name, column in (("distress", named.distress), ("threat", named.threat)):
        values = read_scaled(table, column.column, column.scale) if column else np.zeros(len(table.frame))
        found[name] = np.nan_to_num(values)
    found |= {f"answer_{name}": read_answer(table, study, model, name, figure) for name in model.responses}
    observed = found["seen"] & ~np.isnan(found["outcome"]) & (found["reported"] == 0)
    for name in (f"answer_{name}" for name, response in model.responses.items() if response.about == "perceived"):
        found[name] = np.where(observed, found[name], np.nan)  # elsewhere it stands for the outcome, or for none
    acts = [found[f"answer_{name}"] for name, response in model.responses.items() if response.effect != "none"]
    acted = np.any(~np.isnan(acts), axis=0) if acts else np.zeros(len(table.frame), dtype=bool)
    found["assessment"] = ~found["seen"] & ~acted
    found["figure"] = figure_met(table, study, model, found, figure)
    frame = pd.DataFrame(found)
    frame.attrs |= {"dated": dated, "figures": figure_order(figure)}
    return frame
