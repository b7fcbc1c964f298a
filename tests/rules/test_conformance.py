"""Requirements of every rule: arrays equal graphs, gradients are right, and only observed outcomes change beliefs."""

import pickle
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
from pytensor.graph.traversal import ancestors, toposort
from uncompiled import equations_of, kernels_in_python, source_of

from iwm_bayes.data.dataset import events_to_dataset
from iwm_bayes.filtering import graph
from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array
from iwm_bayes.filtering.engine.scan_op import EventScan, EventScanGradient
from iwm_bayes.filtering.filter import filter_events, filter_readouts
from iwm_bayes.types import named_leaves, unflatten

RULES = lifted_rules()
ROUNDING = 1e-12  # a dozen events of a few dozen operations each, in float64
with_figures = pytest.mark.parametrize("figures", [1, 3])


@pytest.fixture
def quick_kernels():
    """Let Python run the source of machine code."""
    with kernels_in_python():
        yield


def every_rule(test):
    """Run a test for every rule, without compiling anything."""
    return pytest.mark.usefixtures("quick_kernels")(pytest.mark.parametrize("rule", RULES.values(), ids=RULES)(test))


def graph_inputs(theta, events):
    """Return symbols for link-scale parameters and for an event array."""
    return pt.tensor("theta", shape=theta.shape, dtype="float64"), pt.tensor(
        "event_array", shape=(None, *events.shape[1:]), dtype="float64"
    )


def scanned(rule, theta, events, figures, scan=graph.scan_in_scalars):
    """Return every readout at every event as a graph, and its inputs."""
    inputs = graph_inputs(theta, events)
    p = natural_parameters(rule, inputs[0], figures, theta.shape[1])
    return inputs, pt.stack(scan(rule, p, inputs[1], figures, READOUTS))


def with_gradient(inputs, readouts, weights):
    """Return readouts, and the gradient of their weighted sum by link-scale parameters."""
    return [readouts, pt.grad((weights * readouts).sum(), inputs[0])]


def operations(rule, figures, people=5, events=12):
    """Return the two operations of a scan: the loop and its gradient."""
    events, theta = event_array(random_data(figures, people, events)), draw_theta(rule, figures, people)
    inputs, readouts = scanned(rule, theta, events, figures)
    known = {v.owner.op for v in ancestors(with_gradient(inputs, readouts, 1.0)) if v.owner is not None}
    return [next(op for op in known if isinstance(op, kind)) for kind in (EventScan, EventScanGradient)]


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
@with_figures
def test_gradient_equals_finite_differences(rule, figures):
    """The graph's gradient with respect to link-scale parameters is that of the loop over arrays.

    At a step of 1e-5, truncation and rounding both leave about 1e-10 times a sum of some 70 readouts.
    """
    events, theta = event_array(random_data(figures)), draw_theta(rule, figures, people=5)
    inputs, readouts = scanned(rule, theta, events, figures)
    weights = np.random.default_rng(3).normal(size=(len(READOUTS), *events[:, 0].shape))
    _, gradient = evaluate(inputs, with_gradient(inputs, readouts, weights))(theta, events)
    expected = by_differences(
        lambda x: (weights * readouts_on_arrays(rule, x, events, figures)).sum(axis=(0, 1)), theta
    )
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


def test_machine_code_equals_the_plain_scan():
    """The loop and its gradient, for two full tables of eight people and one of four, and for fewer events.

    A graph of machine code calls them without Python, and another graph by Python.
    """
    rule = RULES["compensatory"]
    events, theta = np.tile(event_array(random_data(1)), 4), draw_theta(rule, 1, people=20)
    weights = np.random.default_rng(3).normal(size=(len(READOUTS), 1, 1))
    scans = [scanned(rule, theta, events, 1, scan) for scan in (graph.scan_in_vectors, graph.scan_in_scalars)]
    plain, ours = ((inputs, with_gradient(inputs, readouts, weights)) for inputs, readouts in scans)
    in_vectors, called, compiled = evaluate(*plain), evaluate(*ours), pytensor.function(*ours, mode="NUMBA")
    for some in (events, events[:7]):
        expected = in_vectors(theta, some)
        for found in (called(theta, some), compiled(theta, some)):
            for result, of_plain in zip(found, expected, strict=True):
                np.testing.assert_allclose(result, of_plain, rtol=0, atol=ROUNDING * np.abs(of_plain).max())


def test_one_kernel_serves_any_number_of_people_and_events():
    """Equal operations have one kernel, in this process and in others; other figures and rules have others."""
    rule = RULES["kalman"]
    few, many, copied = operations(rule, 2), operations(rule, 2, 7, 30), pickle.loads(pickle.dumps(operations(rule, 2)))
    assert few == many == copied
    assert not {*few} & {*operations(rule, 3), *operations(RULES["pearce_hall"], 2)}


@pytest.mark.parametrize("kind", [0, 1], ids=["loop", "gradient"])
def test_several_people_are_served_by_one_instruction(kind, monkeypatch):
    """The compiler never treats people one by one: no product is of two single numbers."""
    monkeypatch.setattr(numba.core.config, "OPT", 3)  # as outside of tests
    namespace = {}
    exec(source_of(operations(RULES["compensatory"], 1)[kind]).replace("cache=True, ", ""), namespace)
    instructions = namespace["kernel"].inspect_llvm()
    assert re.search(r"fmul [a-z ]*<\d+ x double>", instructions)
    assert not re.search(r"fmul [a-z ]*double", instructions)


def test_gradient_costs_a_few_times_the_step():
    """The gradient of a step of `compensatory` has two and a half to three times as many operations as the step."""
    equations = equations_of(operations(RULES["compensatory"], 1)[0])
    backward, forward = (len(list(toposort(own.outputs))) for own in (equations.backward, equations.forward))
    assert 2 < backward / forward < 4


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
    ).assign(distress=0.0, threat=0.0, rated=0.0, assessment=False)
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
    """Over 500 events of extreme people, means stay in 0..1, variances stay positive, and all are float64.

    A belief that is held in parts has the variance between them, which is 0 as long as they are equal.
    """
    in_parts = rule is RULES["latent_cause"]
    events = event_array(random_data(figures, people=30, events=500, seed=4))
    theta = 2.0 * draw_theta(rule, figures, people=30, seed=5)
    p = natural_parameters(rule, theta, figures, people=30)
    for filtered in filter_events(rule, p, events, figures):
        for state in (filtered.before, filtered.after):
            assert all(leaf.dtype == np.float64 for _, leaf in named_leaves(state))
            beliefs = rule.beliefs(p, state, filtered.event)
            for belief in (beliefs.availability, beliefs.worth):
                assert ((belief.mean >= 0) & (belief.mean <= 1)).all()
                assert belief.variance is None or (belief.variance > 0).all() or in_parts
                assert belief.variance is None or (belief.variance >= 0).all()
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
