"""Both members of dyads in closed loop under a posterior: what each believes and does, exchange by exchange.

What one does is what the other experiences. Every draw of every dyad is simulated once. Nothing distressing happens,
and exchanges are as far apart as they usually are in the study. A member is secure at an exchange as in
`security.criterion`: both beliefs are secure after it, and one act of 0 next would leave both resilient.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.data.dyads.coupling import acts_of, as_outcome, share_of_bids
from iwm_bayes.estimands.dyads.acts import act_name
from iwm_bayes.estimands.security.belief_paths import beliefs_in_state, median_gap
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Criterion
from iwm_bayes.estimands.security.population import draw_new_people, draw_twins
from iwm_bayes.filtering.arrays import event_array
from iwm_bayes.filtering.filter import filter_events, step
from iwm_bayes.filtering.supposed_events import at_once, unresponsive_event
from iwm_bayes.model.priors import figure_names
from iwm_bayes.ops import Array
from iwm_bayes.rules.dyad import bid_name, other_role
from iwm_bayes.simulation.draws import draws_as_people, events_as_people, posterior_batches
from iwm_bayes.simulation.dyad_loop import Side, Turn, act_of_other, first_sides, simulate_exchanges
from iwm_bayes.types import ModelSpec, rule_values

N_DRAWS = 100
N_NEW = 400  # new dyads in each draw: the share of a half of them has an SD of .025


class Played(NamedTuple):
    """One member of all dyads, (exchange, place) each; a draw of a dyad is a place."""

    availability: np.ndarray  # after the exchange
    lowest: np.ndarray  # of both beliefs
    lowest_next: np.ndarray  # of both, if an act of 0 came next
    act: np.ndarray  # 0 to 1


class Loop(NamedTuple):
    """Dyads before the first of some exchanges."""

    sides: dict[str, Side]
    earlier: Mapping[str, Array] | None  # see `simulate_exchanges`
    dyads: int  # places of one draw


def beliefs_after(side: Side, turn: Turn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return availability, the lowest belief, and the lowest if an act of 0 came next, (place,) each."""
    model, filtered = side.member.model, turn.filtered
    p = rule_values(model, side.people)
    everybody = np.ones(len(side.share), dtype=bool)
    _, unresponsive = step(model.rule, p, filtered.after, unresponsive_event(filtered.event, side.gap), everybody)
    now, later = (
        beliefs_in_state(model, p, s, at_once(filtered.event), general=False) for s in (filtered.after, unresponsive)
    )
    return now[0], np.minimum(*now), np.minimum(*later)


def run(model: ModelSpec, loop: Loop, exchanges: int, rng: np.random.Generator) -> dict[str, Played]:
    """Simulate exchanges; return what each member believes and does, by role."""
    rows: dict[str, list[tuple[np.ndarray, ...]]] = {role: [] for role in model.members}
    for turns in simulate_exchanges(model, loop.sides, exchanges, rng, loop.earlier):
        for role, turn in turns.items():
            act = act_of_other(model, turns, other_role(model.members, role), act_name(model, role))
            rows[role].append((*beliefs_after(loop.sides[role], turn), act))
    return {role: Played(*(np.stack(column) for column in zip(*own, strict=True))) for role, own in rows.items()}


def meets(lowest: np.ndarray, lowest_next: np.ndarray, criterion: Criterion) -> np.ndarray:
    """Return where the lowest belief is secure, and resilient to an act of 0 next."""
    return (lowest >= criterion.secure_at_or_above) & (lowest_next >= criterion.resilient_at_or_above)


def is_secure(path: Played, criterion: Criterion) -> np.ndarray:
    """Return at which exchanges a member is secure, (exchange, place)."""
    return meets(path.lowest, path.lowest_next, criterion)


def is_secure_after(side: Side, turn: Turn, criterion: Criterion = DEFAULT_CRITERION) -> np.ndarray:
    """Return whether a member is secure after one exchange, (place,); `side` is the member as the simulation began."""
    _, lowest, lowest_next = beliefs_after(side, turn)
    return meets(lowest, lowest_next, criterion)


def gap_of(data: xr.Dataset) -> float:
    """Return the median time from one exchange to the next."""
    return median_gap(data, data["present"].transpose("event", "person").values)


def from_start(model: ModelSpec, values: dict[str, np.ndarray], gap: float, dyads: int) -> Loop:
    """Return dyads before their first exchange; `values` are on the natural scale, (place,)."""
    sides = first_sides(model, values)
    return Loop({role: side._replace(gap=gap) for role, side in sides.items()}, None, dyads)


def last_acts(model: ModelSpec, data: xr.Dataset, role: str) -> np.ndarray:
    """Return what the other did at the last exchange of each dyad, (dyad,): NaN for nothing."""
    other, name = other_role(model.members, role), model.members[role].outcome
    acts = as_outcome(model.members[other].model.responses[name], acts_of(data, other, name))
    last = np.maximum(data["present"].transpose("event", "person").values.sum(axis=0) - 1, 0)
    return np.asarray(acts[last, np.arange(acts.shape[1])])


def last_share(model: ModelSpec, data: xr.Dataset, role: str) -> np.ndarray:
    """Return the share of recent exchanges at which the other made a bid, after the last exchange, (dyad,)."""
    other, name = other_role(model.members, role), bid_name(model.members[role])
    bids = as_outcome(model.members[other].model.responses[name], acts_of(data, other, name))
    return np.asarray(share_of_bids(bids, known_at_once=True)[-1])


def from_end(
    model: ModelSpec, values: dict[str, np.ndarray], events: np.ndarray, data: xr.Dataset, samples: int
) -> Loop:
    """Return the dyads of a study after their last exchange; `events` are those of all places."""
    *_, last = filter_events(model.rule, rule_values(model, values), events, len(figure_names(data)))
    states = {role: getattr(last.after, role) for role in model.members}
    sides, gap = first_sides(model, values, states=states), gap_of(data)
    for role, side in sides.items():
        known = side.history._replace(met=np.ones_like(side.history.met))
        share = np.tile(last_share(model, data, role), samples)
        sides[role] = side._replace(gap=gap, history=known, share=share)
    earlier = {role: np.tile(last_acts(model, data, role), samples) for role in model.members}
    return Loop(sides, earlier, data.sizes["person"])


def loops_from_start(model: ModelSpec, fit: xr.DataTree, draws: int, rng: np.random.Generator) -> Iterator[Loop]:
    """Yield the dyads of a study before their first exchange, in batches of draws."""
    data, people = fit["constant_data"].to_dataset(), fit["constant_data"].sizes["person"]
    for batch in posterior_batches(fit["unconstrained_posterior"].to_dataset(), draws, people):
        values = draws_as_people(model, batch, figure_names(data), people)
        yield from_start(model, values, gap_of(data), people)


def loops_from_end(model: ModelSpec, fit: xr.DataTree, draws: int, rng: np.random.Generator) -> Iterator[Loop]:
    """Yield the dyads of a study after their last exchange, in batches of draws."""
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    events, people = event_array(data), data.sizes["person"]
    for batch in posterior_batches(posterior, draws, people):
        values = draws_as_people(model, batch, figure_names(data), people)
        yield from_end(model, values, events_as_people(model, batch, events), data, batch.sizes["sample"])


def loops_of_new_dyads(
    model: ModelSpec, fit: xr.DataTree, draws: int, rng: np.random.Generator, count: int = N_NEW
) -> Iterator[Loop]:
    """Yield new dyads of the same population before their first exchange, in batches of draws."""
    data, posterior = fit["constant_data"].to_dataset(), fit["unconstrained_posterior"].to_dataset()
    for batch in posterior_batches(posterior, draws, count):
        twins = draw_twins(data.sizes["person"], batch.sizes["sample"], count, rng)
        yield from_start(model, draw_new_people(model, batch, data, twins, rng), gap_of(data), count)
