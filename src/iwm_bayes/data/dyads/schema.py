"""What a study file says of dyads: the keys of [dyad], and how they complete those of the rest of the file.

A study names both members under `members`, each with a model and responses of its own. Where members have no roles,
as two friends, it names the model at the top and `outcome` here; then each of the two is a person of the study.

In a study with roles, `responses` has the role in front of every name: `patient_bid`. A response at the top without a
role counts for both members. A member's columns are an ordinary study: see `member_study`.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from iwm_bayes.data.study_columns import Columns, ResponseColumn, ScaledColumn, a_word, as_column
from iwm_bayes.data.toml import Name, Strict

if TYPE_CHECKING:
    from iwm_bayes.data.study import StudySpec

PERSON = "person_"  # before a role, in the name of the variable that says who this member is
EXPERIENCE = ("distress", "threat")
OTHER_ACT = "act of the other"  # the column of outcomes of a study of dyads, which no table has
NOT_WITH_DYADS = {  # keys of [columns] that a study of dyads cannot have: why
    "figure": "the figure of each member is the other",
    "wave": "waves of dyads are not supported yet. Fit one wave, or number the exchanges on",
}
Scaled = Annotated[ScaledColumn | None, BeforeValidator(as_column)]
Word = Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(a_word)]


class DyadMember(Strict):
    """One member of every dyad: a model, the responses, and which act of the other is the outcome."""

    model: str  # name of a model, as `seeker`, or path of a model file
    outcome: str  # the response of the other member that is this one's outcome
    exchange: Literal["same", "next"] = "same"  # at which the other's act is experienced: the same exchange or the next
    bids: str | None = None  # the response of the other that counts as a bid, for `reactive_care`; by default `outcome`
    responses: dict[Name, ResponseColumn] = Field(default_factory=dict)  # of this member; `[responses.NAME]` is of both
    word: Word | None = None  # what the column `role` calls this member, where this is not its name here
    person: str | None = None  # the column with this member's own id, the same in every dyad of the person
    dyads: Literal["one", "many"] = "one"  # whether a person is this member of several dyads, as a therapist is
    distress: Scaled = None  # need of this member, as `distress` of [columns], which is that of both
    threat: Scaled = None  # frightening or intrusive care of the other, as `threat` of [columns]


class Dyad(Strict):
    """Both sides of a dyad are in the table: what one does is the outcome of the other. Two [dyad.members.ROLE] say who
    they are. Members without roles have none of these: the `model` is at the top, and `outcome` here."""

    column: str  # the column that says which two belong together
    role: str | None = None  # the column that says which member a row is about; without it one row has both members
    correlated: bool = True  # whether parameters may be correlated within a dyad
    members: dict[str, DyadMember] = Field(default_factory=dict)  # by role
    outcome: str | None = None  # of members without roles: the response of the other that is one's outcome
    exchange: Literal["same", "next"] = "same"  # of members without roles: as that of a member

    @model_validator(mode="after")
    def two_members_or_none(self) -> "Dyad":
        """Refuse keys that do not go together."""
        if problems := [*(role_problems(self) if self.members else roleless_problems(self))]:
            raise ValueError("; ".join(problems))
        return self


def role_problems(dyad: Dyad) -> Iterator[str]:
    """Yield what is wrong with a dyad whose members have roles."""
    if len(dyad.members) != 2:
        yield f"a dyad has two members, each with a [dyad.members.ROLE]; not {', '.join(dyad.members)} alone"
    if dyad.outcome is not None or dyad.exchange != "same":
        yield "`outcome` and `exchange` belong to each of [dyad.members]. Take them out of [dyad]"
    if dyad.role is None and any(member.word is not None for member in dyad.members.values()):
        yield "`word` is what the column `role` calls a member. Name this column, or take `word` out"
    for role, member in dyad.members.items():
        if member.dyads == "many" and member.person is None:
            yield f'{role}: dyads = "many" needs `person`, the column that says who is the {role}'


def roleless_problems(dyad: Dyad) -> Iterator[str]:
    """Yield what is wrong with a dyad whose members have no roles."""
    if dyad.outcome is None:
        yield (
            "who are the two? Write [dyad.members.ROLE] for each, or, where they have no roles, `outcome`: the "
            "response of the other that is one's outcome"
        )
    if dyad.role is not None or not dyad.correlated:
        yield "`role` and `correlated` are for members with roles. Take them out, or write [dyad.members.ROLE] for each"


def with_keys_of_dyads(content: Any) -> Any:
    """Return the content of a study file with the keys that follow from [dyad]."""
    dyad = content.get("dyad") if isinstance(content, dict) else None
    if not isinstance(dyad, dict):
        return content
    columns, members = content.get("columns"), dyad.get("members")
    if isinstance(columns, dict):
        columns = {"outcome": {"column": OTHER_ACT, "missing": "unseen"}} | columns
        columns |= {"outcome": as_column(columns["outcome"])}  # which is refused, in words: see `study_problems`
        if members and "column" in dyad:
            columns = {"person": dyad["column"]} | columns
        content = content | {"columns": columns}
    if isinstance(members, dict) and members:
        models = [member.get("model") for member in members.values() if isinstance(member, dict)]
        content = {"model": models, "responses": {}} | content
    return content


def study_problems(study: "StudySpec", dyad: Dyad) -> Iterator[str]:
    """Yield what is wrong with the keys of a study of dyads outside [dyad]."""
    columns = study.columns
    for key, reason in NOT_WITH_DYADS.items():
        if getattr(columns, key) is not None:
            yield f"`columns.{key}`: {reason}. Take it out"
    if columns.outcome.column != OTHER_ACT:
        yield "`columns.outcome`: in a dyad the act of the other is the outcome. Take it out; [dyad] says which act"
    if dyad.members and columns.person != dyad.column:
        yield "`columns.person`: [dyad.members] say who is who, each with a `person` of its own. Take it out"
    if dyad.members and study.model != [member.model for member in dyad.members.values()]:
        yield "`model`: each of [dyad.members] has a `model` of its own. Take it out"
    if not dyad.members and columns.person == dyad.column:
        yield "`columns.person`: is the column of dyads. Name the column that says who of the two a row is about"


def joint_responses(dyad: Dyad, given: Mapping[str, ResponseColumn]) -> dict[str, ResponseColumn]:
    """Return the responses of both members, with the role in front of every name."""
    found: dict[str, ResponseColumn] = {}
    for role, member in dyad.members.items():
        own = {name: one for name, one in given.items() if name.startswith(f"{role}_")}
        of_both = {f"{role}_{name}": one for name, one in given.items() if not has_role(name, dyad)}
        found |= of_both | own | {f"{role}_{name}": one for name, one in member.responses.items()}
    return found


def has_role(name: str, dyad: Dyad) -> bool:
    """Return whether the name of a response has a role in front."""
    return any(name.startswith(f"{role}_") for role in dyad.members)


def member_study(study: "StudySpec", role: str) -> "StudySpec":
    """Return the study of one member of all dyads, as if it were one of single people: a person is a dyad."""
    if study.dyad is None or role not in study.dyad.members:
        raise KeyError(role)
    member = study.dyad.members[role]
    of_member = {"distress": member.distress, "threat": member.threat}
    columns: Columns = study.columns.model_copy(update={key: own for key, own in of_member.items() if own is not None})
    prefix = f"{role}_"
    responses = {name.removeprefix(prefix): given for name, given in study.responses.items() if name.startswith(prefix)}
    changes = {"dyad": None, "model": [member.model], "columns": columns, "responses": responses}
    return study.model_copy(update=changes | {"formulas": {}, "people": None})


def with_member_models(dyad: Dyad, models: Mapping[str, str]) -> Dyad:
    """Return a dyad whose members have other models, by role."""
    members = {role: member.model_copy(update={"model": models[role]}) for role, member in dyad.members.items()}
    return dyad.model_copy(update={"members": members})
