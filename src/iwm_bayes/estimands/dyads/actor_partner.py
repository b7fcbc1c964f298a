"""Actor and partner effects: what a belief of one member does to the acts of both, on the natural scale.

    actor    d E(own act) / d belief
    partner  d E(next act of the other) / d belief = sum over acts of  d P(act) / d belief  E(next act | act)

The belief is the one that the act follows, 0 to 1, and acts are on the scale of an outcome, 0 to 1. The other
experiences the act, learns from it by its own rule, and then acts: at the same exchange if its act comes after the
outcome, else at the next one. Derivatives are central differences. They are taken along the data, averaged over the
exchanges of a dyad, and then over dyads, in every draw.

Kenny, Kashy & Cook (2006), Dyadic Data Analysis, regress acts on fixed scores of both members. Here the belief of the
actor is learned, and the partner's belief is the link: there is no partner effect without learning. What the act does
as a bid, through a pull, does not count.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.dyads.acts import Act, act_distribution, act_name, expected_act, follows_belief, grid
from iwm_bayes.estimands.estimand import CI90, Estimand
from iwm_bayes.estimands.security.tables import interval_columns
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import FilteredEvent, begin, filter_events, filtered_of_member, step
from iwm_bayes.model.dyad import other_role
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.draws import draws_as_people, events_as_people, posterior_batches, thin_draws
from iwm_bayes.simulation.dyad_loop import people_of_member
from iwm_bayes.types import Member, ModelSpec, rule_values

N_DRAWS = 200
STEP = 0.005  # of a belief: the error of a central difference is of the order of its square
EFFECTS = ("actor", "partner")


class MemberPath(NamedTuple):
    """One member of all dyads along the data."""

    member: Member
    act: Act
    events: list[FilteredEvent]


def paths_of_members(
    model: ModelSpec, values: dict[str, np.ndarray], events: np.ndarray, figures: int
) -> dict[str, MemberPath]:
    """Return both members along an event array, by role; `values` are on the natural scale, (person,)."""
    filtered = list(filter_events(model.rule, rule_values(model, values), events, figures))
    return {
        role: MemberPath(
            member,
            Act(member.model, act_name(model, role), people_of_member(values, role)),
            [filtered_of_member(model.rule, one, role) for one in filtered],
        )
        for role, member in model.members.items()
    }


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


def experienced_at(path: MemberPath, exchange: int) -> int:
    """Return the exchange at which a member experiences what the other did at an exchange."""
    return exchange + (path.member.exchange == "next")


def next_act(path: MemberPath, exchange: int) -> int:
    """Return the exchange of a member's next act after an experience."""
    return exchange + (path.act.response.timing == "before")


def effects_at(own: MemberPath, other: MemberPath, exchange: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the actor and the partner effect at an exchange, (person,) each; NaN where nothing follows."""
    (low, low_belief), (high, high_belief) = (
        act_distribution(own.act, own.events[exchange], added) for added in (-STEP, STEP)
    )
    change = (high - low) / (high_belief - low_belief)
    outcomes = grid(own.act.response.family)
    here = experienced_at(other, exchange)
    if next_act(other, here) >= len(other.events):
        return outcomes @ change, np.full(change.shape[1], np.nan)
    following = np.stack([expected_act(other.act, after_experience(other, here, outcome)) for outcome in outcomes])
    return outcomes @ change, (change * following).sum(axis=0)


def present_at(present: np.ndarray, exchange: int) -> np.ndarray:
    """Return which dyads have an exchange, (person,); none after the last."""
    return present[exchange] if exchange < len(present) else np.zeros(present.shape[1], dtype=bool)


def mean_over_exchanges(own: MemberPath, other: MemberPath, present: np.ndarray) -> np.ndarray:
    """Return both effects averaged over the exchanges of each dyad, (effect, person); NaN where there is none."""
    sums, counts = np.zeros((2, 2, present.shape[1]))
    for exchange in range(len(present)):
        last = next_act(other, experienced_at(other, exchange))
        counted = np.stack([present[exchange], present[exchange] & present_at(present, last)])
        found = np.stack(effects_at(own, other, exchange))
        sums += np.where(counted, found, 0.0)
        counts += counted
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def effect_batches(model: ModelSpec, fit: xr.DataTree, draws: int) -> Iterator[np.ndarray]:
    """Yield both effects of all members in batches of draws, (sample, role, effect, dyad)."""
    data = fit["constant_data"].to_dataset()
    people, figures, events = data.sizes["person"], figure_names(data), event_array(data)
    present = data["present"].transpose("event", "person").values
    for batch in posterior_batches(fit["unconstrained_posterior"].to_dataset(), draws, people):
        samples = batch.sizes["sample"]
        values = draws_as_people(model, batch, figures, people)
        paths = paths_of_members(model, values, events_as_people(model, batch, events), len(figures))
        there = np.tile(present, (1, samples))
        by_role = [
            mean_over_exchanges(own, paths[other_role(model.members, role)], there)
            if follows_belief(own.act.response)
            else np.full((2, samples * people), np.nan)
            for role, own in paths.items()
        ]
        yield np.stack(by_role).reshape(len(paths), 2, samples, people).transpose(2, 0, 1, 3)


def actor_partner(model: ModelSpec, fit: xr.DataTree, draws: int = N_DRAWS) -> xr.Dataset | None:
    """Compute the actor and the partner effect of both members.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    draws
        About how many draws are used, evenly spaced within each chain.

    Returns
    -------
    xr.Dataset or None
        - mean_effect (role, effect, chain, draw): change of the expected act per unit of the belief, mean of dyads
        - effect_of_dyad (role, effect, person, chain, draw): the same of each dyad; NaN where nothing follows
        - belief, act, whose_act (role, effect): the belief that is raised, the act that changes, and whose it is

        None for a model of single people, and where no act follows a belief.
    """
    if not any(follows_belief(one.model.responses[act_name(model, role)]) for role, one in model.members.items()):
        return None
    posterior = thin_draws(fit["unconstrained_posterior"].to_dataset(), draws)
    sample = posterior.stack(sample=("chain", "draw"))["sample"]
    found = np.concatenate(list(effect_batches(model, fit, draws)))
    of_dyad = xr.DataArray(found, dims=("sample", "role", "effect", "person")).assign_coords(sample.coords)
    of_dyad = of_dyad.unstack("sample").transpose("role", "effect", "person", "chain", "draw")
    words = {name: (("role", "effect"), values) for name, values in effect_words(model).items()}
    people = fit["constant_data"]["person"].values
    coordinates = {"role": list(model.members), "effect": list(EFFECTS), "person": people}
    dataset = xr.Dataset({"effect_of_dyad": of_dyad, "mean_effect": of_dyad.mean("person")}, coordinates)
    return dataset.assign(words)


def effect_words(model: ModelSpec) -> dict[str, np.ndarray]:
    """Return what each effect is about, in words, (role, effect)."""
    beliefs, acts, whose = [], [], []
    for role, member in model.members.items():
        other, own = other_role(model.members, role), act_name(model, role)
        beliefs.append([member.model.responses[own].about] * 2)
        acts.append([own, act_name(model, other)])
        whose.append([role, other])
    return {"belief": np.array(beliefs), "act": np.array(acts), "whose_act": np.array(whose)}


def effect_table(dataset: xr.Dataset) -> pd.DataFrame:
    """Make one line per member and effect."""
    lines = []
    for role in map(str, dataset["role"].values):
        for effect in EFFECTS:
            one = dataset.sel(role=role, effect=effect)
            draws = one["mean_effect"].values
            if np.isnan(draws).all():
                continue
            line: dict[str, object] = {"member": role, "effect": effect, "belief": str(one["belief"].values)}
            line |= {"act": str(one["act"].values), "of": str(one["whose_act"].values)}
            line |= interval_columns("per_unit", draws) | interval_columns("per_tenth", draws / 10.0)
            lines.append(line | {"p_above_0": float((draws > 0).mean() + (draws == 0).mean() / 2)})
    return pd.DataFrame(lines)


def effect_answers(dataset: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return every effect by draw, in words."""
    return {
        f"{effect} effect of the {role}": dataset["mean_effect"].sel(role=role, effect=effect)
        for role in map(str, dataset["role"].values)
        for effect in EFFECTS
        if dataset["mean_effect"].sel(role=role, effect=effect).notnull().all()
    }


ACTOR_PARTNER = Estimand(
    "actor_partner",
    "Actor and partner effects",
    lambda model, fit, _: actor_partner(model, fit),
    effect_table,
    "Actor effect: by how much a member's expected act changes with the member's own belief. Partner effect: by how "
    "much the other's next act changes through it.",
    {
        "member": "the member whose belief is raised",
        "belief": "the belief that this member's act follows",
        "act": "the act that changes",
        "of": "the member whose act it is",
        "per_unit": f"change of the expected act (0–1) per unit of the belief (0–1), mean of dyads, with its {CI90}",
        "per_tenth": "the same for a belief that is higher by 0.1",
        "p_above_0": "posterior probability that the effect is above 0",
    },
    section="answer",
    about="dyads",
    answers=effect_answers,
)
