"""Simulate a study of dyads: two members who learn from each other's acts."""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import xarray as xr

from iwm_bayes.data.dyads.coupling import ANSWER, coupled
from iwm_bayes.simulation.care import DistressProcess
from iwm_bayes.simulation.dyad_loop import Occasion, Turn, first_sides, simulate_exchanges
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
    return with_exchanges(model, data, simulate_exchanges(model, sides, exchanges, generator), distress or {})


def with_exchanges(
    model: ModelSpec, data: xr.Dataset, exchanges: Iterable[Mapping[str, Turn]], distressed: Collection[str] = ()
) -> xr.Dataset:
    """Return data with what was simulated, coupled: answers, distress of these roles, and innovations."""
    by_exchange = [recorded(turns, distressed) for turns in exchanges]
    columns = {name: np.stack([one[name] for one in by_exchange]) for name in by_exchange[0]}
    if names := list(model.rule.innovations):
        drawn = np.stack([columns.pop(name) for name in names])
        data = data.drop_vars(["true_innovation", "innovation_name"], errors="ignore")
        data = data.assign_coords(innovation_name=names)
        data = data.assign(true_innovation=(("innovation_name", *DIMS), drawn))
    attributes = {name: data[name].attrs for name in columns if name in data}
    simulated = {name: (DIMS, values, attributes.get(name, {})) for name, values in columns.items()}
    return coupled(model, data.assign(simulated))


def occasions_of(model: ModelSpec, data: xr.Dataset) -> list[dict[str, Occasion]]:
    """Return what data of dyads give of every exchange, by role: time, distress, threat, and where people answer."""
    since, by_role = data["since_any"].transpose(*DIMS).values, {}
    for role, member in model.members.items():
        given = {name: data.get(f"{name}_{role}") for name in ("distress", "threat")}
        experience = {
            name: np.zeros(since.shape) if own is None else own.transpose(*DIMS).values for name, own in given.items()
        }
        answered = {
            name: data[f"{ANSWER}{role}_{name}"].notnull().transpose(*DIMS).values for name in member.model.responses
        }
        by_role[role] = [
            Occasion(
                since[exchange],
                experience["distress"][exchange],
                experience["threat"][exchange],
                {name: own[exchange] for name, own in answered.items()},
            )
            for exchange in range(len(since))
        ]
    return [dict(zip(by_role, own, strict=True)) for own in zip(*by_role.values(), strict=True)]


def simulate_dyads_along(
    model: ModelSpec, data: xr.Dataset, values: Mapping[str, np.ndarray], seed: int | np.random.Generator
) -> xr.Dataset:
    """Simulate the dyads of a data set anew: both act again, and experience what the other now does.

    Who has how many exchanges and when, distress, threat, and the places of answers stay as they are. An act that was
    not recorded does not happen, as in a fit.

    Parameters
    ----------
    model
        A model of dyads.
    data
        Their data, in the form of `data.dyads.coupling`.
    values
        Natural-scale values of dyads by parameter, (dyad,).
    seed
        The seed, or the source of random numbers.

    Returns
    -------
    xr.Dataset
        The data with other answers.

    Examples
    --------
    >>> simulate_dyads_along(model, data, values, seed=1)
    """
    occasions, generator = occasions_of(model, data), np.random.default_rng(seed)
    sides = first_sides(model, values)
    exchanges = simulate_exchanges(model, sides, len(occasions), generator, occasions=occasions)
    return with_exchanges(model, data, exchanges)
