"""Two members of a dyad from two models: what each one does, and which act of one is the outcome of the other."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.explorer.initial_beliefs import START_PARAMETERS, settable_beliefs
from iwm_bayes.explorer.people import belief_parameters
from iwm_bayes.model.dyad import dyad_model, is_act, order_problems
from iwm_bayes.rules.modifiers.pull import BIDS
from iwm_bayes.types import InputError, Member, ModelSpec, Parameter, Response

SIDES = ("A", "B")  # the roles of the two in the model; what they are called on the page is `ROLES`
OTHER = {"A": "B", "B": "A"}
ROLES: Mapping[str, tuple[str, str]] = {
    "therapy": ("patient", "therapist"),
    "parenting": ("child", "parent"),
    "couple": ("partner A", "partner B"),
    "any": ("member A", "member B"),
}
SHOWN_ACTS = {"seeker": "openness", "reciprocal": "care"}  # what the other takes for the outcome; else the first act


class Acts(NamedTuple):
    """The acts of a member that the other one meets."""

    outcome: str  # the response that is the other's outcome
    bid: str  # the response that counts as a bid


def acts_of(model: ModelSpec, learner: ModelSpec) -> Acts:
    """Return the acts of a model that another one, `learner`, meets; a rule for yes and no needs an act of two values.

    What a member does comes before what it rates. Raises InputError if the model has no such act.
    """
    acts = [name for name, response in model.responses.items() if is_act(response)]
    acts.sort(key=lambda name: not model.responses[name].family.discrete)
    possible = [name for name in acts if learner.rule.outcomes != "binary" or is_yes_or_no(model.responses[name])]
    if not possible:
        raise InputError([f"{model.name} has no act that {learner.name} could learn from"])
    shown = SHOWN_ACTS.get(model.name, "")
    return Acts(shown if shown in possible else possible[0], acts[0])


def is_yes_or_no(response: Response) -> bool:
    """Return whether a response has two values."""
    return response.family.discrete and response.family.levels == 2


def met_responses(model: ModelSpec, acts: Acts) -> ModelSpec:
    """Keep only the responses that the other member meets; nothing else affects anybody."""
    kept = {name: response for name, response in model.responses.items() if name in acts}
    return model._replace(responses=kept)


def dyad_of(first: ModelSpec, second: ModelSpec) -> ModelSpec:
    """Return the model of a dyad of two models, by side.

    A member learns from an act at the same exchange, unless each would then wait for the other. Raises InputError if
    the two cannot be a dyad.
    """
    models = dict(zip(SIDES, (first, second), strict=True))
    acts = {side: acts_of(models[side], models[OTHER[side]]) for side in SIDES}
    members = {}
    for side in SIDES:
        others = acts[OTHER[side]]
        bids = others.bid if BIDS in models[side].rule.terms else None
        members[side] = Member(met_responses(models[side], acts[side]), others.outcome, bids=bids)
    if any(order_problems(members)):
        members = {side: member._replace(exchange="next") for side, member in members.items()}
    return dyad_model(members, correlated=False)


def check_members(models: Mapping[str, ModelSpec]) -> None:
    """Raise InputError if one of these models cannot be that of a member."""
    for model in models.values():
        dyad_of(model, model)


def can_be_member(model: ModelSpec) -> bool:
    """Return whether a model can be that of a member."""
    try:
        check_members({model.name: model})
    except InputError:
        return False
    return True


def shown_parameters(model: ModelSpec, acts: Acts) -> dict[str, Parameter]:
    """Return the free parameters of a member that affect the dyad, without those of the initial beliefs."""
    own = met_responses(model, acts)
    kept = own._replace(responses={name: one._replace(effect="withdraws") for name, one in own.responses.items()})
    set_by_belief = {START_PARAMETERS[belief] for belief in settable_beliefs(model)}
    return {name: one for name, one in belief_parameters(kept).items() if name not in set_by_belief}


def values_by_side(values: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return values of both members under the names of the model of the dyad."""
    return {f"{side}_{name}": value for side, own in values.items() for name, value in own.items()}
