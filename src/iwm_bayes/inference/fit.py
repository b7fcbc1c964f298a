"""From a theory and data to a posterior, by any of several methods.

A fit is an `xarray.DataTree`. Its `posterior` is on the link scale, whatever a method worked in:

    centre (row), spread (partial), level (personal, person)
    effect (term), group_spread (grouping), deviation (member)   where the study has formulas
    correlation (partial, other)                                 where the theory says `correlated`

with the Dataset that was fitted in `data`. `nuts` is exact; beside it stand `sample_stats`, and in `constant_data` the
coordinates in which people were sampled (see `pilot`). The others are approximations; their `posterior` says so in its
attribute `approximate`, and beside `laplace` stands by how much its centres and spreads are too high (see `bias`).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import xarray as xr

from iwm_bayes.inference.base import CompiledModel, Settings
from iwm_bayes.inference.laplace.method import compile_likelihood, laplace, quadrature
from iwm_bayes.inference.nuts import compile_model, nuts
from iwm_bayes.types import InputError, ModelSpec

__all__ = ["METHODS", "CompiledModel", "Method", "Settings", "compile_likelihood", "compile_model", "fit", "laplace", "nuts"]


class Method(NamedTuple):
    """A way to a posterior: make a theory ready for data of one shape, then fit as many data sets as there are."""

    compile: Callable[[ModelSpec, xr.Dataset], CompiledModel]
    fit: Callable[[CompiledModel, xr.Dataset, Settings], xr.DataTree]


METHODS: Mapping[str, Method] = {
    "nuts": Method(compile_model, nuts),
    "laplace": Method(compile_likelihood, laplace),
    "quadrature": Method(compile_likelihood, quadrature),
}


def fit(model: ModelSpec, data: xr.Dataset, method: str = "nuts", **settings: Any) -> xr.DataTree:
    """Compile and fit in one call; keywords are those of `Settings`."""
    if method not in METHODS:
        raise InputError([f"there is no method {method!r}; choose from {', '.join(METHODS)}"])
    chosen = METHODS[method]
    return chosen.fit(chosen.compile(model, data), data, Settings(**settings))
