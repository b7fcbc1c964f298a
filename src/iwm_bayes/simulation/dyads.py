"""Simulate a study of dyads: two members who learn from each other's acts."""

from collections.abc import Collection, Mapping

import numpy as np
import xarray as xr

from iwm_bayes.data.dyads.coupling import ANSWER, coupled
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.dyad_loop import Turn, first_sides, simulate_exchanges
from iwm_bayes.simulation.population import draw_people, given_people
from iwm_bayes.types import DEFAULT_FIGURE, InputError, ModelSpec

DIMS = ("event", "person")


def empty_dyads(model: ModelSpec, exchanges: int, dyads: int) -> xr.Dataset:
    """Return data of dyads before anybody has done anything, (event, person)."""
    shape = (exchanges, dyads)
    number = np.broadcast_to(np.arange(1.0, exchanges + 1.0)[:, None], shape)
    zeros = ("outcome", "rated", "distress", "threat")
    variables = {name: np.zeros(shape) for name in zeros} | {
        "since_any": np.ones(shape),
        "since_figure": np.ones(shape),
    }
    variables |= {"session": number.copy(), "time": number.copy(), "figure_index": np.zeros(shape, dtype=int)}
    variables |= {"present": np.ones(shape, dtype=bool), "assessment": np.zeros(shape, dtype=bool)}
    variables |= {f"{ANSWER}{name}": np.full(shape, np.nan) for name in model.responses}
    people = [f"d{index + 1:03d}" for index in range(dyads)]
    coordinates = {"person": people, "event": np.arange(exchanges), "figure": [DEFAULT_FIGURE]}
    named = {name: (DIMS, values) for name, values in variables.items()}
    return xr.Dataset(named, coordinates, {"time_unit": "session"})


def recorded(turns: Mapping[str, Turn], distressed: Collection[str]) -> dict[str, np.ndarray]:
    """Return what is kept of an exchange, (person,) each: answers, distress of these roles, and innovations."""
    kept = {f"{ANSWER}{role}_{name}": own for role, turn in turns.items() for name, own in turn.answers.items()}
    kept |= {f"distress_{role}": turns[role].filtered.event.distress for role in distressed}
    latent = {role: turn.filtered.event.innovations for role, turn in turns.items()}
    return kept | {f"{role} {name}": own for role, by_name in latent.items() for name, own in by_name.items()}


def simulate_dyads(
    model: ModelSpec,
    exchanges: int,
    dyads: int | Mapping[str, np.ndarray | float],
    seed: int | np.random.Generator,
    distress: Mapping[str, DistressProcess] | None = None,
) -> xr.Dataset:
    """Simulate the exchanges of dyads in closed loop.

    Parameters
    ----------
    model
        A model of dyads, of `model.dyad.dyad_model`.
    exchanges
        How many exchanges each dyad has.
    dyads
        How many dyads to draw from the model's priors, or their natural-scale values by parameter, (dyad,).
    seed
        The seed, or the source of random numbers.
    distress
        How distress of a member rises and falls, by role. By default there is none.

    Returns
    -------
    xr.Dataset
        Exchanges, in the form of `data.dyads.coupling`.

    Raises
    ------
    InputError
        If the model is not one of dyads, there is no exchange, a role is unknown, or values are missing.

    Examples
    --------
    >>> simulate_dyads(model, exchanges=30, dyads=40, seed=1)
    """
    if not model.members:
        raise InputError([f"{model.name} is a model of single people. `simulate` simulates it; `dyad_model` joins two"])
    problems = ["`exchanges` must be 1 or more"] if exchanges < 1 else []
    known = ", ".join(model.members)
    problems += [
        f"`distress`: there is no member {role}: the members are {known}"
        for role in distress or {}
        if role not in model.members
    ]
    if problems:
        raise InputError(problems)
    generator = np.random.default_rng(seed)
    figures = [DEFAULT_FIGURE]
    values = draw_people(model, figures, dyads, generator) if isinstance(dyads, int) else given_people(model, dyads)
    count = max(value.shape[-1] for value in values.values())
    data, sides = empty_dyads(model, exchanges, count), first_sides(model, values, distress)
    by_exchange = [recorded(turns, distress or {}) for turns in simulate_exchanges(model, sides, exchanges, generator)]
    columns = {name: np.stack([one[name] for one in by_exchange]) for name in by_exchange[0]}
    if names := list(model.rule.innovations):
        drawn = np.stack([columns.pop(name) for name in names])
        data = data.assign_coords(innovation_name=names)
        data = data.assign(true_innovation=(("innovation_name", *DIMS), drawn))
    return coupled(model, data.assign({name: (DIMS, values) for name, values in columns.items()}))
