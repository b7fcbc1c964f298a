"""Simulate a study of dyads: two members who learn from each other's acts."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from iwm_bayes.data.dyads.coupling import ANSWER, coupled
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.dyad_loop import first_sides, simulate_exchanges
from iwm_bayes.simulation.population import draw_people, given_people
from iwm_bayes.types import DEFAULT_FIGURE, InputError, ModelSpec


def empty_dyads(model: ModelSpec, exchanges: int, dyads: int) -> xr.Dataset:
    """Return data of dyads before anybody has done anything, (event, person)."""
    shape, dims = (exchanges, dyads), ("event", "person")
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
    named = {name: (dims, values) for name, values in variables.items()}
    return xr.Dataset(named, coordinates, {"time_unit": "session"})


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
        If the model is not one of dyads, there is no exchange, or values are missing.

    Examples
    --------
    >>> simulate_dyads(model, exchanges=30, dyads=40, seed=1)
    """
    if not model.members:
        raise InputError([f"{model.name} is a model of single people. `simulate` simulates it; `dyad_model` joins two"])
    if exchanges < 1:
        raise InputError(["`exchanges` must be 1 or more"])
    generator = np.random.default_rng(seed)
    figures = [DEFAULT_FIGURE]
    values = draw_people(model, figures, dyads, generator) if isinstance(dyads, int) else given_people(model, dyads)
    count = max(value.shape[-1] for value in values.values())
    data = empty_dyads(model, exchanges, count)
    sides = first_sides(model, values, distress)
    for index, turns in enumerate(simulate_exchanges(model, sides, exchanges, generator)):
        for role, turn in turns.items():
            for name, answer in turn.answers.items():
                data[f"{ANSWER}{role}_{name}"][index] = answer
            if distress and role in distress:
                data = data if f"distress_{role}" in data else data.assign({f"distress_{role}": 0.0 * data["time"]})
                data[f"distress_{role}"][index] = turn.filtered.event.distress
    return coupled(model, data)
