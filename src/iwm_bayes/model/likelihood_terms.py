"""What every answer is scored by: the arguments of its distribution at every event, on arrays or in a graph.

    readouts     the filter's beliefs at every event, (event, person)
    sums         decaying sums of readouts, where a response accumulates them
    lags         readouts of an earlier session, where a response follows those
    arguments    those of the response's family, with what is left of the last residual, where a response carries it

The text is one for all. Only the loops over events differ (`Loops`): over arrays, in a graph, or taken apart into what
one event adds (`person_step`). On arrays, draws of a person may be columns of their own.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_fields, response_fields
from iwm_bayes.filtering.filter import accumulated_readouts, decaying_sum, filter_readouts, lagged_readouts
from iwm_bayes.filtering.readouts import readout_arguments, required_readouts
from iwm_bayes.ops import Array, at_event_of_person, first_figures, has_figures, stack_figures, sum_over_figures
from iwm_bayes.rules.modifiers.waves import RESTART
from iwm_bayes.types import (
    GENERALISED,
    ModelSpec,
    Params,
    Response,
    map_tree,
    response_values,
    rule_values,
    with_carryover,
)


class Loops(NamedTuple):
    """The functions that go over events."""

    columns: Callable[[Any], list[Array]]  # the fields of an event array
    readouts: Callable[..., list[Array]]  # see `filter_readouts`
    decaying_sum: Callable[[Array, Array], Array]
    at_event: Callable[[Array, Array], Array]  # (x, event): see `at_event_of_person`


def event_columns(events: np.ndarray) -> list[np.ndarray]:
    """Return the fields of an event array, (event, person) each."""
    return list(events.swapaxes(0, 1))


OVER_ARRAYS = Loops(event_columns, filter_readouts, decaying_sum, at_event_of_person)


class LikelihoodTerm(NamedTuple):
    """One response: what its answers are scored by, and the answers, (event, person) each."""

    name: str
    arguments: dict[str, Array]  # of the response's family
    value: Array
    recorded: Array  # 1 where there is an answer, else 0


def parameters_of_figure_met(p: Params, columns: Sequence[Array], figures: int) -> Params:
    """Return a response's parameters at every event; those that differ by figure are those of the figure met."""
    is_figure = stack_figures(list(columns[len(EVENT_FIELDS) : len(EVENT_FIELDS) + figures]))
    return map_tree(lambda leaf: sum_over_figures(leaf * is_figure) if has_figures(leaf) else leaf, p)


def distribution_arguments(
    response: Response,
    p: Params,
    readouts: Sequence[Array],
    fields: Mapping[str, Array],
    at_event: Callable[[Array, Array], Array],
) -> dict[str, Array]:
    """Return the arguments of a response's family, (event, person) each, with the carryover of the last answer."""
    arguments = response.arguments(p, *readouts)
    if response.carry is None:
        return dict(arguments)
    residual = fields["has_last"] * at_event(fields["value"] - arguments["mu"], fields["last"])
    return with_carryover(response, p, arguments, residual, fields["elapsed"])


def likelihood_terms(
    model: ModelSpec,
    figures: Sequence[str],
    values: Mapping[str, Array],
    events: Any,
    responses: Any,
    loops: Loops = OVER_ARRAYS,
) -> Iterator[LikelihoodTerm]:
    """Yield the term of every response.

    Parameters
    ----------
    values
        Values on the natural scale by parameter, (person,) or (figure, person), as of `priors.natural_values`.
    events, responses
        The event array (event, field, person) and the response array (field, event, person) of `filtering.arrays`.
    loops
        The loops over events: by default those over arrays.
    """
    others = sum(figure != GENERALISED for figure in figures)
    required = {name: required_readouts(response, others) for name, response in model.responses.items()}
    wanted = list(dict.fromkeys(readout for several in required.values() for readout in several))
    found = loops.readouts(model.rule, rule_values(model, values), events, len(figures), wanted)
    readouts, of_event = dict(zip(wanted, found, strict=True)), loops.columns(events)
    columns = {field: responses[index] for index, field in enumerate(response_fields(model))}
    elapsed = of_event[EVENT_FIELDS.index("since_any")]
    restart = of_event[event_fields(figures, model.rule.terms).index(RESTART)] if RESTART in model.rule.terms else None
    for name, response in model.responses.items():
        p = response_values(model, name, values)
        if response.figure_scope == "each":
            p = map_tree(lambda leaf: first_figures(leaf, others), p)
        else:
            p = parameters_of_figure_met(p, of_event, len(figures))
        own_readouts = accumulated_readouts(response, p, readouts, elapsed, others, loops.decaying_sum, restart)
        fields = {field.removeprefix(f"{name} "): x for field, x in columns.items() if field.startswith(f"{name} ")}
        own_readouts = lagged_readouts(response, own_readouts, fields, loops.at_event)
        arguments = readout_arguments(response, own_readouts, others)
        given = distribution_arguments(response, p, arguments, fields, loops.at_event)
        yield LikelihoodTerm(name, given, fields["value"], fields["recorded"])
