"""Build the PyMC model of a model and a data set. Its data can be swapped without compiling it again.

The random variables are those of `hierarchy`, and one per response over (event, person), where an answer that was not
recorded does not count. `pymc_model` is the same model for researchers, without the sampler's inner parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array, event_fields, response_array, response_fields
from iwm_bayes.filtering.filter import accumulated_readouts
from iwm_bayes.filtering.graph import decaying_sum_graph, scan_events
from iwm_bayes.filtering.readouts import readout_arguments, required_readouts
from iwm_bayes.model.hierarchy import coordinates, declare_hierarchy, dim_name
from iwm_bayes.model.likelihood import declare_response
from iwm_bayes.model.priors import figure_names, natural_values
from iwm_bayes.ops import first_figures, has_figures, stack_figures, sum_over_figures
from iwm_bayes.types import GENERALISED, ModelSpec, Response, map_tree, response_values, rule_values, with_carryover


def model_data(model: ModelSpec, data: xr.Dataset, horizon: int = 1) -> dict[str, np.ndarray]:
    """Return every array of a data set that enters the graph, by the name of its `pm.Data`.

    `horizon` is the number of sessions ahead of a prediction: see `filtering.arrays.last_answer`.
    """
    matrices = {name: data[name].values for name in ("design", "membership") if name in data}
    return {"event_array": event_array(data), "response_array": response_array(model, data, horizon)} | matrices


def parameters_of_figure_met(p: Any, events: Any, figures: int) -> Any:
    """Return a response's parameters at every event; those that differ by figure are those of the figure met."""
    is_figure = stack_figures([events[:, index] for index in range(-2 * figures, -figures)])
    return map_tree(lambda leaf: sum_over_figures(leaf * is_figure) if has_figures(leaf) else leaf, p)


def distribution_arguments(
    response: Response, p: Any, readouts: Sequence[Any], fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a response's family, (event, person) each, with the carryover of the last answer."""
    arguments = response.arguments(p, *readouts)
    if response.carry is None:
        return dict(arguments)
    last, person = fields["last"].astype("int64"), pt.arange(arguments["mu"].shape[1])
    residual = fields["has_last"] * (fields["value"] - arguments["mu"])[last, person]
    return with_carryover(response, p, arguments, residual, fields["elapsed"])


def declare_likelihood_terms(
    model: ModelSpec, data: xr.Dataset, theta: Mapping[str, Any], events: Any, responses: Any
) -> Iterator[tuple[str, dict[str, Any], Any, Any]]:
    """Yield the terms of `natural_likelihood_terms` for link-scale values `theta`, by label of the free parameter."""
    values = natural_values(model, theta, figure_names(data), data.sizes["person"])
    yield from natural_likelihood_terms(model, data, values, events, responses)


def natural_likelihood_terms(
    model: ModelSpec, data: xr.Dataset, values: Mapping[str, Any], events: Any, responses: Any
) -> Iterator[tuple[str, dict[str, Any], Any, Any]]:
    """Yield every response's name, the arguments of its family, its answers, and whether they were recorded.

    All are (event, person). `values` are those of `natural_values`. `events` and `responses` are the event array and
    the response array of `model_data`.
    """
    figures = figure_names(data)
    others = sum(figure != GENERALISED for figure in figures)
    required = {name: required_readouts(response, others) for name, response in model.responses.items()}
    wanted = list(dict.fromkeys(readout for several in required.values() for readout in several))
    scanned = scan_events(model.rule, rule_values(model, values), events, len(figures), wanted)
    readouts = dict(zip(wanted, scanned, strict=True))
    columns = {field: responses[index] for index, field in enumerate(response_fields(model))}
    elapsed = events[:, EVENT_FIELDS.index("since_any")]
    for name, response in model.responses.items():
        p = response_values(model, name, values)
        if response.figure_scope == "each":
            p = map_tree(lambda leaf: first_figures(leaf, others), p)
        else:
            p = parameters_of_figure_met(p, events, len(figures))
        own_readouts = accumulated_readouts(response, p, readouts, elapsed, others, decaying_sum_graph)
        arguments = readout_arguments(response, own_readouts, others)
        fields = {field.removeprefix(f"{name} "): x for field, x in columns.items() if field.startswith(f"{name} ")}
        yield name, distribution_arguments(response, p, arguments, fields), fields["value"], fields["recorded"]


def declare_data(model: ModelSpec, data: xr.Dataset) -> tuple[Any, Any]:
    """Declare the event array and the response array in the current model."""
    arrays = model_data(model, data)
    events, responses = arrays["event_array"], arrays["response_array"]
    count, _, people = responses.shape
    by_event = ("event", dim_name("event_field"), "person")
    by_field = (dim_name("response_field"), "event", "person")
    return (
        pm.Data("event_array", events, dims=by_event, shape=(None, *events.shape[1:])),
        pm.Data("response_array", responses, dims=by_field, shape=(count, None, people)),
    )


def model_coords(model: ModelSpec, data: xr.Dataset) -> dict[str, Any]:
    """Return the coordinates of every dim of a model's graph."""
    return coordinates(model, data) | {
        "event_field": event_fields(figure_names(data)),
        "response_field": response_fields(model),
    }


def build(model: ModelSpec, data: xr.Dataset) -> pm.Model:
    """Return the sampler's graph of a model and a data set (dims event, person); swap the data with `model_data`."""
    with pm.Model(coords=model_coords(model, data), check_bounds=False) as graph:
        events, responses = declare_data(model, data)
        theta = declare_hierarchy(model, data)
        for name, arguments, value, recorded in declare_likelihood_terms(model, data, theta, events, responses):
            declare_response(name, model.responses[name].family, arguments, value, recorded)
    return graph
