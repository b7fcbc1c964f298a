"""Guess which columns say who, when and with which figure: person, session, figure and time.

Person and session are guessed together: every person has one row per session (and figure). Names decide between pairs
of columns that have this property.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.data.table import Table, suggest_levels
from iwm_bayes.data.times import are_compact_dates, read_times
from iwm_bayes.types import InputError
from iwm_bayes.workflow.new_study.columns import (
    Column,
    counts_within,
    is_constant_within,
    n_values_within,
    share_of_repeats,
)
from iwm_bayes.workflow.new_study.names import FILLERS, NAME_PATTERNS, answer_role, name_score

MAX_CANDIDATES = 12  # columns that are looked at for each of person, session and figure
MAX_FIGURES = 12  # figures of a study; more are rather therapists, each with their own patients
MAX_REPEATS = 0.1  # share of rows that are there twice by mistake, where names are clear
NUMBERED = re.compile(r"(.*\D)(\d+)")  # a column of a wide table: what was asked, and the session


class ColumnGuess(NamedTuple):
    """One column for a key of [columns]; without a column, `others` are those that it could be."""

    column: str | None
    why: str
    others: tuple[str, ...] = ()


class Layout(NamedTuple):
    """The columns that order the rows."""

    person: Column
    session: Column | None
    figure: Column | None
    repeats: float  # share of rows with the same person, session and figure as another


class Candidate(NamedTuple):
    """A combination of columns, with how well their names fit."""

    score: float
    person: Column
    session: Column
    figure: Column | None
    is_named: bool  # person and session both, by names that say nothing else


def person_score(column: Column) -> float:
    """Return how well a name says that the column names people: 3 clearly, 2 as a code, less if it says more."""
    said = name_score(column.name, "person", FILLERS["person"])
    as_code = name_score(column.name, "code", FILLERS["person"])
    return 3.0 if said == 1 else 2.0 if as_code == 1 else said / 2


def session_score(column: Column) -> float:
    """Return how well a name says that the column numbers sessions: 3 clearly, 2 as a time, less if it says more."""
    said = name_score(column.name, "session", FILLERS["session"])
    return 3.0 if said == 1 else 2.0 if name_score(column.name, "time", FILLERS["time"]) == 1 else said


def figure_score(column: Column) -> float:
    """Return how well a name says that the column names figures."""
    return name_score(column.name, "figure", FILLERS["figure"])


def best(columns: Sequence[Column], score: Callable[[Column], float]) -> list[Column]:
    """Return the columns with the highest scores, those of equal score in their order."""
    return sorted(columns, key=score, reverse=True)[:MAX_CANDIDATES]


def can_be_figure(person: Column, column: Column) -> bool:
    """Return whether a column names few figures, of which people meet several, or all the same one."""
    few = 1 <= len(column.values) <= MAX_FIGURES
    is_text = column.numbers is None and name_score(column.name, "time") == 0
    return (
        few
        and (is_text or figure_score(column) == 1)
        and (len(column.values) == 1 or not is_constant_within(person, column))
    )


def can_be_person(column: Column) -> bool:
    """Return whether a column has some value on several rows, and its name or its values may be those of people."""
    if column.is_unique:
        return False
    is_answer = answer_role(column.name)[0] != "" or says_yes_or_no(column)
    return person_score(column) == 3 or (column.is_complete and (person_score(column) >= 2 or not is_answer))


def candidates(table: Table, columns: Sequence[Column]) -> Iterator[Candidate]:
    """Iterate over combinations of columns that could be person, session and figure, the best names first."""
    people = [one for one in columns if can_be_person(one)]
    numbers = [one for one in columns if one.numbers is not None and not are_compact_dates(table, one.name)]
    sessions = [one for one in numbers if len(one.values) > 1 and (one.is_complete or session_score(one) == 3)]
    found = []
    for person, session in product(best(people, person_score), best(sessions, session_score)):
        if person is session or (len(person.values) == 1 and person_score(person) < 2):
            continue
        if session_score(session) < 2 and not counts_within(person, session):
            continue
        named = figure_score(person) < 1 and person_score(person) >= 2 and session_score(session) == 3
        score = 2 * person_score(person) + session_score(session)
        others = [one for one in columns if one is not person and one is not session and can_be_figure(person, one)]
        if session_score(session) < 2:
            others = [one for one in others if figure_score(one) == 1]  # one guess without a name is enough
        figures = [(2 * figure_score(one) - 1, one) for one in best(others, figure_score)]
        found += [Candidate(score + gain, person, session, one, named) for gain, one in ((0.0, None), *figures)]
    yield from sorted(found, key=lambda one: -one.score)


def find_layout(table: Table, columns: Sequence[Column]) -> Layout:
    """Return the columns of person, session and figure; InputError if no column can name people on several rows."""
    clear = [one for one in columns if person_score(one) == 3]
    if clear and all(one.is_unique for one in clear) and len(clear[0].codes) > 1:
        raise one_row_per_person(table, clear[0])
    codes = [one for one in columns if person_score(one) == 2 and one.is_unique]
    for one in candidates(table, columns):
        repeats = share_of_repeats(one.person, one.session, *([one.figure] if one.figure else []))
        if codes and person_score(one.person) < 2 and session_score(one.session) < 3:
            continue
        if repeats == 0 or (one.is_named and repeats <= MAX_REPEATS):
            return Layout(one.person, one.session, one.figure, repeats)
    named = [one for one in best(columns, person_score) if person_score(one) >= 2 and not one.is_unique]
    if not named:
        raise one_row_per_person(table, codes[0] if codes else None)
    figures = [one for one in best(columns, figure_score) if figure_score(one) == 1 and can_be_figure(named[0], one)]
    return Layout(named[0], None, next(iter(figures), None), 0.0)


def one_row_per_person(table: Table, column: Column | None) -> InputError:
    """Return the error for a table in which no person has two rows, with the line of Python that makes it long."""
    long = "`iwm new` needs one row per person and session"
    if column is None:
        known = ", ".join(NAME_PATTERNS["person"][:4]).replace("*", "")
        remedy = f"Give every row the name or number of its person, in a column with a name such as {known}"
        return InputError([f"{table.file}: no column names people on several rows. {long}. {remedy}"])
    stems = [found[1] for name in map(str, table.frame.columns) if (found := NUMBERED.fullmatch(name))]
    families = [stem for stem in dict.fromkeys(stems) if stems.count(stem) > 1]
    remedy = "Name the table of sessions, or, if it has a column for each session, make it long first"
    if families:
        code = f'pandas.wide_to_long(table, {families}, i={column.name!r}, j="session").reset_index()'
        remedy = f"Make the table long first: in Python, `{code}`"
    fault = "every row has another value, so the table has one row per person"
    return InputError([f'{table.file}, column "{column.name}": {fault}. {long}. {remedy}'])


def time_fault(table: Table, layout: Layout, column: Column) -> str:
    """Return why a column cannot be the time as it is; empty if it can."""
    scratch = table._replace(problems=[], doubts=[])
    times, _ = read_times(scratch, column.name)
    if scratch.problems:
        return scratch.problems[0].partition(": ")[2]
    if layout.session is None or layout.session.numbers is None:
        return ""
    rows = pd.DataFrame({"person": layout.person.codes, "session": layout.session.numbers, "time": times})
    gaps = rows.sort_values(["person", "session"], kind="stable").groupby("person")["time"].diff()
    return "time runs backwards from a session to the next" if (gaps < 0).any() else ""


def guess_time(table: Table, columns: Sequence[Column], layout: Layout) -> ColumnGuess:
    """Return the column of times: dates or numbers that increase with the session; none where it has a fault."""
    named = [
        one
        for one in columns
        if name_score(one.name, "time", FILLERS["time"]) == 1 and not is_constant_within(layout.person, one)
    ]
    faults = [(one, time_fault(table, layout, one)) for one in named]
    for one, fault in faults:
        if not fault:
            kind = "numbers" if one.numbers is not None and not are_compact_dates(table, one.name) else "dates"
            return ColumnGuess(one.name, f"its name; {kind}, which never run backwards")
    if faults:
        return ColumnGuess(None, f"as it is: {faults[0][1]}", (faults[0][0].name,))
    return ColumnGuess(None, "no column of dates or times; sessions then are equally far apart")


def figure_alternatives(columns: Sequence[Column], layout: Layout) -> tuple[str, ...]:
    """Return columns that might name figures: few values, of which people meet several in no order."""
    found = []
    for one in columns:
        several = 2 <= len(one.values) <= MAX_FIGURES and (n_values_within(layout.person, one) > 1).any()
        is_zero_or_one = one.numbers is not None and set(np.unique(one.numbers[one.codes >= 0])) <= {0.0, 1.0}
        whole = one.numbers is None or bool(np.all(one.numbers[one.codes >= 0] % 1 == 0))
        if several and whole and not is_zero_or_one and not is_phase(layout, one):
            found.append(one.name)
    return tuple(found[:3])


def says_yes_or_no(column: Column) -> bool:
    """Return whether a column has the numbers 0 and 1, or words such as no and yes."""
    if column.numbers is not None:
        return set(np.unique(column.numbers[column.codes >= 0])) <= {0.0, 1.0}
    return suggest_levels(pd.Series(column.values)) != suggest_levels(pd.Series([""]))


def is_phase(layout: Layout, column: Column) -> bool:
    """Return whether each person has every value of a column in one stretch of rows only, as in a block of trials."""
    changes = (np.diff(column.codes) != 0) & (np.diff(layout.person.codes) == 0)
    stretches = int(changes.sum()) + len(layout.person.values)
    return stretches == int(n_values_within(layout.person, column).sum())
