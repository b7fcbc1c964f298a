"""Read a study file: which table, which of its columns, which models.

A study is one TOML file that is checked once. `${NAME}` in a path is an environment variable, and `${NAME:-default}`
gives a default for it.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from iwm_bayes.data.dyads.schema import Dyad, joint_responses, study_problems, with_keys_of_dyads, with_member_models
from iwm_bayes.data.raters import Raters, raters, response_of
from iwm_bayes.data.study_columns import Columns, ResponseColumn
from iwm_bayes.data.toml import (
    MISSING_KEY_HELP,
    Name,
    Strict,
    expand_path,
    explain_validation,
    model_paths,
    one_form,
    read_schema_2,
)
from iwm_bayes.types import InputError

MAX_QUESTION, MAX_PARTICIPANTS = 200, 40  # letters of a title, and of a word in every sentence
PARTICIPANTS = "participants"
OF_ONE_COURSE = ("earned_security", "styles", "generalised")  # estimands that follow beliefs from the first session on


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


Models = Annotated[list[str], BeforeValidator(as_list), Field(min_length=1)]
Question = Annotated[str, AfterValidator(lambda text: one_line(text, MAX_QUESTION))]
PeopleNoun = Annotated[str, AfterValidator(lambda text: one_line(text, MAX_PARTICIPANTS))]


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
    responses: dict[Name, ResponseColumn]  # of the file, and `outcome_RATER` of every rater
    dyad: Dyad | None = None  # where the table has both members of each dyad: how they belong together
    people: PersonTable | None = None
    formulas: dict[str, str] = Field(default_factory=dict)  # by parameter: "arm * ecr_anxiety + (1|therapist)"
    estimands: tuple[str, ...] | None = None  # what to compute; by default all, with [] nothing that can be left out
    question: Question | None = None  # the study's question, the title of its report; by default made from its figures
    participants: PeopleNoun = PARTICIPANTS  # what reports call the people, a plural noun such as "patients"

    @model_validator(mode="after")
    def both_members(self) -> "StudySpec":
        """Write the responses of both members of a dyad with the role in front; refuse what no dyad has."""
        if self.dyad is not None and (problems := [*study_problems(self, self.dyad)]):
            raise ValueError("; ".join(problems))
        if self.dyad is not None and self.dyad.members:
            joint = joint_responses(self.dyad, self.responses)
            self.responses.clear()
            self.responses.update(joint)
            for member in self.dyad.members.values():
                member.responses.clear()
        if not self.responses:
            raise ValueError(f"there is no response. Add {MISSING_KEY_HELP['responses']}")
        return self

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

    @model_validator(mode="before")
    @classmethod
    def keys_of_dyads(cls, content: Any) -> Any:
        """Add the keys that follow from [dyad]."""
        return with_keys_of_dyads(content)


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
    changes = {"data": expand_path(str(study.data), path.parent), "people": people}
    return with_models(study.model_copy(update=changes), model_paths(path, study.model))


def with_models(study: StudySpec, models: list[str]) -> StudySpec:
    """Return a study with other models; in a study of dyads they are those of its members, in order."""
    dyad = study.dyad
    if dyad is not None and dyad.members:
        dyad = with_member_models(dyad, dict(zip(dyad.members, models, strict=True)))
    return study.model_copy(update={"model": models, "dyad": dyad})
