"""What a model takes from a data set, apart from any engine: labels by dim, and arrays by name.

    parameter           labels of pooled parameters           event_array     (event, event_field, person)
    parameter_partial   of the partially pooled ones          response_array  (response_field, event, person)
    parameter_person    of those that differ by person,       design          (coefficient, person)
                        then of innovations
    coefficient, group, group_level    of formulas            membership      (group_level, person)
    innovation_name     of the rule, where it has any; innovation_row, of their rows of theta

Nothing here needs PyMC or PyTensor, whose import takes seconds.
"""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import event_array, event_fields, event_terms, response_array, response_fields
from iwm_bayes.model.priors import FreeParameter, figure_names, free_parameters, group_of_level
from iwm_bayes.types import Z_CI90, InputError, ModelSpec, Parameter


def parameters_pooled(model: ModelSpec, figures: list[str], *poolings: str) -> list[FreeParameter]:
    """Return the free parameters with one of the given kinds of pooling, in the model's order."""
    return [free for free in free_parameters(model, figures) if free.parameter.pooling in poolings]


def innovation_parameters(model: ModelSpec, n_events: int) -> list[FreeParameter]:
    """Return the innovations of a model as parameters of a person without pooling, those of one kind in a row."""
    standard_normal = Parameter("real", (-Z_CI90, Z_CI90), prior_between_sd=0.0, pooling="none")
    return [
        FreeParameter(f"{name} at event {event}", name, standard_normal, 0.0, 1.0)
        for name in model.rule.innovations
        for event in range(n_events)
    ]


def theta_parameters(model: ModelSpec, data: xr.Dataset) -> list[FreeParameter]:
    """Return what theta has a row for: the free parameters, then the innovations."""
    return [*free_parameters(model, figure_names(data)), *innovation_parameters(model, data.sizes["event"])]


def unpooled_parameters(model: ModelSpec, data: xr.Dataset) -> list[FreeParameter]:
    """Return what people have without a group: parameters without pooling, then the innovations."""
    return [free for free in theta_parameters(model, data) if free.parameter.pooling == "none"]


def effect_labels(data: xr.Dataset) -> dict[str, list[str]]:
    """Return the labels of effects and group levels, by dim; empty without formulas."""
    labels = {
        dim: [str(label) for label in data[dim].values] for dim in ("coefficient", "group_level") if dim in data.dims
    }
    if "group_level" in labels:
        labels["group"] = list(dict.fromkeys(group_of_level(labels["group_level"])))
    return labels


def innovation_labels(model: ModelSpec, data: xr.Dataset) -> dict[str, list[str]]:
    """Return the labels of innovations and of their rows of theta, by dim; empty for a model without any."""
    rows = [free.label for free in innovation_parameters(model, data.sizes["event"])]
    return {"innovation_name": list(model.rule.innovations), "innovation_row": rows} if rows else {}


def coordinates(model: ModelSpec, data: xr.Dataset) -> dict[str, Any]:
    """Return the coordinates of every dim of the hierarchy."""
    figures = figure_names(data)

    def labels(*poolings: str) -> list[str]:
        return [free.label for free in parameters_pooled(model, figures, *poolings)]

    return {
        "parameter": labels("partial", "complete"),
        "parameter_partial": labels("partial"),
        "parameter_other": labels("partial"),
        "parameter_person": labels("partial") + [free.label for free in unpooled_parameters(model, data)],
        "parameter_complete": labels("complete"),
        "person": data["person"].values,
        **innovation_labels(model, data),
        **effect_labels(data),
    }


def check_terms(model: ModelSpec, data: xr.Dataset) -> None:
    """Raise InputError unless the data have the event terms that a model reads."""
    if event_terms(data) != model.rule.terms:
        own, others = (", ".join(names) or "none" for names in (model.rule.terms, event_terms(data)))
        raise InputError([f"{model.name} reads the event terms {own}; these data have {others}. Load both together"])


def model_data(model: ModelSpec, data: xr.Dataset, horizon: int = 1) -> dict[str, np.ndarray]:
    """Return every array of a data set that enters the graph, by the name of its `pm.Data`.

    `horizon` is the number of sessions ahead of a prediction: see `filtering.arrays.last_answer`.
    """
    check_terms(model, data)
    matrices = {name: data[name].values for name in ("design", "membership") if name in data}
    return {"event_array": event_array(data), "response_array": response_array(model, data, horizon)} | matrices


def model_coords(model: ModelSpec, data: xr.Dataset) -> dict[str, Any]:
    """Return the coordinates of every dim of a model's graph."""
    return coordinates(model, data) | {
        "event_field": event_fields(figure_names(data), model.rule.terms),
        "response_field": response_fields(model),
    }
