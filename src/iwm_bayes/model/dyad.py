"""The model of a dyad: two models that share a density, because the act of one member is the outcome of the other.

Each member has a learning rule and responses of its own. In the model of the dyad, all their names have the role in
front: `therapist_pull`, `patient_bid_bias`. With `correlated`, parameters are correlated within a dyad, across its
members as well as within each.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from iwm_bayes.data.dyads.coupling import is_act, known_at_once
from iwm_bayes.responses.of_member import response_of_member
from iwm_bayes.rules.dyad import bid_name, other_role, rule_of_dyad
from iwm_bayes.rules.modifiers.pull import BIDS
from iwm_bayes.types import InputError, Member, ModelSpec, Response, parameters, with_parameters

NOT_IN_A_DYAD = {  # effects of a response that cannot be
    "leaves": "ends the sequence of one person",
    "chooses": "turns to one of several figures",
}
TEXTS = ("claim", "reference", "predicts", "needs", "equation")  # of a model file
NO_TERMS = "reads {terms} at every event, which a study of dyads does not have. Take the formula or the waves out"


def act_problems(members: Mapping[str, Member], role: str, key: str, name: str) -> Iterator[str]:
    """Yield what is wrong with the response of the other that a member experiences: the outcome or the bids."""
    other = other_role(members, role)
    responses = members[other].model.responses
    if name not in responses:
        yield f"{role}: the {other} has no response {name!r} to be the {key}. It has {', '.join(responses)}"
    elif not is_act(responses[name]):
        yield f"{role}: {name} has no lowest and highest value, so it cannot be the {key}. Name an act on a scale"
    elif key == "outcome" and members[role].model.rule.outcomes == "binary" and responses[name].family.levels != 2:
        yield f"{role}: the rule of {members[role].model.name} learns from yes and no alone, and {name} has more values"


def reads_pull(response: Response) -> bool:
    """Return whether a response reacts to the bids of the other."""
    return "pull" in (response.about, *response.also_reads)


def knows_bid_at_once(members: Mapping[str, Member], role: str) -> bool:
    """Return whether a member is drawn by a bid of the other at the exchange at which it is made."""
    member, others = members[role], members[other_role(members, role)].model.responses
    return BIDS in member.model.rule.terms and known_at_once(member, others[bid_name(member)])


def order_problems(members: Mapping[str, Member]) -> Iterator[str]:
    """Yield a problem where each member acts only after the act of the other at the same exchange."""
    after_outcome = {
        role: member.exchange == "same" and acts_after(members, other_role(members, role), member.outcome)
        for role, member in members.items()
    }
    after_bid = {
        role: knows_bid_at_once(members, role)
        and reads_pull(members[other_role(members, role)].model.responses[bid_name(member)])
        for role, member in members.items()
    }
    for waits, what in ((after_outcome, "acts after the act"), (after_bid, "reacts to a bid")):
        if all(waits.values()):
            yield (
                f"{' and '.join(waits)}: each {what} of the other at the same exchange, so nobody can begin. "
                'Give one of them exchange = "next"'
            )


def acts_after(members: Mapping[str, Member], role: str, name: str) -> bool:
    """Return whether a member acts after the outcome of the exchange."""
    return members[role].model.responses[name].timing == "after"


def member_problems(members: Mapping[str, Member]) -> Iterator[str]:
    """Yield what keeps two members from being a dyad."""
    if len(members) != 2:
        yield f"a dyad has two members, with a role each; not {', '.join(members) or 'none'}"
        return
    for role, member in members.items():
        if not role.isidentifier() or "__" in role or role.endswith("_"):
            yield f"a role is a word of letters, digits and single _; not {role!r}"
        for name, response in member.model.responses.items():
            if response.effect in NOT_IN_A_DYAD:
                reason = NOT_IN_A_DYAD[response.effect]
                yield f"{role}: the response {name} {reason}, which a model of dyads does not have. Leave it out"
        if terms := [name for name in member.model.rule.terms if name != BIDS]:
            yield f"{role}: {NO_TERMS.format(terms=', '.join(terms))}"
        yield from act_problems(members, role, "outcome", member.outcome)
        if member.bids is not None:
            yield from act_problems(members, role, "bids", member.bids)
    first, second = members
    if first.startswith(f"{second}_") or second.startswith(f"{first}_"):
        yield f"one role begins with the other: {first}, {second}. Rename one"


def text_of_members(models: Mapping[str, ModelSpec], field: str) -> str:
    """Return a text of a model file of both members, each with the role in front."""
    texts = {role: str(getattr(model, field)) for role, model in models.items()}
    return "\n".join(f"{role.capitalize()}: {text}" for role, text in texts.items() if text)


def of_one_figure(model: ModelSpec) -> ModelSpec:
    """Return a model without parameters that differ by figure: in a dyad the other is the only one."""
    return with_parameters(model, {name: one._replace(by="person") for name, one in parameters(model).items()})


def dyad_model(members: Mapping[str, Member], correlated: bool = True) -> ModelSpec:
    """Return the model of a dyad.

    Parameters
    ----------
    members
        The two members by role, such as "patient" and "therapist".
    correlated
        Whether parameters are correlated within a dyad.

    Returns
    -------
    ModelSpec
        A model whose people are dyads. `members` has the parts.

    Raises
    ------
    InputError
        If the two cannot be a dyad, which lists every reason.

    Examples
    --------
    >>> patient = Member(load_model("seeker"), outcome="care")
    >>> therapist = Member(load_model("carer"), outcome="openness", bids="bid")
    >>> dyad_model({"patient": patient, "therapist": therapist})
    """
    problems = list(member_problems(members))
    if not problems:
        problems = list(order_problems(members))
    if problems:
        raise InputError(problems)
    models = {role: of_one_figure(member.model) for role, member in members.items()}
    responses = {
        f"{role}_{name}": response_of_member(response, role)
        for role, model in models.items()
        for name, response in model.responses.items()
    }

    rule = rule_of_dyad({role: model.rule for role, model in models.items()})
    name = " and ".join(f"{role} {model.name}" for role, model in models.items())
    without = tuple(f"{role}_{name}" for role, model in models.items() for name in model.without)
    stated = frozenset(f"{role}_{name}" for role, model in models.items() for name in model.stated)
    own = {role: member._replace(model=models[role]) for role, member in members.items()}
    dyad = ModelSpec(name, rule, responses, correlated, without=without, stated=stated, members=own)
    texts: dict[str, Any] = {field: text_of_members(models, field) for field in TEXTS}
    return dyad._replace(**texts)
