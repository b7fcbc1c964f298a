"""Requirements of every rule: arrays equal graphs, gradients are right, and only observed outcomes change beliefs."""

import re

import numba
import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import (
    READOUTS,
    differing_by_figure,
    draw_theta,
    evaluate,
    lifted_rules,
    natural_parameters,
    random_data,
    readouts_on_arrays,
)
from pytensor.graph.traversal import ancestors
from pytensor.link.numba.dispatch.basic import numba_funcify

from iwm_bayes.data.dataset import events_to_dataset
from iwm_bayes.filtering import graph
from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array
from iwm_bayes.filtering.engine.scan_op import EventScan, EventScanGradient
from iwm_bayes.filtering.filter import filter_events, filter_readouts, read_out
from iwm_bayes.types import named_leaves, unflatten

RULES = lifted_rules()
ROUNDING = 1e-12  # a dozen events of a few dozen operations each, in float64
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
with_figures = pytest.mark.parametrize("figures", [1, 3])


def graph_inputs(theta, events):
    """Return symbols for link-scale parameters and for an event array."""
    return pt.tensor("theta", shape=theta.shape, dtype="float64"), pt.tensor(
        "event_array", shape=(None, *events.shape[1:]), dtype="float64"
    )


def scanned(rule, theta, events, figures):
    """Return every readout at every event as a graph, and its inputs."""
    inputs = graph_inputs(theta, events)
    p = natural_parameters(rule, inputs[0], figures, theta.shape[1])
    return inputs, pt.stack(graph.scan_events(rule, p, inputs[1], figures, READOUTS))


def unrolled(rule, theta, events, figures):
    """Return the same without a scan, for so few events that its gradient is cheap with three figures, too."""
    inputs = graph_inputs(theta, events)
    p = graph.as_graphs(natural_parameters(rule, inputs[0], figures, theta.shape[1]))
    rows = (inputs[1][event] for event in range(len(events)))
    columns = [read_out(rule, p, filtered, READOUTS) for filtered in filter_events(rule, p, rows, figures)]
    return inputs, pt.stack([pt.stack(column) for column in zip(*columns, strict=True)])


def by_differences(function, theta, step=1e-5):
    """Compute the gradient of a sum over people by central differences; people do not depend on each other."""
    gradient = []
    for parameter in range(len(theta)):
        change = np.zeros_like(theta)
        change[parameter] = step
        gradient.append((function(theta + change) - function(theta - change)) / (2 * step))
    return np.array(gradient)


@every_rule
@with_figures
def test_arrays_equal_graph(rule, figures):
    """The loop over arrays and the scan agree on every belief, with sequences of unequal length."""
    events, theta = event_array(random_data(figures)), draw_theta(rule, figures, people=5)
    inputs, readouts = scanned(rule, theta, events, figures)
    in_graph = evaluate(inputs, readouts)(theta, events)
    assert in_graph.dtype == np.float64
    np.testing.assert_allclose(in_graph, readouts_on_arrays(rule, theta, events, figures), rtol=0, atol=ROUNDING)


@every_rule
@pytest.mark.parametrize(("graph", "figures"), [(scanned, 1), (unrolled, 3)], ids=["one figure", "three figures"])
def test_gradient_equals_finite_differences(rule, graph, figures):
    """The graph's gradient with respect to link-scale parameters is that of the loop over arrays.

    At a step of 1e-5, truncation and rounding both leave about 1e-10 times a sum of some 70 readouts.
    """
    events, theta = (
        event_array(random_data(figures, events=6 if figures == 3 else 12)),
        draw_theta(rule, figures, people=5),
    )
    inputs, readouts = graph(rule, theta, events, figures)
    weights = np.random.default_rng(3).normal(size=(len(READOUTS), *events[:, 0].shape))
    gradient = evaluate(inputs, pt.grad((weights * readouts).sum(), inputs[0]))(theta, events)
    expected = by_differences(
        lambda x: (weights * readouts_on_arrays(rule, x, events, figures)).sum(axis=(0, 1)), theta
    )
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


def test_machine_code_equals_python():
    """The compiled loop and its gradient agree with Python, for two full tables of eight people and one of four."""
    events, theta = np.tile(event_array(random_data(3)), 4), draw_theta(RULES["compensatory"], 3, people=20)
    inputs, readouts = scanned(RULES["compensatory"], theta, events, 3)
    weights = np.random.default_rng(3).normal(size=(len(READOUTS), *events[:, 0].shape))
    outputs = [readouts, pt.grad((weights * readouts).sum(), inputs[0])]
    compiled = pytensor.function(inputs, outputs, mode="NUMBA")(theta, events)
    for result, expected in zip(compiled, evaluate(inputs, outputs)(theta, events), strict=True):
        np.testing.assert_allclose(result, expected, rtol=0, atol=ROUNDING * np.abs(expected).max())


@pytest.mark.parametrize("operation", [EventScan, EventScanGradient])
def test_several_people_are_served_by_one_instruction(operation):
    """The compiler never treats people one by one: no product is of two single numbers."""
    events, theta = event_array(random_data(1)), draw_theta(RULES["compensatory"], 1, people=5)
    inputs, readouts = scanned(RULES["compensatory"], theta, events, 1)
    known = [v.owner for v in ancestors([readouts, pt.grad(readouts.sum(), inputs[0])]) if v.owner is not None]
    node = next(node for node in known if isinstance(node.op, operation))
    loop = numba_funcify(node.op, node=node)
    arrays = numba.types.Tuple([numba.types.Array(numba.float64, x.type.ndim, "C") for x in node.inputs])
    compiled = numba.njit(lambda given: loop(*given))
    compiled.compile((arrays,))
    [instructions] = compiled.inspect_llvm().values()
    assert re.search(r"fmul [a-z ]*<\d+ x double>", instructions)
    assert not re.search(r"fmul [a-z ]*double", instructions)


def test_gradient_costs_a_few_times_the_step():
    """The gradient of a step of `compensatory` has two and a half times as many operations as the step."""
    events, theta = event_array(random_data(1)), draw_theta(RULES["compensatory"], 1, people=5)
    _, readouts = scanned(RULES["compensatory"], theta, events, 1)
    [scan] = {v.owner.op for v in ancestors([readouts]) if v.owner is not None and isinstance(v.owner.op, EventScan)}
    forward, backward = (
        len(equations.composite_op.fgraph.apply_nodes) for equations in (scan.step, scan.step_gradient)
    )
    assert backward < 4 * forward


@every_rule
def test_unobserved_outcome_changes_no_bit(rule):
    """The recorded value of an outcome that is not observed has no effect, on arrays and in graphs."""
    events, theta = event_array(random_data()), draw_theta(rule, 3, people=5)
    outcome, observed = (events[:, EVENT_FIELDS.index(name)] for name in ("outcome", "observed"))
    otherwise = events.copy()
    otherwise[:, EVENT_FIELDS.index("outcome")] = np.where(observed > 0, outcome, 0.77)
    assert (otherwise != events).any()
    inputs, readouts = scanned(rule, theta, events, 3)
    in_graph = evaluate(inputs, readouts)
    np.testing.assert_array_equal(in_graph(theta, otherwise), in_graph(theta, events))
    np.testing.assert_array_equal(
        readouts_on_arrays(rule, theta, otherwise, 3), readouts_on_arrays(rule, theta, events, 3)
    )


@every_rule
def test_unobserved_event_is_elapsed_time(rule):
    """An event without an observed outcome has the effect of its time, added to that of the next event."""
    frame = pd.DataFrame(
        {
            "person": "p",
            "session": range(6),
            "figure": [f"figure {index}" for index in (0, 1, 0, 1, 1, 0)],
            "time": [0.0, 1.5, 2.0, 4.5, 5.0, 7.0],
            "outcome": [1.0, 0.3, 0.8, 0.0, 0.9, 0.1],
            "observed": [True, True, True, False, True, True],
        }
    ).assign(distress=0.0, threat=0.0, reported=0.0, assessment=False)
    theta = draw_theta(rule, 2, people=1)
    with_event = readouts_on_arrays(rule, theta, event_array(events_to_dataset(frame, {}, "session")), 2)
    merged = readouts_on_arrays(rule, theta, event_array(events_to_dataset(frame.drop(index=3), {}, "session")), 2)
    np.testing.assert_allclose(np.delete(with_event, 3, axis=1), merged, rtol=0, atol=ROUNDING)


@every_rule
def test_people_are_independent_of_each_other_and_of_padding(rule):
    """A person's beliefs depend neither on other people nor on the empty events after theirs."""
    data, theta = random_data(), draw_theta(rule, 3, people=5)
    events, together = event_array(data), readouts_on_arrays(rule, theta, event_array(data), 3)
    lengths = data["present"].values.sum(axis=0)
    assert lengths.min() < lengths.max()
    for person, length in enumerate(lengths):
        single = readouts_on_arrays(rule, theta[:, [person]], events[:length, :, [person]], 3)
        np.testing.assert_allclose(together[:, :length, [person]], single, rtol=0, atol=ROUNDING)


@every_rule
@with_figures
def test_beliefs_stay_valid_over_many_events(rule, figures):
    """Over 500 events of extreme people, means stay in 0..1, variances stay positive, and all are float64."""
    events = event_array(random_data(figures, people=30, events=500, seed=4))
    theta = 2.0 * draw_theta(rule, figures, people=30, seed=5)
    p = natural_parameters(rule, theta, figures, people=30)
    for filtered in filter_events(rule, p, events, figures):
        for state in (filtered.before, filtered.after):
            assert all(leaf.dtype == np.float64 for _, leaf in named_leaves(state))
            beliefs = rule.beliefs(p, state, filtered.event)
            for belief in (beliefs.availability, beliefs.worth):
                assert ((belief.mean >= 0) & (belief.mean <= 1)).all()
                assert belief.variance is None or (belief.variance > 0).all()
            assert ((beliefs.expected >= 0) & (beliefs.expected <= 1)).all()


@every_rule
def test_parameters_may_differ_by_figure(rule):
    """With one value per figure, arrays equal the graph; equal values for all figures equal one shared value."""
    by_figure, events = differing_by_figure(rule), event_array(random_data())
    theta = draw_theta(by_figure, 3, people=5)
    inputs, readouts = scanned(by_figure, theta, events, 3)
    expected = readouts_on_arrays(by_figure, theta, events, 3)
    np.testing.assert_allclose(evaluate(inputs, readouts)(theta, events), expected, rtol=0, atol=ROUNDING)
    one = natural_parameters(rule, draw_theta(rule, 3, people=5), 3, people=5)
    named = zip(named_leaves(rule.parameters), named_leaves(one), strict=True)
    tiled = unflatten(one, (np.tile(x, (3, 1)) if name in rule.by_figure else x for (name, _), (_, x) in named))
    same, expected = (np.stack(filter_readouts(rule, p, events, 3, READOUTS)) for p in (tiled, one))
    np.testing.assert_allclose(same, expected, rtol=0, atol=ROUNDING)
