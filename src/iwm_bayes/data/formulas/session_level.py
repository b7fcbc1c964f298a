"""Find and read the covariates of formulas that change from session to session.

A column of a formula is a covariate of sessions if it is in the table of sessions, not in the table of people, and has
several values within some person. `within` and `between` take a column of the table of sessions. A parameter needs the
covariates of its formula where it acts:

    of a response                                               where there is an answer
    of the learning rule, and read while time passes            at every event
    of the learning rule, and read where an outcome is learned  where an outcome is observed

A blank elsewhere does no harm: for a learning rate, at an assessment before the first session.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from iwm_bayes.data.formulas.covariates import read_covariate
from iwm_bayes.data.formulas.effects import owner
from iwm_bayes.data.formulas.event_design import is_recorded, session_variable
from iwm_bayes.data.formulas.language import groups, read_formula
from iwm_bayes.data.formulas.splits import split_of, split_values
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.table import Table, cell_texts, is_blank, list_people
from iwm_bayes.rules.modifiers.event_effects import is_read_without_outcome
from iwm_bayes.rules.parameter_names import parameter_copies
from iwm_bayes.types import InputError, ModelSpec, parameters


def readable_formulas(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the formulas that can be read, by the name that the study gives; the others are reported elsewhere."""
    found = {}
    for name, text in given.items():
        try:
            found[name] = read_formula(text)
        except InputError:
            continue
    return found


def people_who_change(table: Table, person: str, column: str) -> list[str]:
    """Return the people who have several values of a column, blanks apart."""
    texts = cell_texts(table, column).where(~is_blank(table, column))
    counts = texts.groupby(cell_texts(table, person), sort=False).nunique()
    return [str(name) for name in counts.index[counts > 1]]


def session_level_names(study: StudySpec, table: Table, of_people: Collection[str]) -> dict[str, bool]:
    """Return the covariates of sessions in a study's formulas, each with whether it is read as words.

    `of_people` are the columns of a table of people of its own. Columns that the table of sessions lacks, and faults of
    columns that people have, are added to the problems of the table.
    """
    formulas, person = readable_formulas(study.formulas), study.columns.person
    groups_of_people = {*study.people.groups} if study.people else set[str]()
    of_groups = groups_of_people.union(*(groups(formula.tree) for formula in formulas.values()))
    answered = {column for response in study.responses.values() for column in response.columns}
    found: dict[str, bool] = {}
    for name in sorted(frozenset().union(*(formula.names for formula in formulas.values()))):
        split = split_of(name)
        column = split[1] if split else name
        if column not in table.frame or person not in table.frame:
            if split:
                table.problems.append(f"{table.file}: there is no column {column!r}, of which [formulas] name {name}")
            continue
        changing = people_who_change(table, person, column)
        if column in of_people and (split or changing):
            who = f"changes within {list_people(changing)} here" if changing else f"is in [formulas] as {name}"
            remedy = "Rename one of the two columns"
            table.problems.append(
                f"{table.file}, column {column!r}: is in the table of people, too, and {who}. {remedy}"
            )
        elif split or (changing and name not in of_groups):
            found[name] = any(name in formula.words for formula in formulas.values())
        if name in found and column in {*study.columns.outcome.columns, *answered}:
            table.problems.append(
                f"{table.file}, column {column!r}: the model explains it, so that it explains no parameter of the "
                "same session. Name a column with its value at the session before"
            )
    return found


def read_session_covariates(table: Table, person: np.ndarray, names: Mapping[str, bool]) -> dict[str, np.ndarray]:
    """Return covariates of sessions by the names of their variables, (row,) each: numbers, or words with "" if blank.

    `names` are those of `session_level_names`. Faults are added to the problems of the table.
    """
    found = {}
    for name, as_words in names.items():
        split = split_of(name)
        values = read_covariate(table, split[1] if split else name, as_words)
        if split and not is_numeric_dtype(values):
            fault = "has words, and a mean needs numbers. Write the column without the function, or correct it"
            table.problems.append(f"{table.file}, column {split[1]!r}: {fault}")
            continue
        if is_numeric_dtype(values):
            numbers = values.to_numpy(dtype=float)
            found[session_variable(name)] = split_values(split[0], numbers, person) if split else numbers
        else:
            found[session_variable(name)] = values.fillna("").to_numpy(dtype=str)
    return found


def is_needed(study: StudySpec, model: ModelSpec, name: str, events: Any) -> np.ndarray:
    """Return where events need a covariate of sessions, because a parameter with this covariate acts there.

    `events` are a Dataset with `present`, or a frame of events, and have `observed` and the answers.
    """
    present = events["present"] if "present" in events else np.ones(len(events), dtype=bool)
    needed = np.zeros(np.shape(events["observed"]), dtype=bool)
    for given, formula in readable_formulas(study.formulas).items():
        for parameter in parameter_copies(given, parameters(model)) if name in formula.names else ():
            response, leaf = owner(model, parameter)
            if response is not None:
                acts = events[f"answer_{response}"].notnull()
            else:
                acts = present if is_read_without_outcome(model.rule, leaf) else events["observed"]
            needed |= np.asarray(acts, dtype=bool)
    return needed


def blank_where_needed(study: StudySpec, model: ModelSpec, events: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield every covariate of sessions with where it is blank and needed; `events` as of `is_needed`."""
    for name in sorted(frozenset().union(*(each.names for each in readable_formulas(study.formulas).values()))):
        variable = session_variable(name)
        if variable in events and (split_of(name) or ("within", ""))[0] == "within":
            yield name, is_needed(study, model, name, events) & ~is_recorded(np.asarray(events[variable]))


def report_blanks(table: Table, study: StudySpec, model: ModelSpec, events: pd.DataFrame) -> None:
    """Add a problem for each covariate of sessions that is blank where it is needed; `events` has the table's rows."""
    for name, blank in blank_where_needed(study, model, events):
        split = split_of(name)
        remedy = (
            'Fill it in (where nothing better is known, with the person\'s mean), or set `missing = "drop"` under '
            "[people] to leave these people out"
        )
        table.report(blank, split[1] if split else name, "blank, and [formulas] need it at this session", remedy)
