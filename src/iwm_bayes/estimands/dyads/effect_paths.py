"""Both members of dyads along the data, and what a belief of one does at an exchange: to its own act and the other's.

    actor           sum over acts of  d P(act) / d belief  act
    partner         sum over acts of  d P(act) / d belief  E(next act of the other | act is its outcome)
    partner by bids sum over bids of  d P(bid) / d belief  E(next act of the other | bid is among those that pull it)

Derivatives are central differences.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.dyads.coupling import acts_of, as_outcome, share_of_bids
from iwm_bayes.estimands.dyads.acts import Act, act_distribution, act_name, expected_act, follows_belief, grid
from iwm_bayes.filtering.filter import FilteredEvent, begin, filter_events, filtered_of_member, step
from iwm_bayes.model.dyad import knows_bid_at_once, reads_pull
from iwm_bayes.ops import Array
from iwm_bayes.rules.dyad import bid_name, other_role
from iwm_bayes.rules.modifiers.pull import BIDS, updated_share
from iwm_bayes.simulation.dyad_loop import people_of_member
from iwm_bayes.types import Member, ModelSpec, rule_values

STEP = 0.005  # of a belief: the error of a central difference is of the order of its square
EFFECTS = ("actor", "partner", "partner by bids")


class MemberPath(NamedTuple):
    """One member of all dyads along the data."""

    member: Member
    act: Act  # which the other experiences as outcome
    bid: Act  # which the other counts as a bid
    events: list[FilteredEvent]
    share: Array  # (exchange, place): of recent exchanges with a bid of the other, before that of this exchange
    knows_at_once: bool  # a bid of the other pulls at the exchange at which it is made


def shares_before(model: ModelSpec, data: xr.Dataset, role: str) -> np.ndarray:
    """Return the share of recent exchanges at which the other made a bid, before each exchange, (event, dyad)."""
    other, name = other_role(model.members, role), bid_name(model.members[role])
    bids = as_outcome(model.members[other].model.responses[name], acts_of(data, other, name))
    return share_of_bids(bids, known_at_once=False)


def paths_of_members(
    model: ModelSpec, data: xr.Dataset, values: dict[str, np.ndarray], events: np.ndarray
) -> dict[str, MemberPath]:
    """Return both members along an event array, by role; `values` are on the natural scale, (place,)."""
    filtered = list(filter_events(model.rule, rule_values(model, values), events, data.sizes["figure"]))
    samples = events.shape[2] // data.sizes["person"]
    paths = {}
    for role, member in model.members.items():
        people = people_of_member(values, role)
        bid = bid_name(model.members[other_role(model.members, role)])
        paths[role] = MemberPath(
            member,
            Act(member.model, act_name(model, role), people),
            Act(member.model, bid, people),
            [filtered_of_member(model.rule, one, role) for one in filtered],
            np.tile(shares_before(model, data, role), (1, samples)),
            knows_bid_at_once(model.members, role),
        )
    return paths


def is_pulled(path: MemberPath) -> bool:
    """Return whether the act of a member reacts to the bids of the other."""
    return BIDS in path.member.model.rule.terms and reads_pull(path.act.response)


def has_effect(own: MemberPath, other: MemberPath, effect: str) -> bool:
    """Return whether an effect of one member can be computed: its act, or its bid that pulls, follows a belief."""
    if effect == "partner by bids":
        return is_pulled(other) and follows_belief(own.bid.response)
    return follows_belief(own.act.response)


def following_exchange(other: MemberPath, effect: str, exchange: int) -> int:
    """Return at which exchange an effect of a belief shows: that of the act which follows."""
    if effect == "actor":
        return exchange
    if effect == "partner by bids":
        return exchange + (not other.knows_at_once)
    return experienced_at(other, exchange) + (other.act.response.timing == "before")


def experienced_at(path: MemberPath, exchange: int) -> int:
    """Return the exchange at which a member experiences what the other did at an exchange."""
    return exchange + (path.member.exchange == "next")


def after_experience(path: MemberPath, exchange: int, outcome: float) -> FilteredEvent:
    """Return the event of a member's next act, had the outcome of an exchange been this."""
    rule, p = path.member.model.rule, rule_values(path.member.model, path.act.people)
    here = path.events[exchange]
    everybody = np.ones(here.observed.shape, dtype=bool)
    event = here.event._replace(outcome=np.full(here.observed.shape, outcome))
    before, after = step(rule, p, here.previous, event, everybody)
    if path.act.response.timing == "after":
        return FilteredEvent(here.previous, before, after, event, everybody)
    following = path.events[exchange + 1].event
    s = begin(rule, p, after, following)
    drifted = rule.drift(p, s, following)
    return FilteredEvent(s, drifted, drifted, following, ~everybody)


def after_bid(path: MemberPath, exchange: int, bid: float) -> FilteredEvent:
    """Return the event of a member's next act, had the bid of the other at an exchange been this."""
    following = path.events[following_exchange(path, "partner by bids", exchange)]
    share = updated_share(path.share[exchange], bid)
    return following._replace(event=following.event._replace(terms={**following.event.terms, BIDS: share}))


def change_per_belief(act: Act, filtered: FilteredEvent) -> np.ndarray:
    """Return the change of the distribution of an act per unit of the belief that it follows, (node, place)."""
    low, low_belief = act_distribution(act, filtered, -STEP)
    high, high_belief = act_distribution(act, filtered, STEP)
    return (high - low) / (high_belief - low_belief)


def effect_at(own: MemberPath, other: MemberPath, effect: str, exchange: int) -> np.ndarray:
    """Return an effect of a belief of one member at an exchange, (place,); what follows must be in the data."""
    act = own.bid if effect == "partner by bids" else own.act
    change, acts = change_per_belief(act, own.events[exchange]), grid(act.response.family)
    if effect == "actor":
        return np.asarray(acts @ change)
    if effect == "partner by bids":
        supposed = (after_bid(other, exchange, bid) for bid in acts)
    else:
        supposed = (after_experience(other, experienced_at(other, exchange), outcome) for outcome in acts)
    return (change * np.stack([expected_act(other.act, event) for event in supposed])).sum(axis=0)


def mean_effect(own: MemberPath, other: MemberPath, effect: str, present: np.ndarray) -> np.ndarray:
    """Return an effect averaged over the exchanges of each dyad, (place,); NaN where nothing follows.

    `present` is which dyads have which exchanges, (exchange, place).
    """
    total, count = np.zeros((2, present.shape[1]))
    for exchange in range(len(present) if has_effect(own, other, effect) else 0):
        last = following_exchange(other, effect, exchange)
        if last < len(present):
            counted = present[exchange] & present[last]
            total += np.where(counted, effect_at(own, other, effect, exchange), 0.0)
            count += counted
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
