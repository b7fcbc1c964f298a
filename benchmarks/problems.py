"""What the peers race on: a theory with one rating, and simulated sessions of it."""

from pathlib import Path
from typing import NamedTuple

import xarray as xr

from iwm_bayes.model.model_file import load_model
from iwm_bayes.model.priors import FreeParameter, free_parameters
from iwm_bayes.simulation.care import intermittent
from iwm_bayes.simulation.simulate import Phase, simulate
from iwm_bayes.types import ModelSpec

HERE = Path(__file__).parent
SHAPES = {"two_level_hgf": (30, 400), "rescorla_wagner": (100, 60)}  # people x events


class Problem(NamedTuple):
    """A theory, sessions simulated from it, and its rows: what varies between people."""

    name: str
    model: ModelSpec
    data: xr.Dataset
    rows: list[FreeParameter]


def problem(name: str) -> Problem:
    """One figure whose care is good and bad by turns of fifteen sessions; truth drawn from the priors, seed 1."""
    people, events = SHAPES[name]
    model = load_model(HERE / f"{name}.toml")
    data = simulate(model, [Phase({"figure": intermittent(every=15)}, events)], people, 1)
    return Problem(name, model, data, [row for row in free_parameters(model, ["figure"])])
