"""A study in Python: a table, and what its columns mean. A study file says the same in TOML.

    sessions + names of columns ----Study----> Model(model, study) ----> .data, .pymc, .fit()

`Study` checks what it is told and not yet the table, which is read when a model says what it needs of it. Every fault
is an InputError that lists all of them, as on the command line.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from iwm_bayes.data.study import PARTICIPANTS, StudySpec, read_study_file
from iwm_bayes.data.toml import explain_validation
from iwm_bayes.types import InputError
from iwm_bayes.workflow.dyad_columns import Dyad, DyadMember

PARTS = ("raters", "members", "responses")  # what has columns by name
IN_MEMORY = "sessions", "people"  # the names of tables that are no files, in messages


class Outcome(NamedTuple):
    """Responsiveness: the column in which it was observed, or the columns of those who rated it.

    Attributes
    ----------
    column
        The column of the table.
    scale
        Its two ends, in the table's units: no response first. (7, 1) is a reversed item.
    levels
        Words in place of a scale, at equal distances, no response first: ("no", "yes").
    missing
        What a blank cell means: "unseen" (nothing happened) or "unrecorded" (it happened, and a form is missing). A
        table with blanks needs it.
    cut
        A value on the scale: it and those beyond it count as 1, those before it as 0.
    raters
        In place of a column: the column of each rater, by their name, such as "patient" and "therapist". A `Column`
        with its scale, or the name of a column with values 0..1. The outcome is then latent.
    anchor
        The rater whose scale is that of the outcome; by default the first who is not the patient.
    """

    column: str | None = None
    scale: tuple[float, float] | None = None
    levels: Sequence[str] | None = None
    missing: Literal["unseen", "unrecorded"] | None = None
    cut: float | None = None
    raters: Mapping[str, "Column | str"] | None = None
    anchor: str | None = None


class Column(NamedTuple):
    """The column of one response: a number on a scale, one of several answers, or the mean of several items.

    Attributes
    ----------
    column
        The column of the table; or leave it out, and name several `items`.
    scale
        The two ends of the scale in the table's units; the first becomes 0 and the second 1.
    levels
        The answers in order, in place of a scale, the lowest first: ("no", "yes").
    commensurable
        Whether the rating asks about the outcome on the outcome's scale. If not, its intercept and slope are estimated.
    timing
        Whether the answer is given "before" or "after" the outcome of its row; by default as in the model.
    items
        Columns whose mean is the answer.
    reliability
        Of that mean, between 0 and 1: it fixes the SD of the rating.
    where
        Rows in which this was asked: a word for each of some columns.
    scope
        "event", or "session" for an answer about the whole session, given when it is over.
    nobody
        The word for nobody, in a choice of figure.
    rater
        "patient", "therapist" or "observer".
    lag
        Of a symptom: it follows the beliefs so many sessions before.
    """

    column: str | None = None
    scale: tuple[float, float] | None = None
    levels: Sequence[str] | None = None
    commensurable: bool | None = None
    timing: Literal["before", "after"] | None = None
    items: Sequence[str] | None = None
    reliability: float | None = None
    where: Mapping[str, str] | None = None
    scope: Literal["event", "session"] | None = None
    nobody: str | None = None
    rater: Literal["patient", "therapist", "observer"] | None = None
    lag: int | None = None


class Wave(NamedTuple):
    """The column of the wave to which a session belongs, and what happens between waves.

    Attributes
    ----------
    column
        The column of the table. Session numbers may begin anew in each wave.
    order
        The waves in order, where their names have no numbers: ("before", "after").
    beliefs
        Whether beliefs start anew in each wave ("restarted", the default, as in a laboratory retest), or are "carried"
        from one wave to the next.
    parameters
        Names of the parameters that differ between waves; by default all that are partially pooled.
    """

    column: str
    order: Sequence[str] | None = None
    beliefs: Literal["restarted", "carried"] | None = None
    parameters: Sequence[str] | None = None


class Study:
    """Sessions of people, and what the columns of their table mean.

    Parameters
    ----------
    sessions
        A DataFrame (pandas, polars or arrow) with one row per event, or the path of a table.
    person, session
        The columns of the person's id and of the session's number. A dyad whose members have roles needs no `person`.
    outcome
        An `Outcome`, or the name of a column with values 0..1. In a dyad it is the act of the other, and left out.
    responses
        What people said or did, by the model's name for each response: a `Column`, or the name of a column.
    dyad
        Where the table has both sides of each dyad: a `Dyad`.
    wave
        The column of the wave, such as test and retest: a `Wave`, or the name of a column. Parameters then differ
        between waves, and their test-retest reliability is estimated.
    figure
        The column of the attachment figure; without it there is one figure.
    time
        The column of the time, in numbers or dates; without it, the number of the session.
    distress, threat
        Further columns: a `Column` with its scale, or the name of a column with values 0..1.
    people
        A table of people for covariates, with one row per person: a DataFrame or a path. By default the covariates of
        formulas are columns of `sessions`.
    formulas
        Formulas of parameters by name, such as {"availability_rate": "arm + (1|therapist)"}. A column of `sessions`
        that changes within a person, such as homework, gives the parameter a value at each session.
    groups
        Columns of `people` with groups such as therapists: do people of one group resemble each other?
    missing_covariates
        "drop" leaves out people whose covariates are blank; otherwise they are an error.
    estimands
        What is computed: everything by default, or some names; with () nothing that can be left out.
    name
        The name of the study, and of the folders of its runs.
    question
        The study's question, which is the title of its report; by default it is made from the figures.
    participants
        What reports call the people: a plural noun such as "patients".

    Raises
    ------
    InputError
        Lists everything that is wrong.

    Examples
    --------
    >>> study = Study(
    ...     sessions, person="patient", session="visit", outcome=Outcome("responsive", scale=(1, 7), missing="unseen"),
    ...     responses={"availability_rating": Column("closeness", scale=(1, 7), commensurable=True)},
    ... )
    """

    def __init__(
        self,
        sessions: Any,
        *,
        person: str | None = None,
        session: str,
        outcome: Outcome | str | None = None,
        responses: Mapping[str, Column | str] | None = None,
        dyad: Dyad | None = None,
        wave: Wave | str | None = None,
        figure: str | None = None,
        time: str | None = None,
        distress: Column | str | None = None,
        threat: Column | str | None = None,
        people: Any = None,
        formulas: Mapping[str, str] | None = None,
        groups: Sequence[str] = (),
        missing_covariates: Literal["drop"] | None = None,
        estimands: Sequence[str] | None = None,
        name: str = "study",
        question: str | None = None,
        participants: str = PARTICIPANTS,
    ) -> None:
        columns = {"person": person, "session": session, "figure": figure, "time": time}
        columns |= {"outcome": stated(outcome), "distress": stated(distress), "threat": stated(threat)}
        columns |= {"wave": stated(wave)}
        content: dict[str, Any] = {
            "name": name,
            "data": path_or_name(sessions, IN_MEMORY[0]),
            "columns": without_none(columns),
            "responses": {key: stated(column) for key, column in (responses or {}).items()},
            "dyad": stated(dyad),
            "formulas": dict(formulas or {}),
            "estimands": None if estimands is None else as_names(estimands),
            "question": question,
            "participants": participants,
        }
        if dyad is None or not dyad.members:
            content["model"] = ["rescorla_wagner"]  # a Model names its own
        if people is None and (formulas or groups or missing_covariates):
            people = sessions
        if people is not None:
            of_people = person if dyad is None or not dyad.members else dyad.column
            table = {"data": path_or_name(people, IN_MEMORY[1]), "person": of_people, "groups": as_names(groups)}
            content["people"] = without_none(table | {"missing": missing_covariates})
        try:
            self.spec = StudySpec.model_validate(content)
        except ValidationError as error:
            raise explain_validation(Path(name), StudySpec, error) from error
        self.sessions = None if is_path(sessions) else sessions
        self.people = None if people is None or is_path(people) else people
        self.file: Path | None = None

    @classmethod
    def from_spec(cls, spec: StudySpec, file: Path | None = None) -> "Study":
        """Return the study that a study file describes."""
        study = cls.__new__(cls)
        study.spec, study.sessions, study.people, study.file = spec, None, None, file
        return study

    def __repr__(self) -> str:
        columns, responses = self.spec.columns, ", ".join(self.spec.responses)
        table = "a DataFrame" if self.sessions is not None else str(self.spec.data)
        outcome = ", ".join(columns.outcome.columns)
        dyads = "" if self.spec.dyad is None else f"; dyads {self.spec.dyad.column!r}"
        return f"Study {self.spec.name!r}: {table}{dyads}; outcome {outcome!r}; responses {responses}"


def load_study(path: str | Path) -> Study:
    """Load a study file (TOML), which names the table, its columns and the models.

    InputError lists everything that is wrong with the file.
    """
    return Study.from_spec(read_study_file(Path(path)), Path(path))


def is_path(table: Any) -> bool:
    """Return whether a table is given as a path."""
    return isinstance(table, str | Path)


def path_or_name(table: Any, name: str) -> Path:
    """Return the absolute path of a table, or its name in messages where it is a DataFrame; InputError for neither."""
    if is_path(table):
        return Path(table).absolute()
    if not any(hasattr(table, protocol) for protocol in ("__arrow_c_stream__", "__dataframe__")):
        kind = type(table).__name__
        raise InputError([f"{name}: give a DataFrame (pandas, polars, arrow) or the path of a table, not {kind}"])
    return Path(name)


def as_names(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple, also where one is given as it is."""
    return (names,) if isinstance(names, str) else tuple(names)


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those values that are stated."""
    return {key: value for key, value in values.items() if value is not None}


def stated_parts(key: str, given: Any) -> Any:
    """Return what has columns by name in the form of a study file, and every other value as it is."""
    if key in PARTS and isinstance(given, Mapping):
        return {name: stated(one) for name, one in given.items()}
    return stated(given) if isinstance(given, Column) else given


def stated(column: Outcome | Column | Wave | Dyad | DyadMember | str | None) -> Any:
    """Return a column in the form of a study file; None where there is none."""
    if isinstance(column, Outcome | Column | Wave | Dyad | DyadMember):
        return without_none({key: stated_parts(key, own) for key, own in column._asdict().items()})
    return column if column is None else {"column": column}
