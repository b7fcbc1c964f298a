"""Read a study's columns under the program's names and in its units, one row per event as in the table.

Faults are added to the problems of the `Table`. None is raised here, so that a user sees all of them at once.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from iwm_bayes.data.binding import impossible_lag, impossible_timing
from iwm_bayes.data.numbers import read_numbers, read_scaled
from iwm_bayes.data.raters import mean_rating, response_of
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.study_columns import Outcome, ResponseColumn
from iwm_bayes.data.table import (
    NAMES_LIKE_MISSING,
    Table,
    answer_texts,
    doubt_labels,
    is_blank,
    normalise_levels,
    read_complete_names,
    read_levels,
    read_names,
)
from iwm_bayes.data.times import read_sessions, read_times
from iwm_bayes.data.waves import read_waves
from iwm_bayes.responses import BELIEFS, LEVELS
from iwm_bayes.types import DEFAULT_FIGURE, GENERALISED, Family, InputError, ModelSpec, Response


def drop_empty_rows(table: Table, study: StudySpec, model: ModelSpec) -> Table:
    """Return the table without rows that have no figure, outcome or response, such as missed trials.

    InputError if no row is left.
    """
    names = study.columns
    informative = [*names.outcome.columns, *([names.figure] if names.figure else [])]
    informative += [column for name in model.responses for column in study.responses[name].columns]
    empty = np.all([is_blank(table, column) for column in informative], axis=0)
    if empty.all():
        problem = f"{table.file}: no row has an outcome or a response. Check the columns that the study names"
        raise InputError([*table.problems, problem])
    return table._replace(frame=table.frame[~empty])


def with_answer_words(table: Table, study: StudySpec, model: ModelSpec) -> Table:
    """Return the table with those words for missing that are answers in a column: its levels, and names like None."""
    names, words = study.columns, dict(table.words)

    def add(column: str | None, more: Iterable[str]) -> None:
        if column is not None:
            words[column] = words.get(column, frozenset()) | frozenset(word.strip() for word in more)

    add(names.person, NAMES_LIKE_MISSING)
    add(names.figure, NAMES_LIKE_MISSING)
    for column in names.outcome.columns:
        add(column, names.outcome.levels or ())
    for name, response in model.responses.items():
        given = study.responses[name]
        chosen = {given.nobody, *NAMES_LIKE_MISSING} if response.effect == "chooses" else ()
        for column in given.columns:
            add(column, (*(given.levels or ()), *chosen))
    return table._replace(words=words)


def discrete_answers(table: Table, given: ResponseColumn, family: Family, name: str) -> np.ndarray:
    """Return answers on `family.levels` ordered levels as 0, 1, ...; NaN where blank."""
    column, last = given.columns[0], family.levels - 1
    if given.levels is not None:
        if len(given.levels) != family.levels:
            table.problems.append(f"[responses.{name}]: `levels` has {len(given.levels)} answers, not {family.levels}")
        return read_levels(table, column, given.levels)
    scale = given.scale or (0.0, float(last))
    if abs(scale[1] - scale[0]) != last:
        table.problems.append(f"[responses.{name}]: a scale of {family.levels} levels has ends that differ by {last}")
    answers = read_scaled(
        table, column, scale, lambda levels: f"Say which answers there are, in order: {levels} in [responses.{name}]"
    )
    answers = answers * last
    remedy = f"Say which answers there are, the lowest first: `levels` of `{name}`"
    fault = "neither 0 nor 1" if last == 1 else "between two levels"
    table.report(~np.isnan(answers) & (np.abs(answers - answers.round()) > 1e-9), column, fault, remedy)
    return answers.round()


def figure_order(figure: np.ndarray) -> list[str]:
    """Return the figures of a table in the order in which they first appear."""
    return [str(name) for name in pd.unique(figure) if name not in ("", GENERALISED)]


def blank_where_not_asked(table: Table, given: ResponseColumn) -> Table:
    """Return the table with the columns of a response blank in rows that asked something else."""
    frame = table.frame
    for column, word in given.where.items():
        asked = answer_texts(table, column, [word]) == normalise_levels(pd.Series([word]))[0]
        if not asked.any():
            table.problems.append(f'{table.file}: no row has "{word}" in the column "{column}"')
        frame = frame.assign(**{answer: frame[answer].where(asked) for answer in given.columns})
    return table._replace(frame=frame)


def read_answer(table: Table, study: StudySpec, model: ModelSpec, name: str, figure: np.ndarray) -> np.ndarray:
    """Return the answers of one response in the units of its family, NaN where there is none.

    A choice of figure is 0 for nobody and k for the k-th figure of `figure_order`.
    """
    given, response = study.responses[name], model.responses[name]
    table = blank_where_not_asked(table, given) if given.where else table
    discrete = response.family.discrete
    if given.items and discrete:
        table.problems.append(f"[responses.{name}]: only ratings can be the mean of `items`. Name each item a response")
    if given.scope == "session" and response.effect in ("withdraws", "chooses"):
        table.problems.append(f"[responses.{name}]: belongs to one event, and cannot be about a whole session")
    if fault := impossible_timing(given, response):
        table.problems.append(f"[responses.{name}]: {fault}. Take `timing` out")
    if fault := impossible_lag(given, response):
        table.problems.append(f"[responses.{name}]: {fault}. Take `lag` out")
    if given.commensurable and not response.scale:
        table.problems.append(f"[responses.{name}]: only ratings can be `commensurable` with the outcome. Take it out")
    if response.effect == "chooses":
        if given.nobody in figure_order(figure):
            fault = f'"{given.nobody}" is the word for nobody, and a figure'
            table.problems.append(f"[responses.{name}]: {fault}. Give `nobody` another word, in the table as well")
        return read_levels(table, given.columns[0], [given.nobody, *figure_order(figure)])
    if discrete:
        return discrete_answers(table, given, response.family, name)
    return read_rating(table, given, response, name)


def ordinal_remedy(response: Response, levels: int | None = None) -> str:
    """Return which response takes answers in words about the same belief; empty if there is none."""
    if response.about not in BELIEFS or response.lagged or (levels is not None and levels not in LEVELS):
        return ""
    number = levels or "N (N being how many there are)"
    return f", or, for answers in words, name {response.about}_ordinal_{number} in the model in place of this rating"


def read_rating(table: Table, given: ResponseColumn, response: Response, name: str) -> np.ndarray:
    """Return a rating, or the mean of its items, 0..1; NaN where fewer than half of the items were answered.

    A rating without bounds and without a stated scale keeps the numbers of the table. Words are a problem.
    """
    if given.levels is not None:
        ends = pd.to_numeric(pd.Series([given.levels[0], given.levels[-1]]), errors="coerce")
        remedy = f"Number them in the table and give `scale`{ordinal_remedy(response, len(given.levels))}"
        if ends.notna().all():
            remedy = f"Write scale = [{ends[0]:g}, {ends[1]:g}] in place of `levels`"
        table.problems.append(f"[responses.{name}]: a rating is a number, and has no `levels`. {remedy}")
        return np.full(len(table.frame), np.nan)

    def remedy_for_words(levels: str) -> str:
        ordinal = ordinal_remedy(response)
        return f"Number them in the table{ordinal}{f', with {levels} in order here' if ordinal else ''}"

    def read_item(column: str) -> np.ndarray:
        if response.family.unbounded and given.scale is None:
            return read_numbers(table, column, remedy_for_words)
        return read_scaled(table, column, given.scale or (0.0, 1.0), remedy_for_words)

    items = np.array([read_item(column) for column in given.columns])
    enough = (~np.isnan(items)).mean(axis=0) >= 0.5  # the mean of fewer than half of the items is another scale
    return np.where(enough, np.nansum(items, axis=0) / np.maximum((~np.isnan(items)).sum(axis=0), 1), np.nan)


def read_outcome(table: Table, given: Outcome, answers: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return responsiveness, 0..1, NaN where blank: observed, or the mean of the ratings among `answers`."""
    if given.column is None:
        return mean_rating(answers[f"answer_{response_of(rater)}"] for rater in given.raters)
    if given.levels is not None:
        return read_levels(table, given.column, given.levels) / (len(given.levels) - 1)

    def remedy_for_words(levels: str) -> str:
        blank = f', missing = "{given.missing}"' if given.missing else ""
        line = f'outcome = {{ column = "{given.column}", {levels}{blank} }}'
        return f"Say what they mean, in order from no response to full response: {line}"

    return read_scaled(table, given.column, given.scale, remedy_for_words)


def read_outcomes(table: Table, study: StudySpec, answers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return `outcome` (NaN where unrecorded) and `observed`.

    Which outcomes are unrecorded is settled in `hide_unseen`.
    """
    given = study.columns.outcome
    outcome, column = read_outcome(table, given, answers), given.columns[0]
    if given.cut is not None:
        cut = (given.cut - given.scale[0]) / (given.scale[1] - given.scale[0])
        outcome = np.where(np.isnan(outcome), np.nan, outcome >= cut)
    missing = np.isnan(outcome)
    if given.missing is None:
        remedy = 'Say what a blank means: missing = "unseen" (nothing happened) or "unrecorded" (a form is missing)'
        table.report(missing & is_blank(table, column), column, "a blank outcome", remedy)
    if given.missing == "unrecorded" and missing.all():
        remedy = 'Give outcomes, or say that nothing happened: missing = "unseen"'
        table.report(missing, column, "no outcome was recorded", remedy)
    observed = ~missing if given.missing != "unrecorded" else np.full(len(outcome), True)
    return {"outcome": np.where(observed, outcome, 0.0), "observed": observed}


def hide_unseen(found: dict[str, Any], figure: np.ndarray, model: ModelSpec) -> dict[str, np.ndarray]:
    """Return `outcome`, `observed` and `unrecorded`: a blank is unrecorded only where something could happen.

    People who withdrew, or turned to nobody, saw no outcome, and a form about nobody in particular is not a missing
    one, whatever the study says about blanks.
    """
    hiding = [
        found[f"answer_{name}"] == 0 for name, r in model.responses.items() if r.effect in ("withdraws", "chooses")
    ]
    blank = np.isnan(found["outcome"])
    unseen = blank & np.any([figure == "", *hiding], axis=0)
    return {
        "outcome": np.where(unseen, 0.0, found["outcome"]),
        "observed": found["observed"] & ~unseen,
        "unrecorded": blank & ~unseen,
    }


def read_figures(table: Table, study: StudySpec) -> np.ndarray:
    """Return the figure that each row names, "" where it names none."""
    column = study.columns.figure
    if column is None:
        return np.full(len(table.frame), DEFAULT_FIGURE)
    names = read_names(table, column)
    doubt_labels(table, column, "Figures are called by the number. For names, write the labels into the table")
    remedy = "Leave the cell blank for an answer about nobody in particular, or give the figure another name"
    table.report(names == GENERALISED, column, f'"{GENERALISED}" is the program\'s word for a new figure', remedy)
    return names


def figure_met(
    table: Table, study: StudySpec, model: ModelSpec, found: dict[str, Any], figure: np.ndarray
) -> np.ndarray:
    """Return the figure of every row: the one that is named or chosen, else `GENERALISED`.

    `found` are the columns so far, by name.
    """
    column, known = study.columns.figure, np.array([GENERALISED, *figure_order(figure)])
    for name in (name for name, response in model.responses.items() if response.effect == "chooses"):
        choice, choice_column = found[f"answer_{name}"], study.responses[name].columns[0]
        chosen = known[np.nan_to_num(choice).astype(int)]
        contradicts = (choice > 0) & (figure != "") & (figure != chosen)
        table.report(contradicts, choice_column, "another figure than the row is with", "Correct one of them")
        chose_nobody = (choice == 0) & found["observed"]
        remedy = "Correct one of them"
        table.report(chose_nobody, choice_column, "nobody was turned to, though something happened", remedy)
        figure = np.where(choice == 0, GENERALISED, np.where(choice > 0, chosen, figure))
    if column is not None:
        remedy = "Name who was met. Only a row in which nothing happened may be about nobody in particular"
        table.report((figure == "") & ~found["assessment"], column, "blank, though something happened", remedy)
    return np.where(figure == "", GENERALISED, figure)


def read_columns(table: Table, study: StudySpec, model: ModelSpec) -> pd.DataFrame:
    """Return every column that the program uses, under its names, one row per event.

    `attrs` of the frame say whether times were dates (`dated`), and which figures and waves there are, in order.
    """
    names, figure = study.columns, read_figures(table, study)
    found: dict[str, Any] = {
        "person": read_complete_names(table, names.person),
        "session": read_sessions(table, names.session),
    }
    found["time"], dated = read_times(table, names.time) if names.time else (found["session"], False)
    waves: list[str] = []
    if names.wave:
        found["wave"], waves = read_waves(table, names.wave, names.person)
    ratings = [response_of(rater) for rater in study.raters.names] if study.raters else []
    found |= {f"answer_{name}": read_answer(table, study, model, name, figure) for name in ratings}
    found |= read_outcomes(table, study, found)
    for name, column in (("distress", names.distress), ("threat", names.threat)):
        values = read_scaled(table, column.column, column.scale) if column else np.zeros(len(table.frame))
        found[name] = np.nan_to_num(values)
    others = [name for name in model.responses if name not in ratings]
    found |= {f"answer_{name}": read_answer(table, study, model, name, figure) for name in others}
    found |= hide_unseen(found, figure, model)
    found["rated"] = (found["observed"] & bool(study.raters)).astype(float)
    actions = [found[f"answer_{name}"] for name, response in model.responses.items() if response.effect != "none"]
    acted = np.any(~np.isnan(actions), axis=0) if actions else np.zeros(len(table.frame), dtype=bool)
    found["assessment"] = ~found["observed"] & ~acted
    found["figure"] = figure_met(table, study, model, found, figure)
    frame = pd.DataFrame(found)
    frame.attrs |= {"dated": dated, "figures": figure_order(figure), "waves": waves}
    return frame
