"""Couple the members of a dyad: what one does becomes what the other experiences.

In the data of dyads a "person" is a dyad, and an event is an exchange. `answer_ROLE_RESPONSE` has the acts and ratings
of each member. The event terms "ROLE outcome", "ROLE observed", "ROLE distress" and "ROLE threat" have what a member
experiences, and "ROLE bids" the share of recent exchanges at which the other made a bid. `coupled` computes outcomes
and bids from the acts.
"""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from iwm_bayes.rules.dyad import bid_name, of_role, other_role, terms_of_member
from iwm_bayes.rules.modifiers.pull import BIDS, updated_share
from iwm_bayes.types import Member, ModelSpec, Response

ANSWER = "answer_"  # before the name of a response, in that of a variable


def is_act(response: Response) -> bool:
    """Return whether a response can be an outcome: it has a lowest and a highest value."""
    return response.family.discrete or response.family.bounds is not None or response.family.clip_range is not None


def as_outcome(response: Response, acts: np.ndarray) -> np.ndarray:
    """Return acts on the scale of an outcome: the lowest is 0, the highest 1; NaN stays."""
    family = response.family
    low, high = (0.0, family.levels - 1.0) if family.discrete else (family.bounds or (0.0, 1.0))
    return (acts - low) / (high - low)


def share_of_bids(bids: np.ndarray, known_at_once: bool) -> np.ndarray:
    """Return the share of recent exchanges with a bid, as the other knows it when acting, (event, dyad).

        share <- share + (1 - memory) (bid - share)           from .5 on; an exchange without a record changes nothing

    `known_at_once` is whether the bid of an exchange comes before the act of the other.
    """
    share, before = np.full(bids.shape[1], 0.5), np.empty(bids.shape)
    after = np.empty(bids.shape)
    for exchange, bid in enumerate(bids):
        before[exchange] = share
        share = updated_share(share, bid)
        after[exchange] = share
    return after if known_at_once else before


def at_exchange(member: Member, acts: np.ndarray) -> np.ndarray:
    """Return the acts of the other at the exchange at which a member experiences them; NaN where there is none."""
    if member.exchange == "same":
        return acts
    return np.concatenate([np.full_like(acts[:1], np.nan), acts[:-1]])


def acts_of(data: xr.Dataset, role: str, name: str) -> np.ndarray:
    """Return the answers of a member to one of its responses, (event, dyad)."""
    return data[f"{ANSWER}{role}_{name}"].transpose("event", "person").values.astype(float)


def known_at_once(member: Member, bid: Response) -> bool:
    """Return whether a member knows of the other's bid at the exchange at which it is made, before acting."""
    return member.exchange == "same" and bid.timing == "before"


def experienced_terms(model: ModelSpec, data: xr.Dataset, role: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the event terms of one member, without the role."""
    other = other_role(model.members, role)
    member, others = model.members[role], model.members[other].model.responses
    acts = at_exchange(member, as_outcome(others[member.outcome], acts_of(data, other, member.outcome)))
    observed = ~np.isnan(acts) & data["present"].values
    yield "outcome", np.where(observed, acts, 0.0)
    yield "observed", observed.astype(float)
    for name in ("distress", "threat"):
        given = data.get(f"{name}_{role}")
        yield name, np.zeros(acts.shape) if given is None else given.transpose("event", "person").values
    if BIDS in member.model.rule.terms:
        bid = bid_name(member)
        made = as_outcome(others[bid], acts_of(data, other, bid))
        yield BIDS, share_of_bids(made, known_at_once(member, others[bid]))


def coupled(model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Return data of dyads in which every act is the outcome of the other member.

    Parameters
    ----------
    model
        A model of dyads.
    data
        Answers of both members by exchange and dyad, (event, person), and where there are any, `distress_ROLE` and
        `threat_ROLE`.

    Returns
    -------
    xr.Dataset
        The data with `event_terms` that agree with the answers.
    """
    columns = {
        f"{role} {name}": values for role in model.members for name, values in experienced_terms(model, data, role)
    }
    experienced = [columns[name] for role in model.members for name in of_role(role, ("observed",))]
    terms = xr.DataArray(
        np.stack([columns[name] for name in model.rule.terms]),
        {"event_term": list(model.rule.terms), "event": data["event"], "person": data["person"]},
        ("event_term", "event", "person"),
    )
    cleared = data.drop_vars(["event_terms", "event_term"], errors="ignore")
    observed = (("event", "person"), np.any(experienced, axis=0))
    return cleared.assign(event_terms=terms, observed=observed)


def member_data(model: ModelSpec, data: xr.Dataset, role: str) -> xr.Dataset:
    """Return the data of one member of all dyads, as if they were the data of people who know one figure.

    The model of these data is `model.members[role].model`.
    """
    rule, other = model.members[role].model.rule, other_role(model.members, role)
    terms = {
        name: data["event_terms"].sel(event_term=f"{role} {name}", drop=True).transpose("event", "person")
        for name in terms_of_member(rule)
    }
    shared = [name for name in ("session", "time", "present", "since_any", "since_figure") if name in data]
    zero = xr.zeros_like(data["since_any"])
    own = data[shared].assign(
        outcome=terms["outcome"],
        observed=terms["observed"] > 0,
        distress=terms["distress"],
        threat=terms["threat"],
        rated=zero,
        assessment=zero.astype(bool),
        figure_index=zero.astype(int),
    )
    prefix = f"{ANSWER}{role}_"
    own = own.assign(
        {f"{ANSWER}{str(name).removeprefix(prefix)}": data[name] for name in data if str(name).startswith(prefix)}
    )
    own = own.assign_coords(figure=[other]).assign_attrs(member_attributes(data, role))
    if rule.terms:
        stacked = xr.concat([terms[name] for name in rule.terms], "event_term")
        own = own.assign(event_terms=stacked.assign_coords(event_term=list(rule.terms)))
    return own


def member_attributes(data: xr.Dataset, role: str) -> dict[str, object]:
    """Return the attributes of the data of a member: those of the study, and those of its own responses."""
    found: dict[str, object] = {}
    for key, value in data.attrs.items():
        about, of, name = str(key).partition(" of ")
        if of and name.startswith(f"{role}_"):
            found[f"{about} of {name.removeprefix(f'{role}_')}"] = value
        elif not (of and any(name.startswith(f"{other}_") for other in roles_of(data))):
            found[str(key)] = value
    return found


def roles_of(data: xr.Dataset) -> list[str]:
    """Return the roles of data of dyads."""
    terms = [str(name) for name in data["event_term"].values]
    return [name.removesuffix(" observed") for name in terms if name.endswith(" observed")]
