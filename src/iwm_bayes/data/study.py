"""Read a study file: which table, which of its columns, which models.

A study is one TOML file that is checked once. `${NAME}` in a path is an environment variable, and `${NAME:-default}`
gives a default for it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from iwm_bayes.data.raters import Raters, raters, response_of
from iwm_bayes.data.table import normalise_levels
from iwm_bayes.data.toml import Name, Strict, expand_path, explain_validation, model_paths, one_form, read_schema_2
from iwm_bayes.types import InputError

MAX_LAG = 100  # sessions
MAX_QUESTION, MAX_PARTICIPANTS = 200, 40  # letters of a title, and of a word in every sentence
PARTICIPANTS = "participants"
OF_ONE_COURSE = ("earned_security", "styles", "generalised")  # estimands that follow beliefs from the first session on


def two_ends(scale: tuple[float, float]) -> tuple[float, float]:
    """Return the scale if its ends are two different finite numbers; ValueError if they are not."""
    if not (abs(scale[0]) < float("inf") and abs(scale[1]) < float("inf") and scale[0] != scale[1]):
        raise ValueError("give two different finite numbers")
    return scale


def two_or_more_levels(levels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the levels if there are two or more, each once and none blank; ValueError if not.

    Levels are compared as they are in the table: 1 and 1.0 are one answer.
    """
    distinct = set(normalise_levels(pd.Series(levels, dtype=str)))
    if "" in distinct:
        raise ValueError("a blank cell is no answer. Write a word into the table, and name it here")
    if len(distinct) < max(len(levels), 2):
        raise ValueError("name two answers or more, each once, the lowest first")
    return levels


def a_word(text: str) -> str:
    """Return the text if it is not blank; ValueError if it is."""
    if not text.strip():
        raise ValueError("a blank cell is no answer. Name a word")
    return text


def one_line(text: str, longest: int) -> str:
    """Return the text without blanks at its ends; ValueError if it is blank, too long, or more than one line."""
    line = text.strip()
    if not line:
        raise ValueError("is blank. Write it, or leave the line out")
    if len(line) > longest:
        raise ValueError(f"has {len(line)} letters. Use at most {longest}")
    if not line.isprintable():
        raise ValueError("write one line, without tabs and control characters")
    return line


def as_list(given: Any) -> Any:
    """Return one text as a list of it, and everything else as it is."""
    return [given] if isinstance(given, str) else given


def as_column(given: Any) -> Any:
    """Return one text as a column, and everything else as it is."""
    return {"column": given} if isinstance(given, str) else given


Models = Annotated[list[str], BeforeValidator(as_list), Field(min_length=1)]
Scale = Annotated[tuple[float, float], AfterValidator(two_ends)]
Question = Annotated[str, AfterValidator(lambda text: one_line(text, MAX_QUESTION))]
PeopleNoun = Annotated[str, AfterValidator(lambda text: one_line(text, MAX_PARTICIPANTS))]
Lag = Annotated[int, Field(ge=0, le=MAX_LAG)]
Levels = Annotated[tuple[Annotated[str, Field(coerce_numbers_to_str=True)], ...], AfterValidator(two_or_more_levels)]


class Rater(Strict):
    """The column in which one rater says how responsive the figure was, with the two ends of its scale."""

    column: str
    scale: Scale = (0.0, 1.0)


class Outcome(Strict):
    """Responsiveness: one column in which it was observed, or the columns of several people who rated it.

    A blank is `unseen` (nothing happened) or `unrecorded` (a form is missing). With raters it is a session that nobody
    rated.
    """

    column: str | None = None
    raters: dict[Name, Annotated[Rater, BeforeValidator(as_column)]] = Field(default_factory=dict)
    anchor: str | None = None  # the rater whose bias is 0 and whose slope is 1
    scale: Scale = (0.0, 1.0)
    levels: Levels | None = None  # words in place of a scale, at equal distances, no response first: ["no", "yes"]
    missing: Literal["unseen", "unrecorded"] | None = None
    cut: float | None = None  # in the table's units: a value at or beyond it counts as 1, one before it as 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The column, or the columns of all raters."""
        return tuple(rater.column for rater in self.raters.values()) if self.column is None else (self.column,)

    @model_validator(mode="after")
    def column_or_raters(self) -> "Outcome":
        """Refuse both or neither of `column` and `raters`, and what belongs to a column alone."""
        if (self.column is None) == (not self.raters):
            raise ValueError("name one `column`, or the `raters` who each have a column of their own")
        if self.raters and {"scale", "levels", "cut"} & self.model_fields_set:
            raise ValueError("`scale` belongs to each of the `raters`; `levels` and `cut` do not go with raters")
        if self.anchor is not None and self.anchor not in self.raters:
            raise ValueError("`anchor` is one of the `raters`")
        return self

    @model_validator(mode="after")
    def words_or_numbers(self) -> "Outcome":
        """Refuse `levels` together with `scale` or `cut`."""
        if self.levels is not None and ("scale" in self.model_fields_set or self.cut is not None):
            raise ValueError("`levels` are for words, `scale` and `cut` for numbers. Keep one kind")
        return self

    @model_validator(mode="after")
    def cut_on_the_scale(self) -> "Outcome":
        """Refuse a `cut` that would make every outcome the same."""
        low, high = self.scale
        if self.cut is not None and not 0 < (self.cut - low) / (high - low) <= 1:
            raise ValueError(f"`cut` is a value on the scale, after its first end {low:g} and up to {high:g}")
        return self


class ScaledColumn(Strict):
    """A number on a stated scale; the first end becomes 0, the second 1."""

    column: str
    scale: Scale = (0.0, 1.0)


class ResponseColumn(Strict):
    """The column of one response: a number on a scale, one of several answers, or the mean of several items."""

    column: str | None = None
    items: tuple[str, ...] = ()  # columns whose mean is the answer, in place of one column
    reliability: float | None = Field(default=None, gt=0, lt=1)  # of that mean: fixes the SD of the rating
    scale: Scale | None = None
    levels: Levels | None = None  # the answers in order, the lowest first
    where: dict[str, str] = Field(default_factory=dict)  # column = word: the rows in which this was asked
    nobody: Annotated[str, AfterValidator(a_word)] = "nobody"  # of a choice of figure: the word for none
    scope: Literal["event", "session"] = "event"  # given after this event, or about the session when it is over
    timing: Literal["before", "after"] | None = None  # before or after the outcome of its row; else as in the model
    lag: Lag | None = None  # of a symptom: by how many sessions it follows the beliefs; 0 is the same session
    rater: Literal["patient", "therapist", "observer"] = "patient"
    commensurable: bool = False  # asks about the outcome on the outcome's scale; if not, intercept and slope are free

    @model_validator(mode="after")
    def column_or_items(self) -> "ResponseColumn":
        """Refuse both or neither of `column` and `items`, and a `reliability` without `items`."""
        if (self.column is None) == (not self.items):
            raise ValueError("name one `column`, or several `items` whose mean is the answer")
        if self.reliability is not None and not self.items:
            raise ValueError("`reliability` belongs to the mean of several `items`")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The column, or the columns of all items."""
        return self.items if self.column is None else (self.column,)


class WaveColumn(Strict):
    """The column of the wave to which a session belongs; session numbers may begin anew in each wave."""

    column: str
    order: Levels | None = None  # the waves in order; by default by their numbers, or as they appear
    beliefs: Literal["restarted", "carried"] = "restarted"  # whether beliefs start anew in each wave
    parameters: tuple[str, ...] | None = None  # those that differ between waves; by default all partially pooled ones


class Columns(Strict):
    """The table's names for the program's words."""

    person: str
    session: str
    wave: Annotated[WaveColumn | None, BeforeValidator(as_column)] = None
    figure: str | None = None
    time: str | None = None
    outcome: Outcome
    distress: ScaledColumn | None = None
    threat: ScaledColumn | None = None


class PersonTable(Strict):
    """Covariates of people, for formulas: a table with one row per person. The table of sessions itself will do. Its
    columns that change within a person are covariates of sessions. `missing` says what happens to people whose
    covariates are blank."""

    data: Path
    person: str
    missing: Literal["drop"] | None = None
    groups: tuple[str, ...] = ()  # columns of groups such as therapist: do people of one group resemble each other?


class StudySpec(Strict):
    """Everything that an analysis needs, except the table itself."""

    name: Name
    data: Path
    model: Models  # the first is fitted, all are compared
    columns: Columns
    responses: dict[Name, ResponseColumn] = Field(min_length=1)  # of the file, and `outcome_RATER` of every rater
    people: PersonTable | None = None
    formulas: dict[str, str] = Field(default_factory=dict)  # by parameter: "arm * ecr_anxiety + (1|therapist)"
    estimands: tuple[str, ...] | None = None  # what to compute; by default all, with [] nothing that can be left out
    question: Question | None = None  # the study's question, the title of its report; by default made from its figures
    participants: PeopleNoun = PARTICIPANTS  # what reports call the people, a plural noun such as "patients"

    @model_validator(mode="after")
    def ratings_of_the_outcome(self) -> "StudySpec":
        """Add a response for every rater of the outcome, which the program names."""
        for name, rater in self.columns.outcome.raters.items():
            is_anchor = self.raters is not None and name == self.raters.anchor
            role = name if name in ("patient", "therapist") else "observer"
            added = ResponseColumn.model_validate(rater.model_dump() | {"rater": role, "commensurable": is_anchor})
            if self.responses.setdefault(response_of(name), added) != added:
                raise ValueError(f"{response_of(name)} is the name of the ratings by the {name}. Rename the response")
        return self

    @property
    def raters(self) -> Raters | None:
        """The raters of the outcome; None where it was observed."""
        given = self.columns.outcome
        return raters(given.raters, given.anchor) if given.raters else None

    def wants(self, estimand: str) -> bool:
        """Return whether the study wants an estimand: it names it, or names none in particular and has it."""
        if self.beliefs_restart and estimand in OF_ONE_COURSE:
            return False
        return self.estimands is None or estimand in self.estimands

    @property
    def beliefs_restart(self) -> bool:
        """Whether beliefs restart at every wave."""
        return self.columns.wave is not None and self.columns.wave.beliefs == "restarted"

    @model_validator(mode="after")
    def one_course_of_beliefs(self) -> "StudySpec":
        """Refuse earned security by name where beliefs restart at every wave."""
        asked = [name for name in self.estimands or () if name in OF_ONE_COURSE]
        if self.beliefs_restart and asked:
            raise ValueError(
                f"`estimands`: {', '.join(asked)} needs one course of beliefs, and beliefs restart in every wave. Take "
                'it out, or write wave = {{ column = "{0}", beliefs = "carried" }} where they go on'.format(
                    self.columns.wave.column if self.columns.wave else ""
                )
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def letters_in_one_form(cls, content: Any) -> Any:
        """Write letters such as ü in the form that tables are read in. Paths stay as the file system has them."""
        return one_form(content, ("data", "model"))

    @model_validator(mode="before")
    @classmethod
    def covariates_of_sessions(cls, content: Any) -> Any:
        """Take the table of sessions for that of people, where a study has formulas and no [people]."""
        if not (isinstance(content, dict) and content.get("formulas")) or content.get("people") is not None:
            return content
        columns = content.get("columns")
        person = columns.get("person") if isinstance(columns, dict) else None
        return content | {"people": {"data": content.get("data"), "person": person}} if person else content


def read_study_file(path: Path) -> StudySpec:
    """Read a study file and make its paths absolute; InputError lists every problem."""
    content = read_schema_2(path, "`model` for `theory` and `timing` for `moment`")
    if "arms" in content:
        raise InputError([f"{path}: this is a design file, without data. `iwm simulate {path}` makes a table from it"])
    try:
        study = StudySpec.model_validate(content)
    except ValidationError as error:
        raise explain_validation(path, StudySpec, error) from error
    people = study.people and study.people.model_copy(update={"data": expand_path(str(study.people.data), path.parent)})
    changes = {
        "data": expand_path(str(study.data), path.parent),
        "model": model_paths(path, study.model),
        "people": people,
    }
    return study.model_copy(update=changes)
