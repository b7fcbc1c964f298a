"""Guess a whole study from its tables: the order of rows, the outcome, the responses and the covariates of people."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from iwm_bayes.data.table import Table, whole_number_keys
from iwm_bayes.responses import RESPONSES
from iwm_bayes.types import ModelSpec, parameters
from iwm_bayes.workflow.new_study.answers import MAX_LEVELS, Answer, guess_outcome, is_zero_one, known_numbers
from iwm_bayes.workflow.new_study.columns import Column, is_constant_within, read_all_columns
from iwm_bayes.workflow.new_study.layout import (
    ColumnGuess,
    Layout,
    figure_alternatives,
    figure_score,
    find_layout,
    guess_time,
    person_score,
    session_score,
)
from iwm_bayes.workflow.new_study.names import FILLERS, answer_role, name_score
from iwm_bayes.workflow.new_study.responses import guess_response, guess_responses

KIND_OF_ROLE = {  # the response that a column of this role can be, where the model has none for it
    "availability": "availability_rating",
    "availability_reversed": "availability_rating",
    "expected": "expected_rating",
    "worth": "worth_rating",
    "worth_reversed": "worth_rating",
    "approach": "approach",
    "dropout": "dropout",
    "symptom": "symptom",
    "bid": "bid",
}
CONTEXT = ("distress", "threat")  # keys of [columns] that few models need
MAX_CATEGORIES, MAX_PROPOSED_OUTCOMES = 6, 3


class PeopleGuess(NamedTuple):
    """Covariates of people, for formulas."""

    own_table: bool  # a table of people, or the table of sessions
    person: str | None  # the column of people; None where nobody of the sessions is in the table
    covariates: tuple[str, ...]
    parameter: str  # for an example: the parameter that differs between people
    formula: str  # for an example: its formula; "" where no column will do


class StudyGuess(NamedTuple):
    """Everything that was guessed about a table, and what was not."""

    n_rows: int
    person: ColumnGuess
    session: ColumnGuess
    figure: ColumnGuess
    time: ColumnGuess
    outcome: Answer | None
    possible_outcomes: tuple[Answer, ...]  # where none has the name of an outcome
    context: Mapping[str, Answer]  # distress and threat
    responses: Mapping[str, Answer]  # of the model
    other_responses: Mapping[str, Answer]  # by name: the model does not have them
    without: tuple[str, ...]  # responses of the model without a column that is sure
    people: PeopleGuess | None
    unused: tuple[str, ...]
    repeats: float  # share of rows with the same person, session and figure as another


class Answers(NamedTuple):
    """The columns that change within people, by what they hold."""

    outcome: Column | None
    responses: Mapping[str, Answer]
    context: Mapping[str, Answer]
    others: Mapping[str, Answer]
    rest: list[Column]


def guess_study(table: Table, model: ModelSpec, people: Table | None = None) -> StudyGuess:
    """Guess what each column of a table of sessions is, for a model.

    Parameters
    ----------
    table
        The table of sessions, one row per event.
    model
        The model whose responses are looked for.
    people
        A table of people with their covariates, one row per person.

    Returns
    -------
    The guesses, each with its reason.

    Raises
    ------
    InputError
        If no column can name people on several rows, as in a table with one row per person.
    """
    columns = read_all_columns(table)
    layout = find_layout(table, columns)
    free = without_columns(columns, (layout.person, layout.session, layout.figure))
    time = guess_time(table, free, layout)
    free = [column for column in free if column.name not in (time.column, *time.others)]
    constant = [column for column in free if is_constant_within(layout.person, column)]
    answers = guess_answers(model, layout, without_columns(free, constant))
    outcome, rest, sure = answers.outcome, answers.rest, answers.responses
    covariates = (
        guess_people(model, layout.person, people) if people else guess_covariates(model, layout.person, constant)
    )
    listed = covariates.covariates if covariates and not covariates.own_table else ()
    return StudyGuess(
        n_rows=len(layout.person.codes),
        person=ColumnGuess(layout.person.name, person_reason(layout.person)),
        session=session_guess(layout),
        figure=figure_guess(layout, rest, free),
        time=time,
        outcome=guess_outcome(outcome) if outcome else None,
        possible_outcomes=()
        if outcome
        else tuple(map(guess_outcome, filter(is_two_way, rest)))[:MAX_PROPOSED_OUTCOMES],
        context=answers.context,
        responses=answers.responses,
        other_responses=answers.others,
        without=tuple(name for name in model.responses if name not in sure or not sure[name].is_sure),
        people=covariates,
        unused=tuple(column.name for column in (*rest, *constant) if column.name not in listed),
        repeats=layout.repeats,
    )


def guess_answers(model: ModelSpec, layout: Layout, columns: Sequence[Column]) -> Answers:
    """Return what columns that change within people hold: first the outcome, then responses, each column once."""
    outcome = find_outcome(columns)
    rest = without_columns(columns, (outcome,))
    responses = guess_responses(model, rest, outcome, layout.figure.values if layout.figure else ())
    rest = without_names(rest, used_names(responses.values()))
    context = {role: best for role in CONTEXT if (best := best_answer(rest, role)) is not None}
    rest = without_names(rest, used_names(context.values()))
    others = guess_other_responses(model, rest)
    return Answers(outcome, responses, context, others, without_names(rest, used_names(others.values())))


def without_names(columns: Iterable[Column], names: Container[str]) -> list[Column]:
    """Return the columns that do not have one of these names."""
    return [column for column in columns if column.name not in names]


def without_columns(columns: Iterable[Column], used: Iterable[Column | None]) -> list[Column]:
    """Return the columns that are not yet used."""
    return without_names(columns, {column.name for column in used if column is not None})


def used_names(answers: Iterable[Answer]) -> set[str]:
    """Return the names of all columns that answers are read from, or could be."""
    found = set()
    for answer in answers:
        found |= {answer.column, *answer.keys.get("where", ())}
        found |= {name for other in answer.others for name in (other.get("column"), *other.get("items", ())) if name}
    return found


def is_two_way(column: Column) -> bool:
    """Return whether a column is 0 or 1, or has two words: it could be an outcome."""
    return is_zero_one(column) or (column.numbers is None and len(column.values) == 2)


def person_reason(column: Column) -> str:
    """Return why a column was taken for that of people."""
    n_rows = len(column.codes) / len(column.values)
    why = "its name" if person_score(column) >= 2 else "one row for each of its values and each session"
    return f"{why}; {len(column.values)} people with {n_rows:.3g} rows on average"


def session_guess(layout: Layout) -> ColumnGuess:
    """Return the column of sessions, and why."""
    if layout.session is None:
        return ColumnGuess(None, "no column numbers each person's sessions; add one with 1, 2, 3 ... to the table")
    why = "its name" if session_score(layout.session) >= 2 else "it numbers each person's rows"
    return ColumnGuess(layout.session.name, why)


def figure_guess(layout: Layout, rest: Sequence[Column], free: Sequence[Column]) -> ColumnGuess:
    """Return the column of figures, and why; without one, columns that it could be."""
    if layout.figure is not None:
        why = "its name" if figure_score(layout.figure) == 1 else "people have one row per session and value"
        shown = ", ".join(value[:40] for value in layout.figure.values[:4])
        return ColumnGuess(layout.figure.name, f"{why}; {len(layout.figure.values)} in all: {shown}")
    others = figure_alternatives(rest, layout)
    groups = [one.name for one in free if figure_score(one) == 1 and one.name not in others]
    if groups:
        why = f'everybody has only one "{groups[0]}", which is a group of people rather than a figure'
        return ColumnGuess(None, f"{why}; all rows are about one figure", (*groups, *others))
    return ColumnGuess(None, "no column names figures; all rows are about one figure", others)


def find_outcome(columns: Iterable[Column]) -> Column | None:
    """Return the column whose name says outcome best; None where no name does."""
    scores = [
        (score, column)
        for column in columns
        for role, score in [answer_role(column.name)]
        if role == "outcome" and (column.numbers is not None or len(column.values) <= MAX_LEVELS)
    ]
    return max(scores, key=lambda pair: pair[0])[1] if scores else None


def best_answer(columns: Iterable[Column], role: str) -> Answer | None:
    """Return the column of numbers whose name says exactly a role."""
    named = [one for one in columns if answer_role(one.name) == (role, 1.0) and one.numbers is not None]
    sure = [guess for guess in map(guess_outcome, named) if guess.is_sure]
    return next((guess._replace(why=f"its name; {guess.why}") for guess in sure), None)


def guess_other_responses(model: ModelSpec, columns: Iterable[Column]) -> dict[str, Answer]:
    """Return columns that other models could read as a response, the first of each kind."""
    found: dict[str, Answer] = {}
    for column in columns:
        role, _ = answer_role(column.name)
        kind = invest_kind(column) if role == "invest" else KIND_OF_ROLE.get(role, "")
        if kind not in RESPONSES or kind in found or kind in model.responses:
            continue
        guess = guess_response(column, RESPONSES[kind], role, ())
        if guess is not None:
            found[kind] = guess
    return found


def invest_kind(column: Column) -> str:
    """Return the response for amounts 0, 1, ... to the largest in a column; its name has the number of amounts."""
    amounts = known_numbers(column)
    return f"invest_{int(amounts.max()) + 1}" if len(amounts) and (amounts % 1 == 0).all() else ""


def guess_covariates(
    model: ModelSpec, person: Column, columns: Sequence[Column], own_table: bool = False
) -> PeopleGuess | None:
    """Return the covariates among columns, with an example of a formula; None where there is none."""
    differing = [column for column in columns if len(column.values) > 1]
    most = max(MAX_CATEGORIES, len(person.values) - 1)  # a word for each person is a name, or free text
    usable = [one for one in differing if one.numbers is not None or len(one.values) <= most]
    if not usable:
        return None
    clusters = [
        one for one in usable if name_score(one.name, "cluster", FILLERS["figure"]) == 1 and len(one.values) > 2
    ]
    grouping = [one for one in clusters if len(one.values) < len(person.values)]
    terms = [
        one
        for one in usable
        if one not in clusters and (one.numbers is not None or len(one.values) <= MAX_CATEGORIES) and one.is_complete
    ]
    terms = sorted(terms, key=lambda one: -name_score(one.name, "arm"))[:2]
    formula = " + ".join([*map(in_formula, terms), *(f"(1|{in_formula(one)})" for one in grouping[:1])])
    free = [name for name, declared in parameters(model).items() if declared.pooling == "partial"]
    parameter = next((name for name in free if "rate" in name.split("_")), next(iter(free), ""))
    return PeopleGuess(
        own_table, person.name, tuple(one.name for one in usable), parameter, formula if parameter else ""
    )


def in_formula(column: Column) -> str:
    """Return a column's name as a formula writes it."""
    return column.name if column.name.isidentifier() else f"`{column.name}`"


def guess_people(model: ModelSpec, person: Column, people: Table) -> PeopleGuess:
    """Return what a table of people holds: its column of people is the one with most names of the sessions."""
    columns = read_all_columns(people)
    known = {*person_keys(person)}
    shares = [
        np.mean([key in known for key in person_keys(column)]) + (column.name == person.name) for column in columns
    ]
    matching = [
        (share, column) for share, column in zip(shares, columns, strict=True) if known & {*person_keys(column)}
    ]
    if not matching:
        return PeopleGuess(True, None, tuple(column.name for column in columns), "", "")
    column = max(matching, key=lambda pair: pair[0])[1]
    found = guess_covariates(model, column, without_columns(columns, (column,)), own_table=True)
    return found or PeopleGuess(True, column.name, (), "", "")


def person_keys(column: Column) -> list[str]:
    """Return the names in a column; whole numbers without leading zeros and decimals."""
    names = pd.Series(column.values, dtype=str)
    return whole_number_keys(names).fillna(names).tolist()
