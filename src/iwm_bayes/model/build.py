"""A theory and a data set to an ordinary PyMC model whose data can be swapped without recompiling.

The random variables are those of `hierarchy` and one per response, over (event, person); an answer that was not
recorded counts nothing.
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
from iwm_bayes.ops import by_figure, first_figures, has_figures, over_figures
from iwm_bayes.types import GENERALISED, ModelSpec, Response, map_tree, response_values, rule_values, with_carryover


def model_data(model: ModelSpec, data: xr.Dataset, ahead: int = 1) -> dict[str, np.ndarray]:
    """Everything of a data set that enters the graph, by the name of its `pm.Data`; `ahead`: see `last_answer`."""
    people = {name: data[name].values for name in ("design", "membership") if name in data}
    return {"course": event_array(data), "answers": response_array(model, data, ahead)} | people


def parameters_of_figure_met(p: Any, lived: Any, figures: int) -> Any:
    """A response's parameters at every event: by figure, those of the figure met."""
    is_figure = by_figure([lived[:, index] for index in range(-2 * figures, -figures)])
    return map_tree(lambda leaf: over_figures(leaf * is_figure) if has_figures(leaf) else leaf, p)


def distribution_arguments(response: Response, p: Any, held: Sequence[Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a response's family at every event, (event, person) each."""
    given = response.arguments(p, *held)
    if response.carry is None:
        return dict(given)
    last, person = said["last"].astype("int64"), pt.arange(given["mu"].shape[1])
    surprise = said["had"] * (said["value"] - given["mu"])[last, person]
    return with_carryover(response, p, given, surprise, said["since"])


def declare_likelihood_terms(
    model: ModelSpec, data: xr.Dataset, levels: Mapping[str, Any], lived: Any, said: Any
) -> Iterator[tuple[str, dict[str, Any], Any, Any]]:
    """Every response's name, its family's arguments, its answers and whether they were recorded, (event, person) each.

    `levels` are link-scale values by row, `lived` and `said` the course and the answers of `model_data`.
    """
    figures, people = figure_names(data), data.sizes["person"]
    found = natural_values(model, levels, figures, people)
    others = sum(figure != GENERALISED for figure in figures)
    needed = {name: required_readouts(response, others) for name, response in model.responses.items()}
    wanted = list(dict.fromkeys(reading for several in needed.values() for reading in several))
    seen = dict(
        zip(wanted, scan_events(model.rule, rule_values(model, found), lived, len(figures), wanted), strict=True)
    )
    columns = {field: said[index] for index, field in enumerate(response_fields(model))}
    for name, response in model.responses.items():
        p = response_values(model, name, found)
        if response.figure_scope == "each":
            p = map_tree(lambda leaf: first_figures(leaf, others), p)
        else:
            p = parameters_of_figure_met(p, lived, len(figures))
        since = lived[:, EVENT_FIELDS.index("since_any")]
        held = readout_arguments(
            response, accumulated_readouts(response, p, seen, since, others, decaying_sum_graph), others
        )
        given = {field.removeprefix(f"{name} "): x for field, x in columns.items() if field.startswith(f"{name} ")}
        yield name, distribution_arguments(response, p, held, given), given["value"], given["recorded"]


def declare_data(model: ModelSpec, data: xr.Dataset) -> tuple[Any, Any]:
    """Declare what people lived through and answered in the model on the stack."""
    found = model_data(model, data)
    count, _, people = found["answers"].shape
    by_event, by_field = ("event", dim_name("course_field"), "person"), (dim_name("answers_field"), "event", "person")
    lived = pm.Data("course", found["course"], dims=by_event, shape=(None, *found["course"].shape[1:]))
    said = pm.Data("answers", found["answers"], dims=by_field, shape=(count, None, people))
    return lived, said


def model_coords(model: ModelSpec, data: xr.Dataset) -> dict[str, Any]:
    """Names along every dim of a theory's graph."""
    return coordinates(model, data) | {
        "course_field": event_fields(figure_names(data)),
        "answers_field": response_fields(model),
    }


def build(model: ModelSpec, data: xr.Dataset) -> pm.Model:
    """The PyMC model of a theory on a data set (dims event, person); swap data with `model_data`."""
    with pm.Model(coords=model_coords(model, data), check_bounds=False) as built:
        lived, said = declare_data(model, data)
        levels = declare_hierarchy(model, data)
        for name, arguments, value, recorded in declare_likelihood_terms(model, data, levels, lived, said):
            declare_response(name, model.responses[name].family, arguments, value, recorded)
    return built
