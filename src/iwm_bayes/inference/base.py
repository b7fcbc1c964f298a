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

TRANSFORMED_VARIABLES = ("sigma", "sigma_u", "correlation")  # variables of the group that the sampler transforms
TARGET_ACCEPT = 0.9  # at .8, a tenth of fits diverge where between-person SDs may be zero


class CompiledModel(NamedTuple):
    """A model that is ready to fit any data with the same figures and covariates."""

    model: ModelSpec
    engine: Any  # of a method: a sampler, or a likelihood function; it does not pickle
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
    backend: str = "nutpie"  # what samples for `nuts`: see `nuts.BACKENDS`


def compiled_model(model: ModelSpec, engine: Any, data: xr.Dataset) -> CompiledModel:
    """Return a model of these data together with the engine that evaluates it."""
    return CompiledModel(model, engine, figure_names(data), effect_labels(data))


def check_same_labels(compiled: CompiledModel, data: xr.Dataset) -> None:
    """Raise InputError unless the data have the figures and covariates for which a model was compiled."""
    if figure_names(data) != compiled.figures:
        own, others = ", ".join(compiled.figures), ", ".join(figure_names(data))
        raise InputError(
            [f"compiled for the figures {own}; these data have {others}. Compile the model for these data"]
        )
    if effect_labels(data) != compiled.effect_labels:
        raise InputError(["compiled for other covariates or groups. Compile the model for these data"])


def model_inputs(graph: Any, model: ModelSpec, data: xr.Dataset, transform: xr.Dataset) -> dict[str, np.ndarray]:
    """Return all inputs of a model's graph by the name of their `pm.Data`; `transform` is described in `pilot`."""
    inputs = model_data(model, data) | {str(name): values.values for name, values in transform.items()}
    return {name: value for name, value in inputs.items() if name in graph}


def set_model_data(graph: Any, model: ModelSpec, data: xr.Dataset, transform: xr.Dataset) -> None:
    """Set the inputs of a model's graph to those of these data."""
    with graph:
        pm.set_data(model_inputs(graph, model, data, transform))
