"""Reciprocity: whether and when both members of a dyad are secure, as the fit implies it.

    secure(t)   both beliefs of a member are secure and resilient after exchange t (`closed_loop`)
    reached     the first exchange from which on somebody, or both at once, are secure for `duration` exchanges

Dyads run in closed loop under the posterior: those of the study from their first exchange, and on from their last one,
and new dyads of the same population. The horizon is as many exchanges as the study has. Whether
security lasts for the duration can be seen until `duration` - 1 exchanges before the horizon; the simulation runs on
so long. Unlike earned security, this is about everybody, secure at first or not.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.dyads.closed_loop import (
    N_DRAWS,
    Loop,
    Played,
    is_secure,
    loops_from_end,
    loops_from_start,
    loops_of_new_dyads,
    run,
)
from iwm_bayes.estimands.estimand import CI90, Estimand
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Criterion, window_sums
from iwm_bayes.estimands.security.tables import interval_columns
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import ModelSpec

BOTH, ONE_ONLY = "both", "one but never both"
LOOPS: Mapping[str, Callable[..., Iterator[Loop]]] = {
    "these dyads, from the first exchange": loops_from_start,
    "these dyads, after the last exchange": loops_from_end,
    "new dyads, from the first exchange": loops_of_new_dyads,
}


def secure_by_who(played: Mapping[str, Played], criterion: Criterion) -> dict[str, np.ndarray]:
    """Return at which exchanges each member is secure, and both are, (exchange, place)."""
    own = {role: is_secure(path, criterion) for role, path in played.items()}
    return own | {BOTH: np.logical_and.reduce(list(own.values()))}


def first_held(secure: np.ndarray, duration: int) -> np.ndarray:
    """Return the first exchange from which on somebody is secure for the duration, (place,); infinite if none is."""
    begins = window_sums(secure, duration) == duration
    never = np.full(secure.shape[1:], np.inf)
    return np.where(begins.any(axis=0), begins.argmax(axis=0) + 1.0, never) if len(begins) else never


def loop_summary(played: Mapping[str, Played], dyads: int, horizon: int, criterion: Criterion) -> dict[str, np.ndarray]:
    """Summarise one loop in every draw.

    Keys are `probability` (who, exchange, sample), `reached` (outcome, sample) and `exchanges` (who, sample).
    """
    secure = secure_by_who(played, criterion)
    held = {who: first_held(own, criterion.duration).reshape(-1, dyads) for who, own in secure.items()}
    one, other = (np.isfinite(held[role]) for role in played)
    only = (one | other) & ~np.isfinite(held[BOTH])
    now = [own[:horizon].reshape(horizon, -1, dyads).mean(axis=2) for own in secure.values()]
    middle = [np.quantile(own, 0.5, axis=1, method="inverted_cdf") for own in held.values()]  # infinite: no averages
    return {
        "probability": np.stack(now),
        "reached": np.stack([*(np.isfinite(own).mean(axis=1) for own in held.values()), only.mean(axis=1)]),
        "exchanges": np.stack(middle),
    }


def horizon_of(fit: xr.DataTree) -> int:
    """Return the number of exchanges that are looked at: as many as the study has."""
    return int(fit["constant_data"]["present"].sum("event").max())


def reciprocity(
    model: ModelSpec,
    fit: xr.DataTree,
    criterion: Criterion = DEFAULT_CRITERION,
    draws: int = N_DRAWS,
    seed: int = 1,
) -> xr.Dataset:
    """Compute by closed-loop simulation when each member, and when both, are secure.

    Parameters
    ----------
    model, fit
        A model of dyads, and its fit by any method.
    criterion
        What counts as secure; it is stored in the attributes.
    draws
        About how many draws are used.
    seed
        Of everything that members do.

    Returns
    -------
    xr.Dataset
        - probability (dyads, who, exchange, chain, draw): share of dyads in which somebody is secure at an exchange;
          `who` is a role, or "both"
        - reached (dyads, outcome, chain, draw): share in which somebody becomes secure for the duration by the horizon;
          `outcome` is one of `who`, or "one but never both"
        - exchanges (dyads, who, chain, draw): until half of the dyads are; infinite if fewer are by the horizon
    """
    horizon, who = horizon_of(fit), [*model.members, BOTH]
    sample = thin_draws(fit["unconstrained_posterior"].to_dataset(), draws).stack(sample=("chain", "draw"))["sample"]
    by_loop: list[dict[str, np.ndarray]] = []
    for make in LOOPS.values():
        rng = np.random.default_rng(seed)
        batches = [
            loop_summary(run(model, loop, horizon + criterion.duration - 1, rng), loop.dyads, horizon, criterion)
            for loop in make(model, fit, draws, rng)
        ]
        by_loop.append({name: np.concatenate([one[name] for one in batches], axis=-1) for name in batches[0]})
    dims = {"probability": ("who", "exchange"), "reached": ("outcome",), "exchanges": ("who",)}
    found = xr.Dataset(
        {name: (("dyads", *own, "sample"), np.stack([one[name] for one in by_loop])) for name, own in dims.items()},
        {"dyads": list(LOOPS), "who": who, "outcome": [*who, ONE_ONLY], "exchange": np.arange(1, horizon + 1)},
    )
    found = found.assign_coords(sample.coords).unstack("sample").transpose(..., "chain", "draw")
    return found.assign_attrs(criterion._asdict() | {"horizon": horizon})


def reciprocity_table(found: xr.Dataset) -> pd.DataFrame:
    """Make one line per kind of dyads and outcome."""
    lines = []
    for dyads in map(str, found["dyads"].values):
        for outcome in map(str, found["outcome"].values):
            line: dict[str, object] = {"dyads": dyads, "secure": outcome, "by_exchange": found.attrs["horizon"]}
            line |= interval_columns("reached", found["reached"].sel(dyads=dyads, outcome=outcome).values)
            if outcome in found["who"]:
                own = found.sel(dyads=dyads, who=outcome)
                line |= interval_columns("at_horizon", own["probability"].isel(exchange=-1).values)
                line |= interval_columns("exchanges", own["exchanges"].values)
                line["censored"] = bool(np.isinf(np.quantile(own["exchanges"], 0.5, method="inverted_cdf")))
            lines.append(line)
    return pd.DataFrame(lines)


def reciprocity_answers(found: xr.Dataset) -> dict[str, xr.DataArray]:
    """Return the share that reaches each outcome, by draw."""
    return {
        f"share of dyads that become secure ({outcome}), {dyads}": found["reached"].sel(
            dyads=dyads, outcome=outcome, drop=True
        )
        for dyads in map(str, found["dyads"].values)
        for outcome in map(str, found["outcome"].values)
    }


RECIPROCITY = Estimand(
    "reciprocity",
    "Reciprocity: when both members are secure",
    lambda model, fit, _: reciprocity(model, fit),
    reciprocity_table,
    "How many dyads become secure, by simulation of both members under the fit: each member, both at once, or one "
    "without the other. A member's own report differs: it follows the acts that were observed, and counts only those "
    "who were insecure at baseline.",
    {
        "secure": "who becomes secure: both beliefs at the criterion of earned security or above, and resilient, for "
        "its duration",
        "reached": f"share of dyads in which this happens by the horizon, with its {CI90}",
        "at_horizon": "share of dyads in which it is so at the last exchange",
        "exchanges": "exchanges until it is so in half of the dyads; blank if it is not by the horizon",
        "censored": "whether fewer than half of the dyads get there by the horizon",
        ONE_ONLY: "one member becomes secure, and never both at once for the duration",
    },
    section="answer",
    answers=reciprocity_answers,
    about="dyads",
)
