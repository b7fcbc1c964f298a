"""The learning rule of a dyad: both members learn, each by a rule of its own, from what the other does.

    s[role] <- drift(p[role], s[role], event[role])
    s[role] <- learn(p[role], s[role], event[role])        where this member experienced an outcome

What the two do couples them: the act of one is the outcome of the other, and it is in the data. Given both members'
acts, the beliefs of one do not depend on those of the other. So the density of a dyad is the product of the densities
of its members, and only their parameters can be correlated. This is the actor-partner model of Kenny, Kashy & Cook
(2006), Dyadic Data Analysis, with learned beliefs in place of fixed predictors.

A person of the data is here a dyad. Everything that a member experiences is an event term: "ROLE outcome" and so on.
"""

from collections import namedtuple
from collections.abc import Iterable, Mapping
from typing import Any

from iwm_bayes.ops import Array, where
from iwm_bayes.types import Beliefs, Event, Member, Params, Rule, State, map_tree

EXPERIENCED = ("outcome", "observed", "distress", "threat")  # what each member experiences at an exchange


def other_role(roles: Iterable[str], role: str) -> str:
    """Return the role of the other member, of two."""
    (other,) = (name for name in roles if name != role)
    return other


def bid_name(member: Member) -> str:
    """Return the response of the other that counts as a bid."""
    return member.bids or member.outcome


def terms_of_member(rule: Rule) -> tuple[str, ...]:
    """Return the event terms of a member without its role: what it experiences, and those that its rule reads."""
    return (*EXPERIENCED, *rule.terms)


def of_role(role: str, names: Any) -> list[str]:
    """Return names with the role of a member in front, as the event terms of a dyad have them."""
    return [f"{role} {name}" for name in names]


def event_of_member(rule: Rule, role: str, event: Event) -> tuple[Event, Array]:
    """Return what an exchange is for one member, and whether this member experienced an outcome."""
    own = rule.members[role]
    experienced = {name: event.terms[f"{role} {name}"] for name in EXPERIENCED}
    observed = experienced.pop("observed") > 0
    terms = {name: event.terms[f"{role} {name}"] for name in own.terms}
    innovations = {name: event.innovations[f"{role} {name}"] for name in own.innovations}
    return event._replace(**experienced, rated=0.0 * event.rated, terms=terms, innovations=innovations), observed


def no_beliefs(p: Params, s: State, event: Event) -> Beliefs:
    """Raise TypeError: a dyad has no beliefs, its members have."""
    raise TypeError("a dyad has no beliefs of its own: ask for those of a member")


def rule_of_dyad(rules: Mapping[str, Rule]) -> Rule:
    """Make the rule of a dyad from the rules of its members, by role.

    A full name of a parameter begins with the role, as in `patient_availability_rate`. The rule has no own scale, and
    no beliefs: those are read with the role in front, as "patient availability".
    """
    make: Any = namedtuple  # its fields are known only here
    roles = make("Roles", list(rules))

    def start(p: Params, figures: int) -> State:
        return roles(*(rule.start(getattr(p, role), figures) for role, rule in rules.items()))

    def drift(p: Params, s: State, event: Event) -> State:
        drifted = {
            role: rule.drift(getattr(p, role), getattr(s, role), event_of_member(dyad, role, event)[0])
            for role, rule in rules.items()
        }
        return roles(**drifted)

    def learn(p: Params, s: State, event: Event) -> State:
        states = {}
        for role, rule in rules.items():
            own, observed = event_of_member(dyad, role, event)
            learned = rule.learn(getattr(p, role), getattr(s, role), own)
            states[role] = map_tree(lambda new, old, seen=observed: where(seen, new, old), learned, getattr(s, role))
        return roles(**states)

    dyad = Rule(
        roles(*(rule.parameters for rule in rules.values())),
        start,
        drift,
        learn,
        no_beliefs,
        terms=tuple(name for role, rule in rules.items() for name in of_role(role, terms_of_member(rule))),
        innovations=tuple(name for role, rule in rules.items() for name in of_role(role, rule.innovations)),
        no_own_scale="the members of a dyad hold beliefs, and not the dyad",
        ordered=tuple(
            (f"{role}_{low}", f"{role}_{high}") for role, rule in rules.items() for low, high in rule.ordered
        ),
        members=dict(rules),
    )
    return dyad
