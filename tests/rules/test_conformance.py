"""What every rule owes: arrays equal graphs, gradients are right, and only seen outcomes teach."""

import re

import numba
import numpy as np
import pandas as pd
import pytensor
import pytensor.tensor as pt
import pytest
from helpers import READINGS, differing_by_figure, draw_levels, evaluate, from_levels, lifted_rules, lived, on_arrays
from pytensor.graph.traversal import ancestors
from pytensor.link.numba.dispatch.basic import numba_funcify

from iwm_bayes.data.dataset import to_dataset
from iwm_bayes.filtering import graph
from iwm_bayes.filtering.arrays import EVENT_FIELDS, event_array
from iwm_bayes.filtering.engine.scan_op import EventScan, EventScanGradient
from iwm_bayes.filtering.filter import filter_events, filter_readouts, read_out
from iwm_bayes.types import named_leaves, unflatten

RULES = lifted_rules()
ROUNDING = 1e-12  # a dozen events of a few dozen operations each, in float64
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
with_figures = pytest.mark.parametrize("figures", [1, 3])


def graph_inputs(levels, lives):
    """Symbols for link-scale parameters and for a course."""
    return pt.tensor("levels", shape=levels.shape, dtype="float64"), pt.tensor(
        "course", shape=(None, *lives.shape[1:]), dtype="float64"
    )


def scanned(rule, levels, lives, figures):
    """Every reading at every event as a graph, and its inputs."""
    inputs = graph_inputs(levels, lives)
    p = from_levels(rule, inputs[0], figures, levels.shape[1])
    return inputs, pt.stack(graph.scan_events(rule, p, inputs[1], figures, READINGS))


def unrolled(rule, levels, lives, figures):
    """The same without a scan, for so few events that its gradient is cheap with three figures too."""
    inputs = graph_inputs(levels, lives)
    p = graph.as_graphs(from_levels(rule, inputs[0], figures, levels.shape[1]))
    rows = (inputs[1][event] for event in range(len(lives)))
    moments = filter_events(rule, p, rows, figures)
    columns = [read_out(rule, p, m, READINGS) for m in moments]
    return inputs, pt.stack([pt.stack(column) for column in zip(*columns, strict=True)])


def by_differences(function, levels, step=1e-5):
    """The gradient of a sum over people by central differences; people do not depend on each other."""
    columns = []
    for row in range(len(levels)):
        there = np.zeros_like(levels)
        there[row] = step
        columns.append((function(levels + there) - function(levels - there)) / (2 * step))
    return np.array(columns)


@every_rule
@with_figures
def test_arrays_equal_graph(rule, figures):
    """The loop and the scan agree on every belief, with unequal lengths and blanks."""
    lives, levels = event_array(lived(figures)), draw_levels(rule, figures, people=5)
    inputs, readings = scanned(rule, levels, lives, figures)
    in_graph = evaluate(inputs, readings)(levels, lives)
    assert in_graph.dtype == np.float64
    np.testing.assert_allclose(in_graph, on_arrays(rule, levels, lives, figures), rtol=0, atol=ROUNDING)


@every_rule
@pytest.mark.parametrize(("graph", "figures"), [(scanned, 1), (unrolled, 3)], ids=["one figure", "three figures"])
def test_gradient_equals_finite_differences(rule, graph, figures):
    """The graph's gradient with respect to link-scale parameters is that of the loop over arrays.

    At a step of 1e-5 truncation and rounding both leave about 1e-10 times a sum of some 70 readings.
    """
    lives, levels = event_array(lived(figures, events=6 if figures == 3 else 12)), draw_levels(rule, figures, people=5)
    inputs, readings = graph(rule, levels, lives, figures)
    weights = np.random.default_rng(3).normal(size=(len(READINGS), *lives[:, 0].shape))
    gradient = evaluate(inputs, pt.grad((weights * readings).sum(), inputs[0]))(levels, lives)
    expected = by_differences(lambda x: (weights * on_arrays(rule, x, lives, figures)).sum(axis=(0, 1)), levels)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


def test_machine_code_equals_python():
    """The loop that is compiled, forwards and back, eight people abreast twice and four left over, and Python."""
    lives, levels = np.tile(event_array(lived(3)), 4), draw_levels(RULES["compensatory"], 3, people=20)
    inputs, readings = scanned(RULES["compensatory"], levels, lives, 3)
    weights = np.random.default_rng(3).normal(size=(len(READINGS), *lives[:, 0].shape))
    outputs = [readings, pt.grad((weights * readings).sum(), inputs[0])]
    compiled = pytensor.function(inputs, outputs, mode="NUMBA")(levels, lives)
    for found, expected in zip(compiled, evaluate(inputs, outputs)(levels, lives), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING * np.abs(expected).max())


@pytest.mark.parametrize("kind", [EventScan, EventScanGradient])
def test_several_people_are_served_by_one_instruction(kind):
    """The compiler sees nothing for which it would take people one by one: no product is of two single numbers."""
    lives, levels = event_array(lived(1)), draw_levels(RULES["compensatory"], 1, people=5)
    inputs, readings = scanned(RULES["compensatory"], levels, lives, 1)
    known = [v.owner for v in ancestors([readings, pt.grad(readings.sum(), inputs[0])]) if v.owner is not None]
    node = next(node for node in known if isinstance(node.op, kind))
    loop = numba_funcify(node.op, node=node)
    arrays = numba.types.Tuple([numba.types.Array(numba.float64, x.type.ndim, "C") for x in node.inputs])
    compiled = numba.njit(lambda given: loop(*given))
    compiled.compile((arrays,))
    [instructions] = compiled.inspect_llvm().values()
    assert re.search(r"fmul [a-z ]*<\d+ x double>", instructions)
    assert not re.search(r"fmul [a-z ]*double", instructions)


def test_going_back_costs_a_few_times_the_step():
    """A step of `compensatory` back has two and a half times as many operations as the step."""
    lives, levels = event_array(lived(1)), draw_levels(RULES["compensatory"], 1, people=5)
    _, readings = scanned(RULES["compensatory"], levels, lives, 1)
    [walk] = {v.owner.op for v in ancestors([readings]) if v.owner is not None and isinstance(v.owner.op, EventScan)}
    forward, backward = (len(equations.as_one.fgraph.apply_nodes) for equations in (walk.step, walk.back))
    assert backward < 4 * forward


@every_rule
def test_unseen_outcome_changes_no_bit(rule):
    """What was recorded of an outcome that the person did not experience has no influence, on either driver."""
    lives, levels = event_array(lived()), draw_levels(rule, 3, people=5)
    outcome, seen = (lives[:, EVENT_FIELDS.index(name)] for name in ("outcome", "seen"))
    otherwise = lives.copy()
    otherwise[:, EVENT_FIELDS.index("outcome")] = np.where(seen > 0, outcome, 0.77)
    assert (otherwise != lives).any()
    inputs, readings = scanned(rule, levels, lives, 3)
    in_graph = evaluate(inputs, readings)
    np.testing.assert_array_equal(in_graph(levels, otherwise), in_graph(levels, lives))
    np.testing.assert_array_equal(on_arrays(rule, levels, otherwise, 3), on_arrays(rule, levels, lives, 3))


@every_rule
def test_unseen_event_is_elapsed_time(rule):
    """An unseen event with a figure does what its time would have done, added to the next event's."""
    frame = pd.DataFrame(
        {
            "person": "p",
            "session": range(6),
            "figure": [f"figure {index}" for index in (0, 1, 0, 1, 1, 0)],
            "time": [0.0, 1.5, 2.0, 4.5, 5.0, 7.0],
            "outcome": [1.0, 0.3, 0.8, 0.0, 0.9, 0.1],
            "seen": [True, True, True, False, True, True],
        }
    ).assign(distress=0.0, threat=0.0, reported=0.0, assessment=False)
    levels = draw_levels(rule, 2, people=1)
    with_event = on_arrays(rule, levels, event_array(to_dataset(frame, {}, "session")), 2)
    merged = on_arrays(rule, levels, event_array(to_dataset(frame.drop(index=3), {}, "session")), 2)
    np.testing.assert_allclose(np.delete(with_event, 3, axis=1), merged, rtol=0, atol=ROUNDING)


@every_rule
def test_one_person_alone_and_without_padding(rule):
    """A person's beliefs depend neither on other people nor on the blank events that follow theirs."""
    data, levels = lived(), draw_levels(rule, 3, people=5)
    lives, together = event_array(data), on_arrays(rule, levels, event_array(data), 3)
    lengths = data["present"].values.sum(axis=0)
    assert lengths.min() < lengths.max()
    for person, length in enumerate(lengths):
        alone = on_arrays(rule, levels[:, [person]], lives[:length, :, [person]], 3)
        np.testing.assert_allclose(together[:, :length, [person]], alone, rtol=0, atol=ROUNDING)


@every_rule
@with_figures
def test_beliefs_stay_possible_over_long_lives(rule, figures):
    """Over 500 events of people far from average, means stay in 0..1, variances positive, all float64."""
    lives = event_array(lived(figures, people=30, events=500, seed=4))
    levels = 2.0 * draw_levels(rule, figures, people=30, seed=5)
    p = from_levels(rule, levels, figures, people=30)
    for moment in filter_events(rule, p, lives, figures):
        for state in (moment.before, moment.after):
            assert all(leaf.dtype == np.float64 for _, leaf in named_leaves(state))
            beliefs = rule.beliefs(p, state, moment.event)
            for belief in (beliefs.availability, beliefs.worth):
                assert ((belief.mean >= 0) & (belief.mean <= 1)).all()
                assert belief.variance is None or (belief.variance > 0).all()
            assert ((beliefs.expected >= 0) & (beliefs.expected <= 1)).all()


@every_rule
def test_parameters_may_differ_by_figure(rule):
    """With one value per figure arrays equal the graph, and equal values are one shared value."""
    by_figure, lives = differing_by_figure(rule), event_array(lived())
    levels = draw_levels(by_figure, 3, people=5)
    inputs, readings = scanned(by_figure, levels, lives, 3)
    apart = on_arrays(by_figure, levels, lives, 3)
    np.testing.assert_allclose(evaluate(inputs, readings)(levels, lives), apart, rtol=0, atol=ROUNDING)
    one = from_levels(rule, draw_levels(rule, 3, people=5), 3, people=5)
    named = zip(named_leaves(rule.parameters), named_leaves(one), strict=True)
    tiled = unflatten(one, (np.tile(x, (3, 1)) if name in rule.by_figure else x for (name, _), (_, x) in named))
    same, expected = (np.stack(filter_readouts(rule, p, lives, 3, READINGS)) for p in (tiled, one))
    np.testing.assert_allclose(same, expected, rtol=0, atol=ROUNDING)
