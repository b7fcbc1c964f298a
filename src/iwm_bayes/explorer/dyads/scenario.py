"""Simulate dyads: many with the same two members, in closed loop, who differ at random only.

What one does is what the other experiences. A *position* is a number of exchanges: 0 is before the first one. A member
is secure from an exchange on if the criterion of `estimands.security.criterion` is met there, whatever the beliefs
were at the start; so a member who begins secure is secure from the first exchange on. Both are if they are so at once.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.dyads.closed_loop import is_secure_after
from iwm_bayes.estimands.dyads.reciprocity import BOTH, first_held
from iwm_bayes.estimands.security.belief_paths import collect_path
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, BeliefPath
from iwm_bayes.estimands.trajectories import belief_array
from iwm_bayes.explorer.dyads.members import OTHER, SIDES, values_by_side
from iwm_bayes.explorer.initial_beliefs import InitialBeliefs, with_initial_beliefs
from iwm_bayes.explorer.people import identical_people
from iwm_bayes.ops import Array
from iwm_bayes.rules.dyad import bid_name
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.dyad_loop import Turn, act_of_other, first_sides, simulate_exchanges
from iwm_bayes.types import ModelSpec, rule_values

N_DYADS = 300  # the Monte Carlo standard error of a share is then at most 3%
FIGURE = "the other"  # the person that the beliefs of a member are about


class MemberChoice(NamedTuple):
    """What is chosen for a member: the initial beliefs, and values by parameter, natural scale."""

    initial: InitialBeliefs
    parameters: tuple[tuple[str, float], ...]


class DyadResult(NamedTuple):
    """What simulated dyads believe and do."""

    beliefs: dict[str, np.ndarray]  # by side: (belief, position, dyad), of availability and self-worth, NaN without it
    acts: dict[str, np.ndarray]  # by side: (exchange, dyad), 0..1, what the other one takes for the outcome
    bids: dict[str, np.ndarray]  # likewise, what counts as a bid
    secure_from: dict[str, np.ndarray]  # by side, and both: the exchange from which they are secure, (dyad,)
    horizon: int  # the last exchange from which security can be assessed; 0 if there is none


def member_values(model: ModelSpec, choice: MemberChoice, n_dyads: int) -> dict[str, np.ndarray]:
    """Return the parameters of a member, the same in every dyad."""
    chosen = with_initial_beliefs(model, dict(choice.parameters), choice.initial)
    return identical_people(model, chosen, [FIGURE], n_dyads)


def member_path(
    dyad: ModelSpec, values: Mapping[str, Array], turns: Sequence[Mapping[str, Turn]], side: str
) -> BeliefPath:
    """Return the beliefs of a member along the exchanges."""
    model = dyad.members[side].model
    met = np.ones((len(turns), len(next(iter(values.values())))), dtype=bool)
    filtered = [turn[side].filtered for turn in turns]
    return collect_path(model, rule_values(model, values), filtered, met, 0, 1)


def secure_from(secure: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the exchange from which each member is secure, and both at once are, (dyad,); infinite if there is none.

    `secure` is at which exchanges a member is secure, (exchange, dyad) by side.
    """
    by_who = {**secure, BOTH: np.logical_and.reduce(list(secure.values()))}
    return {who: first_held(own, DEFAULT_CRITERION.duration) for who, own in by_who.items()}


def met_acts(dyad: ModelSpec, turns: Sequence[Mapping[str, Turn]], side: str, name: str) -> np.ndarray:
    """Return what a member did, on the scale of an outcome, (exchange, dyad)."""
    return np.stack([act_of_other(dyad, turn, OTHER[side], name) for turn in turns])


def simulate_dyad(
    dyad: ModelSpec,
    choices: Mapping[str, MemberChoice],
    exchanges: int,
    distress: float = 0.0,
    n_dyads: int = N_DYADS,
    seed: int = 1,
) -> DyadResult:
    """Simulate dyads of the same two members.

    Parameters
    ----------
    dyad
        A model of `members.dyad_of`.
    choices
        What is chosen for each member, by side.
    exchanges
        How many exchanges a dyad has.
    distress
        The probability that something distressing happens to a member before an exchange.
    """
    values = {side: member_values(dyad.members[side].model, choices[side], n_dyads) for side in SIDES}
    sides = first_sides(dyad, values_by_side(values), dict.fromkeys(SIDES, DistressProcess(rate=distress)))
    turns = list(simulate_exchanges(dyad, sides, exchanges, np.random.default_rng(seed)))
    paths = {side: member_path(dyad, values[side], turns, side) for side in SIDES}
    secure = {side: np.stack([is_secure_after(sides[side], turn[side]) for turn in turns]) for side in SIDES}
    acts, bids = {}, {}
    for side in SIDES:
        learner = dyad.members[OTHER[side]]
        acts[side] = met_acts(dyad, turns, side, learner.outcome)
        bids[side] = met_acts(dyad, turns, side, bid_name(learner))
    return DyadResult(
        {side: belief_array(path, n_dyads, True)[:, 0] for side, path in paths.items()},
        acts,
        bids,
        secure_from(secure),
        max(exchanges + 1 - DEFAULT_CRITERION.duration, 0),
    )


def secure_shares(result: DyadResult) -> dict[str, np.ndarray]:
    """Return the share of dyads in which one member, the other and both at once are secure by each exchange.

    Keys are the sides and "both"; exchanges from which security cannot be assessed are left out.
    """
    exchange = np.arange(1, result.horizon + 1)[:, None]
    return {who: (own <= exchange).mean(axis=1) for who, own in result.secure_from.items()}


def summary(values: np.ndarray) -> xr.Dataset:
    """Return the median and the range of 90% of dyads of values (position, dyad): `low`, `middle`, `high`."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=1)
    at = {"position": np.arange(len(values))}
    return xr.Dataset({"low": ("position", low), "middle": ("position", middle), "high": ("position", high)}, at)
