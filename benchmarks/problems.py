"""The problems of the comparison with other programs: a model with one rating, and sessions simulated from it."""

from pathlib import Path
from typing import NamedTuple

import xarray as xr

from iwm_bayes.model.priors import FreeParameter, free_parameters
from iwm_bayes.model.specification.model_file import load_model
from iwm_bayes.simulation.care import intermittent
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

HERE = Path(__file__).parent
SHAPES = {"two_level_hgf": (30, 400), "rescorla_wagner": (100, 60)}  # people x events


class Problem(NamedTuple):
    """A model, sessions simulated from it, and its free parameters, all of which vary between people."""

    name: str
    model: ModelSpec
    data: xr.Dataset
    parameters: list[FreeParameter]


def problem(name: str) -> Problem:
    """Simulate one figure whose care alternates every fifteen sessions; true values are from the priors, seed 1."""
    people, events = SHAPES[name]
    model = load_model(HERE / f"{name}.toml")
    data = simulate(model, [Phase({"figure": intermittent(every=15)}, events)], people, 1)
    return Problem(name, model, data, free_parameters(model, ["figure"]))
