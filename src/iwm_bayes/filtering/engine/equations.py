"""Equations of one person at one event, in scalars, and what is derived from them before any code is written.

    hoisted, start                 = prologue(theta)                       once for a person
    next state, saved, readouts    = step(fields, state, hoisted, carried) at every event
    tails                          = tail(fields, saved)                   where an answer lies at a bound
    log density and its gradient   = backward(fields, state, hoisted, carried, gradients)
    gradient by theta              = epilogue(theta, gradients by hoisted and start)

The innovations of an event are rows of theta that the step reads, and nothing else does: their gradient is complete
where the loop backwards reaches their event.

Everything that follows from `theta` alone is taken out of the step (`hoisted`): a sigmoid or a logarithm of a parameter
is computed once for a person, and not at every event. The gradients are PyTensor's.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pytensor.scalar as ps
import pytensor.tensor as pt
from pytensor.graph import rewrite_graph
from pytensor.graph.basic import Constant
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import toposort
from pytensor.tensor.elemwise import Elemwise

GRADIENT_REWRITES = ("merge", "stabilize")  # before differentiation; sums are not ordered anew
# Before code is written. Canonical forms are left out: they take long to find, and have twice as many divisions.
CODE_REWRITES = ("merge", "specialize")
# Left out: rewrites to C, and one that computes a second exponential for 1 - sigmoid.
EXCLUDED_REWRITES = ("cxx_only", "local_1msigmoid")
CHEAP = (ps.Add, ps.Sub, ps.Mul, ps.Neg, ps.Cast, ps.Identity, ps.Switch, ps.Second)  # not worth a row of memory


class Tail(NamedTuple):
    """A term that is computed only where a condition holds, because it is costly."""

    condition: Any  # of fields
    arguments: list[Any]  # graphs that a step saves
    inputs: list[Any]  # the variables that stand for the saved arguments
    value: Any  # of fields and inputs


class Carried(NamedTuple):
    """A quantity of an earlier event of the same person."""

    saved: Any  # the graph that a step saves
    input: Any  # the variable whose value is that of the earlier event
    event: Any  # the field that has the index of the earlier event


class Step(NamedTuple):
    """The equations of one event: scalar variables and graphs of them."""

    theta: list[Any]
    fields: list[Any]
    state: list[Any]
    start: list[Any]  # graphs of theta
    next_state: list[Any]
    log_density: Any  # without tails
    tails: list[Tail]
    carried: list[Carried]
    readouts: Sequence[Any] = ()  # results apart from the log density, which have no gradient of their own
    innovations: Sequence[Any] = ()  # variables that nobody observes, of which theta has one row for every event


class Equations(NamedTuple):
    """Graphs from inputs to outputs."""

    inputs: list[Any]
    outputs: list[Any]


class PersonEquations(NamedTuple):
    """All equations from which the machine code of a person's likelihood is written."""

    step: Step
    hoisted: list[Any]  # variables
    tail_gradients: list[Any]  # variables: by every argument of every tail, in order
    next_gradients: list[Any]  # variables: by the next state
    saved_gradients: list[Any]  # variables: by what is carried
    prologue: Equations  # theta -> hoisted, start
    forward: Equations  # -> next state, carried, arguments of tails, readouts
    density: Equations  # -> log density, without tails
    tail_values: list[Equations]  # fields and arguments -> value, gradients by arguments
    backward: Equations  # -> log density, gradients by state, hoisted, carried, innovations
    epilogue: Equations  # theta and gradients by hoisted, start -> gradient by theta


def scalars(count: int) -> list[Any]:
    """Return `count` new scalar variables."""
    return [pt.dscalar() for _ in range(count)]


def simplified(outputs: Iterable[Any], rewrites: Sequence[str]) -> list[Any]:
    """Return graphs after PyTensor's rewrites."""
    return rewrite_graph([pt.as_tensor(output) for output in outputs], include=rewrites, exclude=EXCLUDED_REWRITES)


def is_cheap(variable: Any) -> bool:
    """Return whether a variable is the result of an operation that takes as long as reading a number."""
    op = variable.owner.op
    return isinstance(op, Elemwise) and isinstance(op.scalar_op, CHEAP)


def invariant_frontier(outputs: Sequence[Any], theta: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """List the variables of graphs that follow from `theta` alone, and that the graphs use.

    Cheap operations on them stay in the graphs.
    """
    varies: set[Any] = set(others)
    found: dict[Any, None] = {}  # in order

    def visit(variable: Any) -> None:
        if variable in varies or isinstance(variable, Constant):
            return
        if variable.owner is not None and is_cheap(variable):
            for inner in variable.owner.inputs:
                visit(inner)
        else:
            found[variable] = None

    for node in toposort(outputs):
        if any(variable in varies for variable in node.inputs):
            varies.update(node.outputs)
            for variable in node.inputs:
                visit(variable)
    for output in outputs:
        visit(output)
    return list(found)


def with_reciprocals(outputs: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Return graphs in which a division by what follows from `theta` alone is a product with its reciprocal.

    A division takes as long as eight products; the reciprocal is computed once for a person.
    """
    varies, replaced = set(others), {}
    for node in toposort(outputs):
        if any(variable in varies for variable in node.inputs):
            varies.update(node.outputs)
            if isinstance(getattr(node.op, "scalar_op", None), ps.TrueDiv):
                above, below = node.inputs
                if below not in varies and not isinstance(below, Constant):
                    replaced[node.outputs[0]] = above * pt.reciprocal(below)
    return clone_replace(list(outputs), replaced)


def weighted_sum(weights: Iterable[Any], graphs: Iterable[Any]) -> Any:
    """Return the sum of weights times graphs."""
    return sum((weight * graph for weight, graph in zip(weights, graphs, strict=True)), pt.constant(0.0))


def gradients(total: Any, variables: Sequence[Any]) -> list[Any]:
    """Return the gradient of a scalar graph by every variable; 0 for those on which it does not depend."""
    return pt.grad(total, list(variables), disconnected_inputs="ignore", return_disconnected="zero")


def tail_equations(tail: Tail, fields: list[Any]) -> Equations:
    """Return the condition, the value and the gradients of a tail."""
    slopes = gradients(tail.value, tail.inputs)
    return Equations([*fields, *tail.inputs], simplified([tail.condition, tail.value, *slopes], CODE_REWRITES))


def person_equations(step: Step) -> PersonEquations:
    """Derive all equations from those of one event."""
    saved = [argument for tail in step.tails for argument in tail.arguments]
    carried = [own.saved for own in step.carried]
    of_event = [*step.fields, *step.state, *(own.input for own in step.carried), *step.innovations]
    graphs = simplified(
        [*step.start, *step.next_state, *carried, *saved, *step.readouts, step.log_density], GRADIENT_REWRITES
    )
    start, of_step = graphs[: len(step.start)], graphs[len(step.start) :]
    of_step = with_reciprocals(of_step, of_event)
    frontier = invariant_frontier(of_step, step.theta, of_event)
    hoisted = scalars(len(frontier))
    of_step = clone_replace(of_step, dict(zip(frontier, hoisted, strict=True)))
    *forward, log_density = of_step
    next_gradients, saved_gradients, tail_gradients = map(scalars, (len(step.state), len(carried), len(saved)))
    upstream = [*next_gradients, *saved_gradients, *tail_gradients]
    inputs = [*of_event, *hoisted]
    slopes = gradients(
        log_density + weighted_sum(upstream, forward[: len(upstream)]),
        [*step.state, *hoisted, *(own.input for own in step.carried), *step.innovations],
    )
    of_person = scalars(len(hoisted) + len(start))
    by_theta = gradients(weighted_sum(of_person, [*frontier, *start]), step.theta)
    return PersonEquations(
        step,
        hoisted,
        tail_gradients,
        next_gradients,
        saved_gradients,
        Equations(step.theta, simplified([*frontier, *start], CODE_REWRITES)),
        Equations(inputs, simplified(forward, CODE_REWRITES)),
        Equations(inputs, simplified([log_density], CODE_REWRITES)),
        [tail_equations(tail, step.fields) for tail in step.tails],
        Equations([*inputs, *upstream], simplified([log_density, *slopes], CODE_REWRITES)),
        Equations([*step.theta, *of_person], simplified(by_theta, CODE_REWRITES)),
    )
