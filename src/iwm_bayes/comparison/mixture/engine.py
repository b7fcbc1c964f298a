"""The mixture of models as nutpie samples it by address: a table of the shared response group and of every model.

The equations are those of `mixture.graph`; `inference.engine.mixture` computes them. A point has the quantiles of the
frequencies, the shared group, and then the coordinates of each model.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.comparison.comparability import FittedModel
from iwm_bayes.comparison.mixture.parts import common_parameters, complete_pooling_values, free_only, own_model
from iwm_bayes.inference.engine.mixture import compile_mixture_kernels
from iwm_bayes.inference.engine.model_table import hierarchy_parts, likelihood_parts
from iwm_bayes.inference.engine.sampler import EngineModel, Start, Stored, check_nutpie, make_start, stored_variables
from iwm_bayes.inference.engine.table import Table, join_tables, make_table
from iwm_bayes.model.inputs import coordinates, model_data, parameters_pooled
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.types import ModelSpec


def places(labels: Sequence[str], others: Sequence[str]) -> np.ndarray:
    """Return where labels are among others; -1 where they are not."""
    return np.array([others.index(label) if label in others else -1 for label in labels], dtype=int)


def group_data(data: xr.Dataset) -> xr.Dataset:
    """Return the data of a group that no covariate moves."""
    return data.drop_dims(["coefficient", "group_level"], errors="ignore")


def shared_parts(model: ModelSpec, data: xr.Dataset, n_models: int) -> dict[str, Any]:
    """Return the table of the shared response group, which has no people of its own: models have them.

    `model` is one in which nothing else is free.
    """
    nobody = group_data(data).isel(person=slice(0))
    parts = hierarchy_parts(model, nobody, {})
    return parts | {"n_models": n_models, "density": compile_mixture_kernels().density.address}


def frequency_start(n_models: int) -> Start:
    """Return where the quantiles of the frequencies begin: at 0, as the only coordinates of their part."""
    return Start(np.zeros(0), n_others=n_models - 1)


def model_parts(
    fitted: FittedModel, own: ModelSpec, shared: ModelSpec, common: set[str], transform: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Return the table of one model: the hierarchy is that of `own`, and the likelihood has all parameters."""
    model, data, figures = fitted.model, fitted.data, figure_names(fitted.data)
    shared_labels = {dim: coordinates(shared, data)[dim] for dim in ("parameter_partial", "parameter_complete")}
    rows, by_person = (
        [free.label for free in free_parameters(model, figures)],
        coordinates(own, data)["parameter_person"],
    )
    complete = [free.label for free in parameters_pooled(model, figures, "complete")]
    fixed = complete_pooling_values(fitted, common)
    return hierarchy_parts(own, data, transform) | {
        "n_parameters": len(rows),
        "person_row": places(by_person, rows),
        "n_complete": len(complete),
        "complete_row": places(complete, rows),
        "complete_index": np.full(len(complete), -1),
        "fixed_complete": np.array([fixed[label][0] if label in fixed else 0.0 for label in complete]),
        "shared_row": places(by_person, shared_labels["parameter_partial"]),
        "shared_complete": places(complete, shared_labels["parameter_complete"]),
    }


def prefixed(stored: Stored, prefix: str) -> Stored:
    """Return variables and dims under a model's name, as in the graph; people are those of all models."""

    def name(dim: str) -> str:
        return dim if dim == "person" else f"{prefix}{dim}"

    dims = {f"{prefix}{key}": tuple(map(name, own)) for key, own in stored.dims.items()}
    return Stored(dims, {name(dim): labels for dim, labels in stored.coords.items()})


def without_people(stored: Stored) -> Stored:
    """Return the variables of groups alone."""
    dims = {name: own for name, own in stored.dims.items() if "person" not in own}
    return stored._replace(dims=dims)


def mixture_variables(models: Sequence[FittedModel], parts: Sequence[Stored]) -> Stored:
    """Return the variables that are stored of a mixture; `parts` are those of the shared group and of every model."""
    dims: dict[str, tuple[str, ...]] = {"frequency": ("model",), "attribution": ("model", "person")}
    coords = {"model": [one.model.name for one in models], "person": [str(x) for x in models[0].data["person"].values]}
    for prefix, part in zip(("", *(f"{one.model.name}::" for one in models)), parts, strict=True):
        own = prefixed(without_people(part), prefix)
        dims |= own.dims
        coords |= {dim: own.coords[dim] for names in own.dims.values() for dim in names}
    return Stored(dims, coords)


def mixture_sampler(
    models: Sequence[FittedModel], transforms: Sequence[Mapping[str, np.ndarray]], person_kernels: Sequence[Any]
) -> EngineModel:
    """Return the mixture for nutpie.

    `transforms` have the arrays of every model's coordinates, and `person_kernels` are their likelihoods.
    """
    common, first = common_parameters(models), models[0]
    shared = free_only(first.model, common)
    own = [own_model(one, common) for one in models]
    shared_table = shared_parts(shared, first.data, len(models))
    tables = [make_table(shared_table)]
    parts = [stored_variables(shared, group_data(first.data), False)]
    starts = [frequency_start(len(models)), make_start(shared_table, {})]
    for one, spec, transform, kernel in zip(models, own, transforms, person_kernels, strict=True):
        hierarchy = model_parts(one, spec, shared, common, transform)
        arrays = model_data(one.model, one.data)
        tables.append(make_table(hierarchy | likelihood_parts(kernel, arrays)))
        parts.append(stored_variables(spec, one.data, hierarchy["n_correlations"] > 0))
        starts.append(make_start(hierarchy, {}))
    stored = mixture_variables(models, parts)
    table: Table = join_tables(tables)
    return EngineModel(stored.dims, compile_mixture_kernels(), table, stored, tuple(starts), tuple(person_kernels))


def fast_mixture(models: Sequence[FittedModel], transforms: Sequence[Mapping[str, np.ndarray]]) -> EngineModel:
    """Return the mixture for nutpie, with the likelihoods of its models in machine code."""
    from iwm_bayes.model.person_step import person_kernel  # it imports PyTensor

    check_nutpie(compile_mixture_kernels())
    kernels = [person_kernel(one.model, figure_names(one.data)) for one in models]
    return mixture_sampler(models, transforms, kernels)
