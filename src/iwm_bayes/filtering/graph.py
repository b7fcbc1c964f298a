"""Living through a sequence of events in a graph: the rule's step, written once in scalars and taken at every event."""

from collections.abc import Sequence
from typing import Any

import pytensor
import pytensor.tensor as pt

from iwm_bayes.filtering.arrays import unpack_event
from iwm_bayes.filtering.engine.scalar_graph import ScalarGraph, scalar_variables
from iwm_bayes.filtering.engine.scan_op import EventScan
from iwm_bayes.filtering.filter import FilteredEvent, read_out, step
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.ops import constant, flat, refill
from iwm_bayes.types import Params, Rule, map_tree, named_leaves


def flat_graphs(tree: Any) -> list[Any]:
    """Every graph of a tree of quantities, in order."""
    return [graph for _, leaf in named_leaves(tree) for graph in flat(leaf)]


def as_graphs(p: Params) -> Params:
    """Parameters of which those that are fixed come as arrays, all as graphs."""
    return map_tree(lambda leaf: refill(leaf, map(pt.as_tensor, flat(leaf))), p)


def decaying_sum_graph(share: Any, reading: Any) -> Any:
    """`filtering.summed` in a graph; times 1, because PyTensor copies gradients of outputs that contain each other."""
    start = pt.zeros_like(reading[0])
    return pytensor.scan(
        lambda left, new, total: constant(1.0) * (left * total + new),
        sequences=[pt.broadcast_to(share, reading.shape), reading],
        outputs_info=[start],
        strict=True,
        return_updates=False,
    )


def scan_events(rule: Rule, p: Params, course: Any, figures: int, wanted: Sequence[Readout]) -> list[Any]:
    """What each reading sees at every event, (event, person) per reading, as `filtering.loop` finds it."""
    p = as_graphs(p)
    start = rule.start(p, figures)
    states, parameters = flat_graphs(start), flat_graphs(p)
    fields = course.type.shape[1]
    inputs = scalar_variables(fields + len(states) + len(parameters))
    given = iter(inputs[fields:])
    s, values = (map_tree(lambda leaf: refill(leaf, given), tree) for tree in (start, p))
    event, seen = unpack_event(inputs[:fields], figures)
    before, after = step(rule, values, s, event, seen)
    outputs = [*flat_graphs(after), *read_out(rule, values, FilteredEvent(s, before, after, event, seen), wanted)]
    walk = EventScan(ScalarGraph(inputs, map(pt.as_tensor, outputs)), fields, len(states))
    nobody = pt.zeros_like(course[0, 0])
    _, said = walk(course, *(pt.stack([nobody + x for x in several]) for several in (states, parameters)))
    return [said[index] for index in range(len(wanted))]
