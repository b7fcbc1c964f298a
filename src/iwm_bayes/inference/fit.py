"""The inference methods by name, and `fit`, which compiles and fits in one call.

A fit is an `xarray.DataTree`. Its `posterior` is on the link scale, whatever scale a method worked on:

    mu          (parameter)                   group means
    sigma       (parameter)                   between-person SDs of partially pooled parameters
    theta       (parameter, person)           person-level parameters
    beta        (coefficient)                 coefficients of covariates, where the study has formulas
    sigma_u     (group)                       SDs between the levels of a group, such as therapists
    u           (group_level)                 deviations of the levels of a group
    correlation (parameter, parameter_other)  where the model is `correlated`

A variable is NaN where it does not apply to a parameter. `data` holds the Dataset that was fitted. `nuts` is exact; its
fits have `sample_stats`, and in `constant_data` the transform in which people were sampled (see `pilot`). The other
methods are approximations. Their `posterior` has the attribute `approximate`, and a fit by `laplace` has the bias of
its `mu` and `sigma` in `bias` (see `laplace.bias`).
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import xarray as xr

from iwm_bayes.data.binding import forgotten_statements
from iwm_bayes.inference.base import CompiledModel, Settings
from iwm_bayes.inference.laplace.method import compile_likelihood, laplace, no_correlations, quadrature
from iwm_bayes.inference.nuts import BACKENDS, compile_model, nuts
from iwm_bayes.progress import timed_step
from iwm_bayes.types import InputError, ModelSpec

__all__ = [
    "METHODS",
    "CompiledModel",
    "Method",
    "Settings",
    "compile_likelihood",
    "compile_model",
    "fit",
    "laplace",
    "nuts",
]


COMPILING = "Compiling (about twenty seconds at the first use on a machine)"


class Method(NamedTuple):
    """An inference method: compile a model for data with these figures and covariates, then fit any such data."""

    compile: Callable[[ModelSpec, xr.Dataset], CompiledModel]
    fit: Callable[[CompiledModel, xr.Dataset, Settings], xr.DataTree]


METHODS: Mapping[str, Method] = {
    "nuts": Method(compile_model, nuts),
    "laplace": Method(compile_likelihood, laplace),
    "quadrature": Method(compile_likelihood, quadrature),
}


def chosen_method(name: str, backend: str) -> Method:
    """Return the method of this name, with a backend of `nuts`; InputError where there is none."""
    if name not in METHODS:
        raise InputError([f"there is no method {name!r}; choose from {', '.join(METHODS)}"])
    if backend not in BACKENDS:
        raise InputError([f"there is no backend {backend!r}; choose from {', '.join(BACKENDS)}"])
    if backend == Settings().backend:
        return METHODS[name]
    if name != "nuts":
        raise InputError([f"the method {name} has no backend. Leave out {backend}, or fit by nuts"])
    return Method(partial(compile_model, backend=backend), nuts)


def check_method(name: str, model: ModelSpec) -> None:
    """Raise InputError where there is no method of this name, or it cannot fit a model."""
    if name not in METHODS:
        raise InputError([f"there is no method {name!r}; choose from {', '.join(METHODS)}"])
    if model.correlated and name != "nuts":
        raise InputError([f"{model.name}: {no_correlations(name, bool(model.members))}"])


def fit(model: ModelSpec, data: xr.Dataset, method: str = "nuts", **settings: Any) -> xr.DataTree:
    """Fit a model to data.

    Parameters
    ----------
    model
        A model: what `load_data` returns with the data, or what simulated data were made with.
    data
        A Dataset over (event, person), as returned by `load_data` or `simulate`.
    method
        "nuts", "laplace" or "quadrature".
    **settings
        Fields of `Settings`, such as `draws`, `chains` and `random_seed`.

    Returns
    -------
    xarray.DataTree
        The fit, as described at the top of this module.

    Raises
    ------
    InputError
        Where no method has this name, the method cannot fit the model, or the model lacks what the study of the data
        states about timing, scales and reliabilities.
    """
    if problems := forgotten_statements(model, data):
        raise InputError(problems)
    check_method(method, model)
    asked = Settings(**settings)
    chosen = chosen_method(method, asked.backend)
    with timed_step(COMPILING, disable=not asked.progressbar):
        compiled = chosen.compile(model, data)
    return chosen.fit(compiled, data, asked)
