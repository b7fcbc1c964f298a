"""Both sides of dyads in Python: what `[dyad]` says in a study file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from iwm_bayes.workflow.study import Column


class DyadMember(NamedTuple):
    """One member of every dyad: a model, the responses, and which act of the other is the outcome.

    Attributes
    ----------
    model
        The name of a model, such as "seeker", "carer" or "partner", or the path of a model file.
    outcome
        The response of the other that is this one's outcome.
    responses
        The columns of this member's responses, by the model's name. Those of `Study` are of both members.
    exchange
        When the other's act is experienced: at the "same" exchange (the default), or at the "next".
    bids
        The response of the other that counts as a bid, for a carer who reacts; by default it is `outcome`.
    word
        What the column `role` calls this member, where this is not its name here.
    person
        The column with this member's own id.
    dyads
        "many" where a person is this member of several dyads, as a therapist is; by default "one".
    distress, threat
        Columns about this member: a `Column` with its scale, or the name of a column with values 0..1.
    """

    model: str
    outcome: str
    responses: "Mapping[str, Column | str] | None" = None
    exchange: Literal["same", "next"] | None = None
    bids: str | None = None
    word: str | None = None
    person: str | None = None
    dyads: Literal["one", "many"] | None = None
    distress: "Column | str | None" = None
    threat: "Column | str | None" = None


class Dyad(NamedTuple):
    """Both sides of dyads: which rows belong together, and who the two members are.

    Attributes
    ----------
    column
        The column that says which two belong together.
    members
        The two members by role, such as "patient" and "therapist". Without them the members have no roles: then each
        is a person of the study, and `outcome` is the response of the other that is one's outcome.
    role
        In a long table, the column that says which member a row is about. Without it each row has both members.
    correlated
        Whether parameters may be correlated within a dyad; by default they are.
    outcome, exchange
        Of members without roles: those of a `DyadMember`.

    Examples
    --------
    >>> patient = DyadMember("seeker", outcome="care", responses={"bid": "bid", "openness": "openness"})
    >>> therapist = DyadMember("carer", outcome="openness", bids="bid", responses={"care": "care"})
    >>> Dyad("dyad", role="role", members={"patient": patient, "therapist": therapist})
    """

    column: str
    members: Mapping[str, DyadMember] | None = None
    role: str | None = None
    correlated: bool | None = None
    outcome: str | None = None
    exchange: Literal["same", "next"] | None = None
