"""What all inference methods share: the compiled model, the settings, and the way data get into a compiled graph."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.lazy import lazy_module
from iwm_bayes.model.inputs import effect_labels, model_data
from iwm_bayes.model.priors import figure_names
from iwm_bayes.types import InputError, ModelSpec

pm = lazy_module("pymc")

TARGET_ACCEPT = 0.9  # at .8, a tenth of fits diverge where between-person SDs may be zero


class CompiledModel(NamedTuple):
    """A model that is ready to fit any data with the same number of people, figures and covariates."""

    model: ModelSpec
    graph: Any  # a `pm.Model`
    engine: Any  # of a method: nutpie's compiled model, or a likelihood function; it does not pickle
    n_people: int
    figures: list[str]
    effect_labels: dict[str, list[str]]  # of coefficients and group levels, where the study has formulas


class Settings(NamedTuple):
    """Length and seed of a run. An approximation yields `chains` x `draws` draws as a single chain."""

    draws: int = 750
    tune: int = 500
    chains: int = 4
    random_seed: int = 1
    progressbar: bool = False
    target_accept: float = TARGET_ACCEPT  # acceptance rate to which `nuts` tunes: near 1, steps are small
    max_treedepth: int = 10  # of `nuts`: a trajectory doubles at most so often
    chain_store: Path | None = None  # folder in which `nuts` keeps draws, and finds those of an interrupted run


def compiled_model(model: ModelSpec, graph: Any, engine: Any, data: xr.Dataset) -> CompiledModel:
    """Return a graph of these data together with the engine that evaluates it."""
    return CompiledModel(model, graph, engine, data.sizes["person"], figure_names(data), effect_labels(data))


def check_same_shape(compiled: CompiledModel, data: xr.Dataset) -> None:
    """Raise InputError unless the data have the people, figures and covariates for which a model was compiled."""
    if data.sizes["person"] != compiled.n_people or figure_names(data) != compiled.figures:
        raise InputError(
            [
                f"compiled for {compiled.n_people} people and the figures {', '.join(compiled.figures)}; these data "
                f"have {data.sizes['person']} and {', '.join(figure_names(data))}. Compile the model for these data"
            ]
        )
    if effect_labels(data) != compiled.effect_labels:
        raise InputError(["compiled for other covariates or groups. Compile the model for these data"])


def checked_model_data(compiled: CompiledModel, data: xr.Dataset, transform: xr.Dataset) -> dict[str, np.ndarray]:
    """Return all inputs of a graph by the name of their `pm.Data`.

    `transform` is described in `pilot`. InputError where the data have another shape.
    """
    check_same_shape(compiled, data)
    inputs = model_data(compiled.model, data) | {str(name): values.values for name, values in transform.items()}
    return {name: value for name, value in inputs.items() if name in compiled.graph}


def with_model_data(compiled: CompiledModel, data: xr.Dataset, transform: xr.Dataset) -> None:
    """Set the inputs of a graph to those of these data."""
    with compiled.graph:
        pm.set_data(checked_model_data(compiled, data, transform))
