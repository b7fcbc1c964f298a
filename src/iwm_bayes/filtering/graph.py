"""The filter in a PyTensor graph: the step of a learning rule, written once in scalars and taken at every event."""

from collections.abc import Sequence
from typing import Any

import pytensor
import pytensor.tensor as pt

from iwm_bayes.filtering.arrays import unpack_event
from iwm_bayes.filtering.engine.scalar_graph import ScalarGraph, scalar_variables
from iwm_bayes.filtering.engine.scan_op import EventScan
from iwm_bayes.filtering.filter import FilteredEvent, read_out, step
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.ops import component_graphs, constant, with_component_graphs
from iwm_bayes.types import Params, Rule, map_tree, named_leaves


def flat_graphs(tree: Any) -> list[Any]:
    """List every graph of a tree of quantities, in order."""
    return [graph for _, leaf in named_leaves(tree) for graph in component_graphs(leaf)]


def as_graphs(p: Params) -> Params:
    """Convert parameters to graphs; fixed ones come as arrays."""
    return map_tree(lambda leaf: with_component_graphs(leaf, map(pt.as_tensor, component_graphs(leaf))), p)


def field_graphs(event_array: Any) -> list[Any]:
    """Return the fields of an event array, (event, person) each."""
    return [event_array[:, index] for index in range(event_array.type.shape[1])]


def decaying_sum_graph(share: Any, values: Any) -> Any:
    """Compute `filter.decaying_sum` in a graph.

    The factor 1 is needed: PyTensor copies the gradients of outputs that contain each other.
    """
    return pytensor.scan(
        lambda left, new, total: constant(1.0) * (left * total + new),
        sequences=[pt.broadcast_to(share, values.shape), values],
        outputs_info=[pt.zeros_like(values[0])],
        strict=True,
        return_updates=False,
    )


def scan_events(rule: Rule, p: Params, event_array: Any, figures: int, readouts: Sequence[Readout]) -> list[Any]:
    """Compute readouts at every event in a graph, (event, person) each, as `filter.filter_readouts` does on arrays."""
    p = as_graphs(p)
    start = rule.start(p, figures)
    states, parameters = flat_graphs(start), flat_graphs(p)
    fields = event_array.type.shape[1]
    inputs = scalar_variables(fields + len(states) + len(parameters))
    remaining = iter(inputs[fields:])
    s, scalar_p = (map_tree(lambda leaf: with_component_graphs(leaf, remaining), tree) for tree in (start, p))
    event, observed = unpack_event(inputs[:fields], figures)
    before, after = step(rule, scalar_p, s, event, observed)
    filtered = FilteredEvent(s, before, after, event, observed)
    outputs = [*flat_graphs(after), *read_out(rule, scalar_p, filtered, readouts)]
    scan = EventScan(ScalarGraph(inputs, map(pt.as_tensor, outputs)), fields, len(states))
    zero = pt.zeros_like(event_array[0, 0])
    _, values = scan(event_array, *(pt.stack([zero + x for x in graphs]) for graphs in (states, parameters)))
    return [values[index] for index in range(len(readouts))]
