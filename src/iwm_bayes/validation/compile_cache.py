"""Designs of simulated studies, and models compiled once per process for all studies of a design."""

from functools import cache
from typing import NamedTuple, Protocol, Self

import numpy as np
import xarray as xr

from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.fit import METHODS
from iwm_bayes.simulation.population import NO_SHIFT, Population, Shift
from iwm_bayes.types import ModelSpec


class SimulatedStudy(NamedTuple):
    """A population with some of its people, and their data."""

    truth: Population
    data: xr.Dataset
    figure: str | None  # whose sessions count where security is judged; None where it is not


class Example(Protocol):
    """What a model is compiled for."""

    def __hash__(self) -> int:
        """Return a hash, because a design is part of the key of a compiled model."""

    def load(self, name: str) -> ModelSpec:
        """Load a model, by name or path, as these studies use it."""

    def draw(self, model: ModelSpec, generator: np.random.Generator, shift: Shift = NO_SHIFT) -> SimulatedStudy:
        """Draw people from the priors of a model, move them by `shift`, and simulate their study."""


class Design(Example, Protocol):
    """What simulated studies look like."""

    def for_compilation(self) -> Self:
        """Return the smallest design for which a compiled model is the same."""


@cache
def compile_cached(model_name: str, design: Example, method: str) -> CompiledModel:
    """Compile a model, by name or path, for a method and the studies of a design, once per process."""
    model = design.load(model_name)
    return METHODS[method].compile(model, design.draw(model, np.random.default_rng(0)).data)
