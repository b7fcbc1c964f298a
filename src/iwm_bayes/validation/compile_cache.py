"""Models compiled once per process, for many simulated studies of the same design."""

from functools import cache
from typing import Protocol

import xarray as xr

from iwm_bayes.inference.base import CompiledModel
from iwm_bayes.inference.fit import METHODS
from iwm_bayes.model.model_file import load_model
from iwm_bayes.types import ModelSpec


class Design(Protocol):
    """The size and form of simulated studies; hashable, because it is part of the key of a compiled model."""

    def example(self, model: ModelSpec) -> tuple[ModelSpec, xr.Dataset]:
        """Return the model as these studies use it, and data of this design to compile it for."""


@cache
def compile_cached(model_name: str, design: Design, method: str) -> CompiledModel:
    """Compile a model, by name or path, for a method and the studies of a design, once per process."""
    model, data = design.example(load_model(model_name))
    return METHODS[method].compile(model, data)
