"""The equations in mathematical notation are those of the code, name every parameter, and can be drawn."""

from importlib import import_module

import numpy as np
import pytest
from latex import assign
from latex2mathml.converter import convert

from iwm_bayes.rules import RULES
from iwm_bayes.types import Event, Learner, named_leaves

NOTATION = {name: import_module(f"iwm_bayes.rules.{name}").LATEX for name in RULES}
VECTORS = {"compensatory", "reflective", "latent_cause"}  # equations with matrices and sums
every_rule = pytest.mark.parametrize("name", RULES)


def parts(notation):
    """All equations."""
    return [*notation.start, *notation.time, *notation.outcome, *notation.belief]


@every_rule
def test_every_equation_and_symbol_can_be_drawn(name):
    """The converter knows every command: what it does not know, it leaves as it is."""
    notation = NOTATION[name]
    for latex in [*parts(notation), *notation.symbols.values()]:
        drawn = convert(latex)
        assert drawn.startswith("<math"), latex
        assert "\\" not in drawn, latex


@every_rule
def test_every_parameter_has_a_symbol_that_the_equations_use(name):
    """No parameter is forgotten, and no symbol is left over."""
    notation = NOTATION[name]
    assert list(notation.symbols) == [field for field, _ in named_leaves(RULES[name].parameters)]
    assert len(set(notation.symbols.values())) == len(notation.symbols)
    for symbol in notation.symbols.values():
        assert any(symbol in equation for equation in parts(notation)), symbol


def event_of(outcome, elapsed):
    """One event of one person with one figure."""
    zero, one = np.zeros(1), np.ones(1)
    since = np.array([elapsed])
    return Event(np.array([outcome]), np.ones((1, 1)), np.ones((1, 1)), since, since, zero, zero, one)


def leaves(state):
    """The numbers of a state, in order."""
    return [float(np.ravel(value)[0]) for _, value in named_leaves(state)]


def steps(rule, p):
    """The rule's functions of a state, an outcome and the elapsed time, for a learner and for a whole rule."""
    if isinstance(rule, Learner):
        return (
            rule.start(p),
            lambda s, elapsed: rule.drift(p, s, elapsed),
            lambda s, outcome: rule.learn(p, s, outcome),
        )
    return (
        rule.start(p, 1),
        lambda s, elapsed: rule.drift(p, s, event_of(0.0, elapsed)),
        lambda s, outcome: rule.learn(p, s, event_of(outcome, 1.0)),
    )


@pytest.mark.parametrize("name", [name for name in RULES if name not in VECTORS])
def test_equations_give_the_numbers_of_the_code(name):
    """The state is the same before the first event, and after time passes and after an outcome of eight events."""
    rule, notation = RULES[name], NOTATION[name]
    generator = np.random.default_rng(7)
    values = [generator.uniform(*parameter.prior_90) for _, parameter in named_leaves(rule.parameters)]
    p = type(rule.parameters)(*(np.array([value]) for value in values))
    state, drift, learn = steps(rule, p)
    symbols = dict(zip(notation.symbols.values(), values, strict=True))
    found = assign(notation.start, symbols)
    names = [name for name in found if name not in symbols]
    assert [found[name] for name in names] == pytest.approx(leaves(state), rel=1e-12)
    for event in range(8):
        elapsed = float(generator.integers(1, 4))
        outcome = float(generator.integers(2)) if event < 4 else generator.random()
        state, found = drift(state, elapsed), assign(notation.time, found | {"D": elapsed})
        assert [found[name] for name in names] == pytest.approx(leaves(state), rel=1e-9)
        state, found = learn(state, outcome), assign(notation.outcome, found | {"o": outcome})
        assert [found[name] for name in names] == pytest.approx(leaves(state), rel=1e-9)


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if isinstance(rule, Learner)])
def test_the_belief_is_that_of_the_code(name):
    """Mean and variance of the belief, where the notation has an equation for them."""
    rule, notation = RULES[name], NOTATION[name]
    values = [np.mean(parameter.prior_90) for _, parameter in named_leaves(rule.parameters)]
    p = type(rule.parameters)(*(np.array([value]) for value in values))
    symbols = dict(zip(notation.symbols.values(), values, strict=True))
    found = assign(notation.outcome, assign(notation.start, symbols) | {"o": 1.0, "D": 1.0})
    belief = rule.belief(p, rule.learn(p, rule.start(p), 1.0))
    found = assign(notation.belief, found)
    assert found["b"] == pytest.approx(float(belief.mean[0]), rel=1e-9)
    if r"\operatorname{Var}(b)" in found:
        assert found[r"\operatorname{Var}(b)"] == pytest.approx(float(belief.variance[0]), rel=1e-9)


def gaussian(state):
    """Mean (3, 1) and covariance (3, 3) of two figures and the self."""
    mean = np.vstack([state.availability, state.worth])
    figures, self_column = state.among_figures[..., 0], state.with_worth
    return mean, np.block([[figures, self_column], [self_column.T, np.reshape(state.of_worth, (1, 1))]])


def covariance(values):
    """The covariance of two figures and the self, from the values of its entries by name."""
    of_figure, between, with_self, of_self = (values[f"C_{{{name}}}"] for name in ("jj", "jk", "jw", "ww"))
    return np.array([[of_figure, between, with_self], [between, of_figure, with_self], [with_self, with_self, of_self]])


def test_the_matrix_equations_of_credit_assignment_give_the_numbers_of_the_code():
    """Start, time, an outcome with the first of two figures, and the beliefs after it."""
    rule, notation = RULES["compensatory"], NOTATION["compensatory"]
    values = [np.mean(parameter.prior_90) for _, parameter in named_leaves(rule.parameters)]
    p = type(rule.parameters)(*(np.array([value]) for value in values))
    zero = np.zeros(1)
    event = Event(np.ones(1), np.array([[1.0], [0.0]]), np.zeros((2, 1)), zero + 3, zero + 3, zero, zero, zero + 1)
    state = rule.start(p, 2)
    found = assign(
        notation.start, dict(zip(notation.symbols.values(), values, strict=True)) | {r"\pi": np.pi, "D": 3.0}
    )
    mean = np.array([[found["m_j"]], [found["m_j"]], [found["m_w"]]])
    np.testing.assert_allclose(gaussian(state)[0], mean, rtol=1e-12)
    np.testing.assert_allclose(gaussian(state)[1], covariance(found), rtol=1e-12)
    state, found = rule.drift(p, state, event), assign(notation.time, found)
    np.testing.assert_allclose(gaussian(state)[1], covariance(found), rtol=1e-12)
    state = rule.learn(p, state, event)
    known = {"m": mean, "C": covariance(found), "h": np.array([[1.0], [0.0], [1.0]]), "o": 1.0}
    found = assign(notation.outcome, found | known)
    np.testing.assert_allclose(gaussian(state)[0], found["m"], rtol=1e-12)
    np.testing.assert_allclose(gaussian(state)[1], found["C"], rtol=1e-12)
    (m_j, _, m_w), entries = found["m"][:, 0], {"C_{jj}": found["C"][0, 0], "C_{ww}": found["C"][2, 2]}
    found = assign(notation.belief, found | entries | {"m_j": m_j, "m_w": m_w})
    beliefs = rule.beliefs(p, state, event)
    assert (found["a_j"], found["w"]) == pytest.approx(
        (beliefs.availability.mean.item(), beliefs.worth.mean.item()), rel=1e-12
    )
