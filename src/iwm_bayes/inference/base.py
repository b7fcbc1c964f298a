"""What every way to a posterior shares: a theory made ready for data of one shape, and how long to work."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import xarray as xr

from iwm_bayes.model.build import model_data
from iwm_bayes.model.hierarchy import effect_labels
from iwm_bayes.model.priors import figure_names
from iwm_bayes.types import InputError, ModelSpec

TARGET_ACCEPT = 0.9  # at .8, where spreads reach down to zero, a tenth of fits diverge


class CompiledModel(NamedTuple):
    """A theory ready to fit, for any data with these people, figures and covariates."""

    model: ModelSpec
    graph: pm.Model
    engine: Any  # what does the work: nutpie's compiled model, a likelihood; it does not pickle
    people: int
    figures: list[str]
    moving: dict[str, list[str]]  # labels of effects and members, where the study has formulas


class Settings(NamedTuple):
    """How long to sample, and from which seed. An approximation is drawn from, chains x draws times, as one chain."""

    draws: int = 750
    tune: int = 500
    chains: int = 4
    random_seed: int = 1
    progressbar: bool = False
    target_accept: float = (
        TARGET_ACCEPT  # share of steps that `nuts` means to accept: the nearer 1, the smaller the steps
    )
    max_treedepth: int = 10  # doublings of one of its trajectories, at most
    chain_store: Path | None = (
        None  # where `nuts` keeps draws while it makes them, and finds those of a run that was stopped
    )


def compiled_model(model: ModelSpec, graph: pm.Model, engine: Any, data: xr.Dataset) -> CompiledModel:
    """A graph of these data with what works on it."""
    return CompiledModel(model, graph, engine, data.sizes["person"], figure_names(data), effect_labels(data))


def check_same_shape(ready: CompiledModel, data: xr.Dataset) -> None:
    """InputError unless the data have the people, figures and covariates that a theory was compiled for."""
    if data.sizes["person"] != ready.people or figure_names(data) != ready.figures:
        raise InputError(
            [
                f"compiled for {ready.people} people and the figures {', '.join(ready.figures)}; these data have "
                f"{data.sizes['person']} and {', '.join(figure_names(data))}. Compile the theory for these data"
            ]
        )
    if effect_labels(data) != ready.moving:
        raise InputError(["compiled for other covariates or groups. Compile the theory for these data"])


def checked_model_data(ready: CompiledModel, data: xr.Dataset, sampled_as: xr.Dataset) -> dict[str, np.ndarray]:
    """All that a graph is given from outside, by the name of its `pm.Data`; InputError for data of another shape."""
    check_same_shape(ready, data)
    found = model_data(ready.model, data) | {str(name): values.values for name, values in sampled_as.items()}
    return {name: value for name, value in found.items() if name in ready.graph}


def with_model_data(ready: CompiledModel, data: xr.Dataset, sampled_as: xr.Dataset) -> None:
    """Put data into a graph."""
    with ready.graph:
        pm.set_data(checked_model_data(ready, data, sampled_as))
