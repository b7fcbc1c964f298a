"""Living through a sequence of events in a graph: events are scanned over, never unrolled."""

from collections.abc import Sequence
from typing import Any

import pytensor
import pytensor.tensor as pt

from iwm_bayes.core import Params, Rule, each, leaves
from iwm_bayes.filtering import Moment, read, step, unpack
from iwm_bayes.ops import constant, flat, refill
from iwm_bayes.reading import Reading


def graphs(tree: Any) -> list[Any]:
    """Every graph of a tree of quantities, in order."""
    return [graph for _, leaf in leaves(tree) for graph in flat(leaf)]


def as_graphs(p: Params) -> Params:
    """Parameters of which those that are fixed come as arrays, all as graphs."""
    return each(lambda leaf: refill(leaf, map(pt.as_tensor, flat(leaf))), p)


def summed_in_graph(share: Any, reading: Any) -> Any:
    """`filtering.summed` in a graph."""
    start = pt.zeros_like(reading[0])
    return pytensor.scan(
        lambda left, new, total: constant(1.0) * (left * total + new),
        sequences=[pt.broadcast_to(share, reading.shape), reading],
        outputs_info=[start],
        strict=True,
        return_updates=False,
    )


def scan(rule: Rule, p: Params, course: Any, figures: int, wanted: Sequence[Reading]) -> list[Any]:
    """What each reading sees at every event, (event, person) per reading, as `filtering.loop` finds it.

    Every output is multiplied by 1. Where the gradient of one output contains another output as it stands, PyTensor
    copies the whole gradient for each pair of input and output, which takes minutes with twenty states; a product
    is nowhere contained, and simplified away.
    """
    p = as_graphs(p)
    start = rule.start(p, figures)
    states, constants = ([pt.as_tensor(graph) for graph in graphs(tree)] for tree in (start, p))

    def one(row: Any, *rest: Any) -> list[Any]:
        given = iter(rest)
        s, values = (each(lambda leaf: refill(leaf, given), tree) for tree in (start, p))
        event, seen = unpack(row, figures)
        before, after = step(rule, values, s, event, seen)
        outputs = [*graphs(after), *read(rule, values, Moment(s, before, after, event, seen), wanted)]
        return [constant(1.0) * output for output in outputs]

    outputs = pytensor.scan(
        one,
        sequences=[course],
        outputs_info=[*states, *[None] * len(wanted)],
        non_sequences=constants,
        strict=True,
        return_updates=False,
    )
    return outputs[len(states) :]
