"""The likelihood of a model by person or by event, compiled from its graph.

It is a function of (event array, response array, theta), for any number of events and people. The arrays are those of
`model.inputs.model_data`. `theta` (parameter, person) has the link-scale values of `free_parameters(model, figures)`,
and behind them the innovations of a model, (innovation * event, person).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pymc.pytensorf import rewrite_pregrad

from iwm_bayes.filtering.arrays import event_fields, response_fields
from iwm_bayes.inference.engines import EventLikelihood, PersonLikelihood
from iwm_bayes.model.build import IN_A_GRAPH, with_innovation_graphs
from iwm_bayes.model.likelihood_terms import likelihood_terms
from iwm_bayes.model.priors import free_parameters, natural_values
from iwm_bayes.responses.families import response_log_density
from iwm_bayes.types import ModelSpec


def likelihood_graph(model: ModelSpec, figures: Sequence[str]) -> tuple[list[Any], list[Any]]:
    """Return the inputs of a likelihood, and the log likelihood of every response, as graphs (event, person)."""
    free = free_parameters(model, figures)
    events = pt.tensor("event_array", dtype="float64", shape=(None, len(event_fields(figures, model.rule.terms)), None))
    responses = pt.tensor("response_array", dtype="float64", shape=(len(response_fields(model)), None, None))
    n_rows = None if model.rule.innovations else len(free)
    theta = pt.tensor("theta", dtype="float64", shape=(n_rows, None))
    values = natural_values(model, {one.label: theta[index] for index, one in enumerate(free)}, figures, 1)
    experienced = with_innovation_graphs(model, events, theta[len(free) :])
    terms = likelihood_terms(model, figures, values, experienced, responses, IN_A_GRAPH)
    densities = [
        response_log_density(model.responses[name].family, arguments, value, recorded)
        for name, arguments, value, recorded in terms
    ]
    return [events, responses, theta], densities


def compile_likelihood_of(model: ModelSpec, inputs: list[Any], outputs: Any, n_free: int) -> Any:
    """Compile a function of a likelihood's inputs, for one event of one person at first."""
    *arrays, _ = (np.zeros([length or 1 for length in variable.type.shape]) for variable in inputs)
    first_arrays = (*arrays, np.zeros((n_free + len(model.rule.innovations), 1)))
    function = pytensor.function(inputs, outputs, mode="NUMBA", on_unused_input="ignore")
    function(*first_arrays)  # numba compiles now
    return function


def compile_person_likelihood(model: ModelSpec, figures: Sequence[str]) -> PersonLikelihood:
    """Return a function that gives each person's log likelihood (person,) and its gradient (parameter, person)."""
    inputs, densities = likelihood_graph(model, figures)
    # without this rewrite, events would be scanned backwards once for every term
    by_person = sum(term.sum(axis=0) for term in rewrite_pregrad(densities))
    gradient = pt.grad(by_person.sum(), inputs[-1], disconnected_inputs="ignore")
    return compile_likelihood_of(model, inputs, [by_person, gradient], len(free_parameters(model, figures)))


def compile_event_likelihood(model: ModelSpec, figures: Sequence[str]) -> EventLikelihood:
    """Return a function that gives the log likelihood (event, person) of all answers."""
    inputs, densities = likelihood_graph(model, figures)
    return compile_likelihood_of(model, inputs, sum(densities), len(free_parameters(model, figures)))
