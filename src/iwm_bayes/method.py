"""What every way to a posterior shares: a theory made ready for data of one shape, and how long to work."""

from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import xarray as xr

from iwm_bayes.core import InputError, Model
from iwm_bayes.hierarchy import moving
from iwm_bayes.population import figures_of


class Compiled(NamedTuple):
    """A theory ready to fit, for any data with these people, figures and covariates."""

    model: Model
    graph: pm.Model
    engine: Any  # what does the work: nutpie's compiled model, a likelihood; it does not pickle
    people: int
    figures: list[str]
    moving: dict[str, list[str]]  # labels of effects and members, where the study has formulas


class Settings(NamedTuple):
    """How long to sample, and from which seed. An approximation is drawn from, chains x draws times."""

    draws: int = 750
    tune: int = 500
    chains: int = 4
    seed: int = 1
    progress: bool = False


def compiled(model: Model, graph: pm.Model, engine: Any, data: xr.Dataset) -> Compiled:
    """A graph of these data with what works on it."""
    return Compiled(model, graph, engine, data.sizes["person"], figures_of(data), moving(data))


def check(ready: Compiled, data: xr.Dataset) -> None:
    """InputError unless the data have the people, figures and covariates that a theory was compiled for."""
    if data.sizes["person"] != ready.people or figures_of(data) != ready.figures:
        raise InputError(
            [
                f"compiled for {ready.people} people and the figures {', '.join(ready.figures)}; these data have "
                f"{data.sizes['person']} and {', '.join(figures_of(data))}. Compile the theory for these data"
            ]
        )
    if moving(data) != ready.moving:
        raise InputError(["compiled for other covariates or groups. Compile the theory for these data"])


def half_way(graph: pm.Model) -> xr.Dataset:
    """Everything sampled half-way between the centred and the non-centred form."""
    partial, grouping = (list(graph.coords.get(dim, ())) for dim in ("partial", "grouping"))
    found = xr.Dataset({"centredness": ("partial", np.full(len(partial), 0.5))}, {"partial": partial})
    halves = xr.DataArray(np.full(len(grouping), 0.5), {"grouping": grouping}, ("grouping",))
    return found.assign(group_centredness=halves) if grouping else found
