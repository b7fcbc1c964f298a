"""Build the PyMC model of a model and a data set. Its data can be swapped without compiling it again.

The random variables are those of `hierarchy`, and one per response: for the sampler over (event, person), where an
answer that was not recorded does not count, and for PyMC's own tools over the recorded answers.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr

from iwm_bayes.filtering.arrays import event_array, event_fields, response_array, response_fields
from iwm_bayes.filtering.graph import decaying_sum_graph, scan_events
from iwm_bayes.model.hierarchy import coordinates, declare_hierarchy, dim_name
from iwm_bayes.model.likelihood import declare_answers, declare_response
from iwm_bayes.model.likelihood_terms import LikelihoodTerm, likelihood_terms
from iwm_bayes.model.priors import figure_names, natural_values
from iwm_bayes.types import ModelSpec


def model_data(model: ModelSpec, data: xr.Dataset, horizon: int = 1) -> dict[str, np.ndarray]:
    """Return every array of a data set that enters the graph, by the name of its `pm.Data`.

    `horizon` is the number of sessions ahead of a prediction: see `filtering.arrays.last_answer`.
    """
    matrices = {name: data[name].values for name in ("design", "membership") if name in data}
    return {"event_array": event_array(data), "response_array": response_array(model, data, horizon)} | matrices


def declare_likelihood_terms(
    model: ModelSpec, data: xr.Dataset, theta: Mapping[str, Any], events: Any, responses: Any
) -> Iterator[LikelihoodTerm]:
    """Yield the term of every response, as graphs (event, person).

    `theta` are link-scale values by label of the free parameter. `events` and `responses` are the event array and the
    response array of `model_data`.
    """
    figures = figure_names(data)
    values = natural_values(model, theta, figures, data.sizes["person"])
    return likelihood_terms(model, figures, values, events, responses, scan_events, decaying_sum_graph)


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


def declare_model(model: ModelSpec, data: xr.Dataset, declare: Callable[..., None]) -> None:
    """Declare data, hierarchy and responses in the current model; `declare` declares one response."""
    events, responses = declare_data(model, data)
    theta = declare_hierarchy(model, data)
    for name, arguments, value, recorded in declare_likelihood_terms(model, data, theta, events, responses):
        declare(name, model.responses[name].family, arguments, value, recorded)


def build(model: ModelSpec, data: xr.Dataset) -> pm.Model:
    """Return the sampler's graph of a model and a data set (dims event, person); swap the data with `model_data`."""
    with pm.Model(coords=model_coords(model, data), check_bounds=False) as graph:
        declare_model(model, data, declare_response)
    return graph


def build_over_answers(model: ModelSpec, data: xr.Dataset) -> pm.Model:
    """Return the graph for PyMC's own tools: the same density, with one variable per response over its answers.

    `pm.compute_log_likelihood`, `pm.sample_posterior_predictive` and so `az.loo` then see recorded answers only.
    Answers are in the order of events, and within an event in that of people, along the dim `NAME_obs`.
    """
    answers = {f"{name}_obs": np.arange(int(data[f"answer_{name}"].notnull().sum())) for name in model.responses}
    with pm.Model(coords=model_coords(model, data) | answers, check_bounds=False) as graph:
        declare_model(model, data, declare_answers)
    for variable in graph.free_RVs:  # PyMC's tools refuse a model with initial values of its own
        graph.set_initval(variable, None)
    return graph
