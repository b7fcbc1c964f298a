"""Build the PyMC model of a model and a data set. Its data can be swapped without compiling it again.

The random variables are those of `hierarchy`, and one per response over (event, person), where an answer that was not
recorded does not count. `pymc_model` is the same model for researchers, without the sampler's inner parts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.filtering.graph import decaying_sum_graph, field_graphs, scan_in_vectors
from iwm_bayes.model.hierarchy import declare_hierarchy, dim_name
from iwm_bayes.model.inputs import innovation_parameters, model_coords, model_data
from iwm_bayes.model.likelihood import declare_response
from iwm_bayes.model.likelihood_terms import LikelihoodTerm, Loops, likelihood_terms
from iwm_bayes.model.priors import figure_names, natural_values
from iwm_bayes.ops import at_event_of_person
from iwm_bayes.types import ModelSpec

IN_A_GRAPH = Loops(field_graphs, scan_in_vectors, decaying_sum_graph, at_event_of_person)


def with_innovation_graphs(model: ModelSpec, events: Any, innovations: Any) -> Any:
    """Return an event array with the innovations (innovation * event, person) of a model as its last fields."""
    count = len(model.rule.innovations)
    if not count:
        return events
    by_event = innovations.reshape((count, events.shape[0], events.shape[2])).dimshuffle(1, 0, 2)
    n_fields = events.type.shape[1]
    return pt.specify_shape(pt.concatenate([events, by_event], axis=1), (None, n_fields + count, None))


def declare_likelihood_terms(
    model: ModelSpec, data: xr.Dataset, theta: Mapping[str, Any], events: Any, responses: Any
) -> Iterator[LikelihoodTerm]:
    """Yield the term of every response, as graphs (event, person).

    `theta` are link-scale values by label of the free parameter. `events` and `responses` are the event array and the
    response array of `model_data`.
    """
    figures = figure_names(data)
    values = natural_values(model, theta, figures, data.sizes["person"])
    rows = [theta[one.label] for one in innovation_parameters(model, data.sizes["event"])]
    events = with_innovation_graphs(model, events, pt.stack(rows)) if rows else events
    return likelihood_terms(model, figures, values, events, responses, IN_A_GRAPH)


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


def build(model: ModelSpec, data: xr.Dataset) -> pm.Model:
    """Return the sampler's graph of a model and a data set (dims event, person); swap the data with `model_data`."""
    with pm.Model(coords=model_coords(model, data), check_bounds=False) as graph:
        events, responses = declare_data(model, data)
        theta = declare_hierarchy(model, data)
        for name, arguments, value, recorded in declare_likelihood_terms(model, data, theta, events, responses):
            declare_response(name, model.responses[name].family, arguments, value, recorded)
    return graph
