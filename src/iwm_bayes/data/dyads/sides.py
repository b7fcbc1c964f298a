"""Read the two sides of a study of dyads, one row per exchange and dyad each.

In a long table a row is about one member, and the column `role` says which. In a wide table each row has both members.
Columns are read as those of single people. Faults are added to the problems of the table, so that all are reported
together: see `side_checks` for those between rows.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.data.columns import read_answer, with_answer_words
from iwm_bayes.data.dyads.schema import EXPERIENCE, Dyad, member_study
from iwm_bayes.data.numbers import read_scaled
from iwm_bayes.data.study import StudySpec
from iwm_bayes.data.table import (
    Table,
    answer_texts,
    count_values,
    is_blank,
    missing_columns,
    read_complete_names,
    read_names,
)
from iwm_bayes.data.times import read_sessions, read_times
from iwm_bayes.rules.dyad import other_role
from iwm_bayes.types import DEFAULT_FIGURE, InputError, ModelSpec

KEYS = ["person", "session"]  # of an exchange: the dyad, which is the person of the data, and the exchange's number


class Side(NamedTuple):
    """What a table says of one member of all dyads."""

    role: str
    rows: np.ndarray  # (row,), which rows of the table are about this member
    answers: pd.DataFrame  # (exchange, response) by (person, session); the columns are names without the role
    person: pd.Series  # (row of this side,), who this member is; "" where the table does not say
    reported: pd.DataFrame  # acts of the other as this member's rows have them, by (person, session); may be empty


class Sides(NamedTuple):
    """Both sides of a study of dyads, and what their rows share."""

    by_role: Mapping[str, Side]
    rows: pd.DataFrame  # (row,): `person` (the dyad), `session` and `time` of every row of the table
    dated: bool
    left_out: int  # rows without any answer


def wanted_columns(study: StudySpec, dyad: Dyad, model: ModelSpec) -> dict[str, str]:
    """Return every column that a study of dyads needs, with the key that names it."""
    found = {dyad.column: "key `dyad.column`", study.columns.session: "key `columns.session`"}
    if study.columns.time is not None:
        found.setdefault(study.columns.time, "key `columns.time`")
    if dyad.role is not None:
        found.setdefault(dyad.role, "key `dyad.role`")
    for role, member in dyad.members.items():
        own = member_study(study, role)
        if member.person is not None:
            found.setdefault(member.person, f"key `dyad.members.{role}.person`")
        for key in EXPERIENCE:
            if (given := getattr(own.columns, key)) is not None:
                found.setdefault(given.column, f"key `{key}` of the {role}")
        for name in model.members[role].model.responses:
            for column in (*own.responses[name].columns, *own.responses[name].where):
                found.setdefault(column, f"the response {name} of the {role}")
    return found


def without_empty_rows(table: Table, study: StudySpec, model: ModelSpec) -> Table:
    """Return the table without rows that have no answer of either member; InputError if no row is left."""
    informative = dict.fromkeys(column for name in model.responses for column in study.responses[name].columns)
    empty = np.all([is_blank(table, column) for column in informative], axis=0)
    if empty.all():
        problem = f"{table.file}: no row has an answer of anybody. Check the columns that the study names"
        raise InputError([*table.problems, problem])
    return table._replace(frame=table.frame[~empty])


def rows_by_role(table: Table, dyad: Dyad) -> dict[str, np.ndarray]:
    """Return which rows are about each member: all rows about both in a wide table."""
    if dyad.role is None:
        return {role: np.ones(len(table.frame), dtype=bool) for role in dyad.members}
    words = {role: member.word or role for role, member in dyad.members.items()}
    read_complete_names(table, dyad.role)
    texts = answer_texts(table, dyad.role, words.values())
    found = {role: (texts == word).to_numpy() for role, word in words.items()}
    unknown = ~np.any([*found.values()], axis=0) & ~is_blank(table, dyad.role)
    named = ", ".join(f'"{word}"' for word in words.values())
    remedy = (
        f"The study names {named}. Correct the cell, or write the word of the table as `word` of one of [dyad.members]"
    )
    table.report(unknown, dyad.role, f"a role that is not named: {count_values(texts[unknown])}", remedy)
    for role, rows in found.items():
        if not rows.any() and not unknown.any():
            table.problems.append(f'{table.file}, column "{dyad.role}": no row is about the {role} ("{words[role]}")')
    return found


def acts_named_by_other(dyad: Dyad, role: str) -> set[str]:
    """Return the responses of a member that are an outcome or bids of the other."""
    other = dyad.members[other_role(dyad.members, role)]
    return {name for name in (other.outcome, other.bids) if name is not None}


def own_columns(study: StudySpec, role: str) -> set[str]:
    """Return the columns of all responses of one member."""
    return {column for given in member_study(study, role).responses.values() for column in given.columns}


def read_answers(table: Table, study: StudySpec, model: ModelSpec, names: list[str]) -> dict[str, np.ndarray]:
    """Return the answers of one member to some responses, in some rows of the table, by name."""
    table = with_answer_words(table, study, model)
    figure = np.full(len(table.frame), DEFAULT_FIGURE)
    return {name: read_answer(table, study, model, name, figure) for name in names}


def read_experience(table: Table, study: StudySpec) -> dict[str, np.ndarray]:
    """Return distress and threat of one member as far as the study names them, 0 where blank."""
    given = {"distress": study.columns.distress, "threat": study.columns.threat}
    return {
        key: np.nan_to_num(read_scaled(table, column.column, column.scale)) for key, column in given.items() if column
    }


def read_side(
    table: Table, study: StudySpec, model: ModelSpec, role: str, rows: np.ndarray, keys: pd.DataFrame
) -> Side:
    """Return one side of a study of dyads; `keys` has dyad and session of every row."""
    dyad = study.dyad
    assert dyad is not None
    own, own_model = member_study(study, role), model.members[role].model
    part, index = table._replace(frame=table.frame[rows]), pd.MultiIndex.from_frame(keys[rows][KEYS])
    known = len(table.problems)
    columns = read_answers(part, own, own_model, list(own_model.responses)) | read_experience(part, own)
    if dyad.role is not None:  # a column then has answers of both
        table.problems[known:] = [text.replace('": ', f'" of the {role}: ', 1) for text in table.problems[known:]]
    member = dyad.members[role]
    person = read_names(part, member.person) if member.person else np.full(int(rows.sum()), "")
    other = other_role(dyad.members, role)
    others, others_model = member_study(study, other), model.members[other].model
    reported = [
        name
        for name in sorted(acts_named_by_other(dyad, other))
        if dyad.role is not None and not {*others.responses[name].columns} & own_columns(study, role)
    ]
    return Side(
        role,
        rows,
        pd.DataFrame(columns, index),
        pd.Series(person, part.frame.index),
        pd.DataFrame(read_answers(part, others, others_model, reported), index),
    )


def read_sides(table: Table, study: StudySpec, model: ModelSpec) -> tuple[Table, Sides]:
    """Return the table without empty rows, and both sides; InputError where a column is missing."""
    dyad = study.dyad
    assert dyad is not None
    if missing_columns(table, wanted_columns(study, dyad, model)):
        raise InputError(table.problems)
    n_rows = len(table.frame)
    table = without_empty_rows(table, study, model)
    rows = pd.DataFrame(
        {"person": read_complete_names(table, dyad.column), "session": read_sessions(table, study.columns.session)},
        table.frame.index,
    )
    time, dated = read_times(table, study.columns.time) if study.columns.time else (rows["session"].to_numpy(), False)
    rows = rows.assign(time=time)
    by_role = {
        role: read_side(table, study, model, role, of_role, rows) for role, of_role in rows_by_role(table, dyad).items()
    }
    return table, Sides(by_role, rows, dated, n_rows - len(table.frame))
