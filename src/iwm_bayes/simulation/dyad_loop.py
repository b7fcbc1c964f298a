"""Simulate both members of dyads in closed loop: what one does is what the other experiences.

At an exchange, time passes for both. Those who act before an outcome act: first those whose acts follow beliefs alone,
such as bids, then those who also react to bids. A member learns as soon as the other has acted, and then gives the
answers that come after an outcome. `model.dyad` refuses two members who wait for each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.data.dyads.coupling import as_outcome
from iwm_bayes.filtering.filter import FilteredEvent, begin, step
from iwm_bayes.model.dyad import knows_bid_at_once, reads_pull
from iwm_bayes.ops import Array
from iwm_bayes.rules.dyad import bid_name, other_role
from iwm_bayes.rules.modifiers.pull import BIDS, updated_share
from iwm_bayes.simulation.care import DistressProcess, EventCare
from iwm_bayes.simulation.closed_loop import (
    PersonHistory,
    decayed_carryovers,
    draw_responses,
    empty_history,
    event_with_distress,
    updated_history,
)
from iwm_bayes.simulation.open_loop import Answered, without_residuals
from iwm_bayes.types import Event, Member, ModelSpec, State, rule_values

NO_DISTRESS = DistressProcess()


class Side(NamedTuple):
    """One member of every dyad, between two exchanges."""

    member: Member
    people: Mapping[str, Array]  # natural-scale values by parameter, without the role
    s: State
    history: PersonHistory
    share: Array  # (person,): share of recent exchanges at which the other made a bid
    distress: DistressProcess
    gap: float = 1.0  # time from one exchange to the next


class Occasion(NamedTuple):
    """What is given of one exchange, (person,) each: of one member, apart from what the two do."""

    since: Array  # time since the exchange before
    distress: Array | None = None  # None: by its process
    threat: Array | None = None  # None: there is none
    answered: Answered = MappingProxyType({})  # by response: where there is an answer; by default everywhere


class Turn(NamedTuple):
    """One member at one exchange."""

    filtered: FilteredEvent
    answers: dict[str, Array]  # (person,) by response; NaN where there is none
    answered: Answered = MappingProxyType({})  # by response: where there is an answer; by default everywhere


ORDINARY: Mapping[str, Any] = MappingProxyType({})  # nothing is given, by role or by response


def people_of_member(values: Mapping[str, Array], role: str) -> dict[str, Array]:
    """Return the values of one member of dyads by parameter, without the role."""
    prefix = f"{role}_"
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def first_sides(
    model: ModelSpec,
    values: Mapping[str, Array],
    distress: Mapping[str, DistressProcess] | None = None,
    states: Mapping[str, State] | None = None,
) -> dict[str, Side]:
    """Return the members of dyads before an exchange, by role: at their initial beliefs, or at these `states`."""
    sides = {}
    for role, member in model.members.items():
        people = people_of_member(values, role)
        count = next(iter(people.values())).shape[-1]
        p = rule_values(member.model, people)
        s = member.model.rule.start(p, 1) if states is None else states[role]
        history = empty_history(member.model, 1, count)
        sides[role] = Side(member, people, s, history, np.full(count, 0.5), (distress or {}).get(role, NO_DISTRESS))
    return sides


def next_event(
    side: Side, innovations: Mapping[str, Array], occasion: Occasion | None, rng: np.random.Generator
) -> Event:
    """Return an exchange before anybody has acted; the share of bids is that before it."""
    one = np.ones_like(side.share)
    since = side.gap * one if occasion is None else occasion.since
    terms = {BIDS: side.share} if BIDS in side.member.model.rule.terms else {}
    zero = 0.0 * one
    event = Event(zero, one[None], side.history.met, since, since, zero, zero, zero, terms, innovations)
    if occasion is not None and occasion.threat is not None:
        event = event._replace(threat=occasion.threat)
    if occasion is not None and occasion.distress is not None:
        return event._replace(distress=occasion.distress)
    return event_with_distress(event, side.distress, side.history, rng)


def draw(side: Side, turn: Turn, names: list[str], rng: np.random.Generator) -> tuple[Side, Turn]:
    """Draw answers to these responses; where there is to be none, nothing is carried over from it."""
    drawn, history = draw_responses(side.member.model, side.people, names, turn.filtered, side.history, rng)
    history = without_residuals(history, side.history, turn.answered, names)
    kept = {name: np.where(turn.answered.get(name, True), answer, np.nan) for name, answer in drawn.items()}
    return side._replace(history=history), turn._replace(answers=turn.answers | kept)


def draw_early(side: Side, turn: Turn, rng: np.random.Generator, reacting: bool) -> tuple[Side, Turn]:
    """Draw the answers that come before the outcome, those that react to bids or the others."""
    responses = side.member.model.responses.items()
    names = [name for name, own in responses if own.timing == "before" and reads_pull(own) == reacting]
    return draw(side, turn, names, rng)


def before_outcomes(side: Side, occasion: Occasion | None, rng: np.random.Generator) -> tuple[Side, Turn]:
    """Let time pass until an exchange; return the member then, with the exchange before its outcome."""
    model, count = side.member.model, len(side.share)
    p = rule_values(model, side.people)
    event = next_event(side, {name: rng.normal(size=count) for name in model.rule.innovations}, occasion, rng)
    s = begin(model.rule, p, side.s, event)
    carryovers = decayed_carryovers(model, side.people, model.responses, side.history, event)
    before = model.rule.drift(p, s, event)
    filtered = FilteredEvent(s, before, before, event, np.zeros(count, dtype=bool))
    answered = ORDINARY if occasion is None else occasion.answered
    return side._replace(history=side.history._replace(carryovers=carryovers)), Turn(filtered, {}, answered)


def act_of_other(model: ModelSpec, turns: Mapping[str, Turn], role: str, name: str) -> Array:
    """Return what the other member did at an exchange, on the scale of an outcome."""
    other = other_role(model.members, role)
    return as_outcome(model.members[other].model.responses[name], turns[other].answers[name])


def share_with_bid(model: ModelSpec, side: Side, turns: Mapping[str, Turn], role: str) -> Array:
    """Return the share of recent exchanges with a bid, that of this exchange included."""
    made = act_of_other(model, turns, role, bid_name(side.member))
    return updated_share(side.share, made)


def with_known_bids(model: ModelSpec, side: Side, turns: Mapping[str, Turn], role: str) -> Turn:
    """Return the exchange with the other's bid, where this member knows of it before acting."""
    turn = turns[role]
    if not knows_bid_at_once(model.members, role):
        return turn
    event = turn.filtered.event._replace(terms={BIDS: share_with_bid(model, side, turns, role)})
    return turn._replace(filtered=turn.filtered._replace(event=event))


def act_early(model: ModelSpec, sides: dict[str, Side], turns: dict[str, Turn], rng: np.random.Generator) -> None:
    """Draw everything that comes before an outcome, in place: acts that react to bids come after these bids."""
    for role in model.members:
        sides[role], turns[role] = draw_early(sides[role], turns[role], rng, reacting=False)
    waiting = list(model.members)
    while waiting:
        role = next(
            role
            for role in waiting
            if not knows_bid_at_once(model.members, role)
            or bid_name(model.members[role]) in turns[other_role(model.members, role)].answers
        )
        turns[role] = with_known_bids(model, sides[role], turns, role)
        sides[role], turns[role] = draw_early(sides[role], turns[role], rng, reacting=True)
        waiting.remove(role)


def after_outcome(side: Side, turn: Turn, acts: Array, rng: np.random.Generator) -> tuple[Side, Turn]:
    """Let a member experience what the other did, NaN for nothing, and give the answers that come after it."""
    model, observed = side.member.model, ~np.isnan(acts)
    p = rule_values(model, side.people)
    event = turn.filtered.event._replace(outcome=np.where(observed, acts, 0.0))
    before, after = step(model.rule, p, turn.filtered.previous, event, observed)
    filtered = FilteredEvent(turn.filtered.previous, before, after, event, observed)
    nothing = np.zeros((1, 1))
    no_care = EventCare(nothing, nothing, nothing, side.distress)
    history = updated_history(model, side.people, side.history, filtered, no_care, None)
    late = [name for name, response in model.responses.items() if response.timing == "after"]
    return draw(side._replace(s=after, history=history), turn._replace(filtered=filtered), late, rng)


def experience(
    model: ModelSpec,
    sides: dict[str, Side],
    turns: dict[str, Turn],
    earlier: Mapping[str, Array],
    rng: np.random.Generator,
) -> None:
    """Let both members experience what the other does, in place: first the one whose outcome is there first."""
    waiting = list(model.members)
    while waiting:
        role = next(
            role
            for role in waiting
            if model.members[role].exchange == "next"
            or model.members[role].outcome in turns[other_role(model.members, role)].answers
        )
        member = model.members[role]
        acts = earlier[role] if member.exchange == "next" else act_of_other(model, turns, role, member.outcome)
        sides[role], turns[role] = after_outcome(sides[role], turns[role], acts, rng)
        waiting.remove(role)


def simulate_exchanges(
    model: ModelSpec,
    sides: Mapping[str, Side],
    exchanges: int,
    rng: np.random.Generator,
    earlier: Mapping[str, Array] | None = None,
    occasions: Sequence[Mapping[str, Occasion]] = (),
) -> Iterator[dict[str, Turn]]:
    """Yield exchanges of dyads: what each member experiences and does, by role.

    Parameters
    ----------
    model
        A model of dyads.
    sides
        The members before the first of these exchanges: see `first_sides`.
    exchanges
        How many.
    rng
        The source of random numbers.
    earlier
        What the other did at the exchange before, (dyad,) from 0 to 1, by role of the member who experiences it at the
        next exchange. By default nothing.
    occasions
        What is given of each exchange, by role. By default all are alike, one unit of time apart.
    """
    sides = dict(sides)
    earlier = earlier or {role: np.full(len(side.share), np.nan) for role, side in sides.items()}
    for given in occasions or [ORDINARY] * exchanges:
        turns: dict[str, Turn] = {}
        for role in model.members:
            sides[role], turns[role] = before_outcomes(sides[role], given.get(role), rng)
        act_early(model, sides, turns, rng)
        experience(model, sides, turns, earlier, rng)
        earlier = {role: act_of_other(model, turns, role, member.outcome) for role, member in model.members.items()}
        for role, side in sides.items():
            sides[role] = side._replace(share=share_with_bid(model, side, turns, role))
        yield turns
