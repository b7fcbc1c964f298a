"""The filter in a PyTensor graph: the step of a learning rule, taken at every event.

The fast engine has the step written out in scalars, as one operation. The plain one has it on vectors of people, within
PyTensor's scan.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pytensor
import pytensor.tensor as pt

from iwm_bayes.filtering.arrays import unpack_event
from iwm_bayes.filtering.engine.equations import Step, scalars
from iwm_bayes.filtering.engine.scan_op import EventScan, with_weights
from iwm_bayes.filtering.engine_choice import engine_name
from iwm_bayes.filtering.filter import FilteredEvent, begin, read_out, step
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.ops import component_graphs, constant, with_component_graphs
from iwm_bayes.types import Params, Rule, experienced, map_tree, named_leaves


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


def with_graphs(tree: Any, graphs: Iterable[Any]) -> Any:
    """Return a tree of quantities with other graphs, in order."""
    remaining = iter(graphs)
    return map_tree(lambda leaf: with_component_graphs(leaf, remaining), tree)


class RuleStep(NamedTuple):
    """A learning rule at one event, as graphs."""

    next_state: list[Any]
    readouts: list[Any]


def rule_step(rule: Rule, p: Params, s: Any, fields: Any, figures: int, readouts: Sequence[Readout]) -> RuleStep:
    """Return the next state and the readouts of one event, from its fields and the state before it."""
    event, observed = unpack_event(rule, fields, figures)
    s, event = begin(rule, p, s, event), experienced(rule, p, event)
    before, after = step(rule, p, s, event, observed)
    filtered = FilteredEvent(s, before, after, event, observed)
    return RuleStep(flat_graphs(after), list(read_out(rule, p, filtered, readouts)))


def event_scan(rule: Rule, p: Params, fields: int, figures: int, readouts: Sequence[Readout]) -> EventScan:
    """Return the operation that gives readouts at every event from the leaves of `p`, in order."""
    values, event = scalars(len(flat_graphs(p))), scalars(fields)
    p = with_graphs(p, values)
    start = rule.start(p, figures)
    state = scalars(len(flat_graphs(start)))
    next_state, found = rule_step(rule, p, with_graphs(start, state), event, figures, readouts)
    no_density = pt.constant(0.0)
    own = Step(values, event, state, flat_graphs(start), next_state, no_density, [], [], found)
    return EventScan(with_weights(own), fields)


def scan_in_scalars(rule: Rule, p: Params, event_array: Any, figures: int, readouts: Sequence[Readout]) -> list[Any]:
    """Compute readouts by one operation of machine code."""
    p, zero = as_graphs(p), pt.zeros_like(event_array[0, 0])  # (person,)
    scan = event_scan(rule, p, event_array.type.shape[1], figures, readouts)
    values = scan(event_array, pt.stack([zero + x for x in flat_graphs(p)]))
    return [values[index] for index in range(len(readouts))]


def scan_in_vectors(rule: Rule, p: Params, event_array: Any, figures: int, readouts: Sequence[Readout]) -> list[Any]:
    """Compute readouts by PyTensor's scan.

    It carries one matrix (state, person). With a vector for each state, its gradient takes ten times as long to make.
    """
    p = as_graphs(p)
    trees = rule.start(p, figures), p
    zero = pt.zeros_like(event_array[0, 0])  # (person,)
    states, parameters = (pt.stack([zero + x for x in flat_graphs(tree)]) for tree in trees)
    n_states, n_parameters = (len(flat_graphs(tree)) for tree in trees)

    def next_matrices(row: Any, state: Any, values: Any) -> list[Any]:
        s = with_graphs(trees[0], (state[index] for index in range(n_states)))
        own = with_graphs(trees[1], (values[index] for index in range(n_parameters)))
        zero = pt.zeros_like(row[0])
        return [pt.stack([zero + x for x in graphs]) for graphs in rule_step(rule, own, s, row, figures, readouts)]

    _, found = pytensor.scan(
        next_matrices,
        sequences=[event_array],
        outputs_info=[states, None],
        non_sequences=[parameters],
        strict=True,
        return_list=True,
        return_updates=False,
    )
    return [found[:, index] for index in range(len(readouts))]


SCANS: Mapping[str, Callable[..., list[Any]]] = {"fast": scan_in_scalars, "plain": scan_in_vectors}


def scan_events(rule: Rule, p: Params, event_array: Any, figures: int, readouts: Sequence[Readout]) -> list[Any]:
    """Compute readouts at every event in a graph, (event, person) each, as `filter.filter_readouts` does on arrays.

    The fast scan has no gradient by events, so innovations, which are random, go through PyTensor's.
    """
    scan = scan_in_vectors if rule.innovations else SCANS[engine_name()]
    return scan(rule, p, event_array, figures, readouts)
