"""A model and its data as nutpie samples them: two C functions by address, a table, and the variables to store.

Nothing is compiled for a new number of people, sessions, covariates or groups: only the table is made anew. Chains
begin at random, as PyMC begins them: each coordinate is that of the start plus a uniform number from -1 to 1. The start
of people is z = 0, and that of group levels is where they are centred.
"""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from nutpie import _lib
from nutpie.sample import CompiledModel as NutpieModel
from scipy import special

from iwm_bayes.inference.engine.density import Kernels, compile_kernels
from iwm_bayes.inference.engine.model_table import hierarchy_parts, likelihood_parts
from iwm_bayes.inference.engine.table import Table, make_table
from iwm_bayes.model.inputs import coordinates, model_data
from iwm_bayes.model.priors import figure_names
from iwm_bayes.types import ModelSpec

POINT_NAMES = "unconstrained_parameter"  # nutpie's dim of the sampler's coordinates


def function_at(address: int, n_sizes: int, n_pointers: int) -> Any:
    """Return the C function at an address, of some sizes and pointers, for a call from Python."""
    arguments = [ctypes.c_uint64] * n_sizes + [ctypes.c_void_p] * n_pointers
    return ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(address)


class Stored(NamedTuple):
    """Variables that are stored for every draw, in order: dims by name, and labels by dim."""

    dims: dict[str, tuple[str, ...]]
    coords: dict[str, list[str]]

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a variable."""
        return tuple(len(self.coords[dim]) for dim in self.dims[name])

    @property
    def size(self) -> int:
        """Return how many numbers are stored."""
        return sum(int(np.prod(self.shape(name))) for name in self.dims)


class Start(NamedTuple):
    """Where the coordinates of one model begin, before random numbers are added; see `group.Point`."""

    mu: np.ndarray
    sigma: np.ndarray = np.zeros(0)
    beta: np.ndarray = np.zeros(0)
    sigma_u: np.ndarray = np.zeros(0)
    level_shift: np.ndarray = np.zeros((0, 0))  # (group_level, mu): where levels are centred, per unit of a group mean
    n_others: int = 0  # correlations and z, all 0


@dataclass(frozen=True)
class EngineModel(NutpieModel):
    """What `nutpie.sample` takes: addresses of the C functions, their table, and where chains begin."""

    kernels: Kernels
    table: Table
    stored: Stored
    starts: tuple[Start, ...]  # one after another
    person_kernels: tuple[Any, ...]  # kept alive for their addresses

    @property
    def n_dim(self) -> int:
        return sum(map(n_coordinates, self.starts))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: self.stored.shape(name) for name in self.stored.dims}

    @property
    def coords(self) -> dict[str, Any]:
        return {dim: pd.Index(labels) for dim, labels in self.stored.coords.items()}

    def log_density(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log density at a point (dim,) and its gradient, as nutpie gets them."""
        values, gradient, log_density = np.array(point, dtype=float), np.empty(self.n_dim), np.empty(1)
        arrays = (values, gradient, log_density, self.table.records)
        function_at(self.kernels.density.address, 1, len(arrays))(self.n_dim, *(x.ctypes.data for x in arrays))
        return float(log_density[0]), gradient

    def stored_values(self, point: np.ndarray) -> np.ndarray:
        """Return the values, one after another, that are stored for a point (dim,)."""
        values, stored = np.array(point, dtype=float), np.empty(self.stored.size)
        arrays = (values, stored, self.table.records)
        function = function_at(self.kernels.expand.address, 2, len(arrays))
        function(self.n_dim, len(stored), *(x.ctypes.data for x in arrays))
        return stored

    def _make_model(self, _: Any) -> Any:
        """Return nutpie's model; `self` is handed over so that the table lives as long as the sampler."""
        n_dim, address = self.n_dim, self.table.address
        coords = self.coords | {POINT_NAMES: pd.Index([f"point_{index}" for index in range(n_dim)])}
        sizes = {dim: len(labels) for dim, labels in coords.items()}
        names, shapes = list(self.stored.dims), list(self.shapes.values())
        variables = _lib.PyVariable.new_variables(names, ["float64"] * len(names), shapes, sizes, self.stored.dims)
        return _lib.PyMcModel(
            _lib.LogpFunc(self.kernels.density.address, address, self),
            _lib.ExpandFunc(n_dim, self.stored.size, self.kernels.expand.address, address, self),
            variables,
            n_dim,
            sizes,
            coords,
            lambda seed: initial_point(self.starts, seed),
            no_adapter,
        )

    def _make_sampler(self, settings: Any, init_mean: Any, cores: Any, progress: Any, *more: Any) -> Any:
        """Return nutpie's sampler."""
        return _lib.PySampler.from_pymc(settings, cores, self._make_model(init_mean), progress, *more)


def no_adapter(*_: Any, **__: Any) -> Any:
    """Refuse nutpie's learned transforms, which need a density in JAX."""
    raise NotImplementedError("the transform of this model is set by the pilot fit")


def n_coordinates(start: Start) -> int:
    """Return the length of a point."""
    return sum(map(len, start[:5])) + start.n_others


def start_point(start: Start, jitter: np.ndarray) -> np.ndarray:
    """Return the point (dim,) at some distance (dim,) from the start; group levels follow the group means there."""
    n_group, n_levels = sum(map(len, start[:4])), len(start.level_shift)
    group = np.concatenate(start[:4]) + jitter[:n_group]
    levels = start.level_shift @ group[: len(start.mu)] + jitter[n_group : n_group + n_levels]
    return np.concatenate([group, levels, jitter[n_group + n_levels :]])


def initial_point(starts: Sequence[Start], seed: int) -> np.ndarray:
    """Return the point (dim,) where a chain begins."""
    generator = np.random.default_rng(seed)
    return np.concatenate([start_point(start, generator.uniform(-1.0, 1.0, n_coordinates(start))) for start in starts])


def half_normal_score(sd: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the normal quantile of the prior probability of half-normal SDs, from the tail that is exact."""
    ratio = np.asarray(sd) / scale
    low = special.ndtri(np.minimum(special.erf(ratio / np.sqrt(2.0)), 0.5))
    high = -special.ndtri(np.minimum(2.0 * special.ndtr(-ratio), 0.5))
    return np.where(ratio < special.ndtri(0.75), low, high)


def make_start(parts: Mapping[str, Any], transform: Mapping[str, np.ndarray]) -> Start:
    """Return where chains begin: at the start_* of a transform, otherwise at the middle of the prior."""

    def start(name: str, default: np.ndarray) -> np.ndarray:
        return np.asarray(transform.get(f"start_{name}", default), dtype=float)

    by_mu = np.zeros((parts["n_group_levels"], parts["n_pooled"]))
    by_mu[:, parts["partial_index"]] = parts["level_weights"]
    return Start(
        start("mu", parts["mu_mean"]),
        half_normal_score(start("sigma", parts["sigma_scale"]), parts["sigma_scale"]),
        start("beta", 0.0 * parts["beta_sd"]),
        half_normal_score(start("sigma_u", parts["group_scale"]), parts["group_scale"]),
        parts["group_centredness"][parts["group_of_level"]][:, None] * by_mu,
        parts["n_correlations"] + parts["n_person_parameters"] * parts["n_people"],
    )


def stored_variables(model: ModelSpec, data: xr.Dataset, is_correlated: bool) -> Stored:
    """Return the variables of a model that have any length, in the order of the C function."""
    labels = {dim: [str(name) for name in names] for dim, names in coordinates(model, data).items()}
    dims: dict[str, tuple[str, ...]] = {
        "mu": ("parameter",),
        "sigma": ("parameter_partial",),
        "beta": ("coefficient",),
        "sigma_u": ("group",),
        "u_offset": ("group_level",),
        "correlation": ("parameter_partial", "parameter_other"),
        "theta": ("parameter_person", "person"),
    }
    kept = {name: own for name, own in dims.items() if all(labels.get(dim) for dim in own)}
    if not is_correlated:
        kept.pop("correlation", None)
    used = {dim: labels[dim] for own in kept.values() for dim in own}
    return Stored(kept, used)


def engine_model(
    model: ModelSpec,
    data: xr.Dataset,
    transform: Mapping[str, np.ndarray],
    person_kernel: Any,
    arrays: Mapping[str, np.ndarray],
) -> EngineModel:
    """Return a model and its data for nutpie.

    `transform` has the arrays of a pilot fit, `person_kernel` is the likelihood (None for none), and `arrays` has its
    "event_array" and "response_array".
    """
    parts, kernels = hierarchy_parts(model, data, transform), compile_kernels()
    stored = stored_variables(model, data, parts["n_correlations"] > 0)
    table = make_table(parts | likelihood_parts(person_kernel, arrays) | {"density": kernels.density.address})
    starts = (make_start(parts, transform),)
    return EngineModel(stored.dims, kernels, table, stored, starts, (person_kernel,))


class EngineSampler(NamedTuple):
    """A model that is ready to sample any data with its figures."""

    model: ModelSpec
    person_kernel: Any  # its likelihood; has an `address`, which is valid as long as it lives

    def with_data(self, data: xr.Dataset, transform: xr.Dataset) -> EngineModel:
        """Return nutpie's model of these data, in the transform of people that `inference.pilot` describes."""
        arrays = {str(name): values.values for name, values in transform.items()}
        return engine_model(self.model, data, arrays, self.person_kernel, model_data(self.model, data))


def fast_sampler(model: ModelSpec, data: xr.Dataset) -> EngineSampler:
    """Return the sampler of a model; of the data, only the figures matter."""
    from iwm_bayes.model.person_step import person_kernel  # it imports PyTensor

    compile_kernels()
    return EngineSampler(model, person_kernel(model, figure_names(data)))
