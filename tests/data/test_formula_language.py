"""Formulas are a closed language: what it has works, what it has not is one message, and no formula runs code."""

import contextlib

import numpy as np
import pandas as pd
import pytest

from iwm_bayes.data.formulas.design import common_design, design_problems, standardise
from iwm_bayes.data.formulas.evaluation import evaluate_design
from iwm_bayes.data.formulas.language import FUNCTIONS, MAX_DEPTH, read_formula
from iwm_bayes.types import InputError

AGE = np.array([20.0, 30.0, 40.0, 55.0, 62.0, 71.0, 33.0, 45.0])
PEOPLE = pd.DataFrame(
    {
        "age": AGE,
        "years in care": [0.0, 1.0, 4.0, 9.0, 2.0, 3.0, 16.0, 5.0],
        "arm": ["cbt", "tau"] * 4,
        "clinic/ward": list("aabbaabb"),
    }
)
CODE = [
    "np.lib._datasource.os.system('touch PWNED')",
    "os.system('touch PWNED')",
    "__import__('os').system('touch PWNED')",
    "__builtins__.eval('1')",
    'eval(\'__import__("os").system("touch PWNED")\')',
    "exec('import os')",
    "open('PWNED', 'w')",
    "pd.DataFrame.to_csv(age, 'PWNED')",
    "age.to_csv('PWNED')",
    "age.values.tofile('PWNED')",
    "I(np.save('PWNED', age))",
    "{open('PWNED', 'w')}",
    "C(age, open('PWNED', 'w'))",
    "bs(age, df=open('PWNED', 'w'))",
    "bs(open('PWNED', 'w'), df=4)",
    "(1|open('PWNED', 'w'))",
    "log.__globals__",
    "log(age)(age)",
    "(log)(age)",
    "`open`('PWNED', 'w')",
    "lambda: open('PWNED', 'w')",
    "age[open('PWNED', 'w')]",
    "getattr(age, 'to_csv')('PWNED')",
    "frame.to_csv('PWNED')",
    "center(age).to_csv('PWNED')",
    "Environment.capture(0)",
]


@pytest.mark.parametrize("formula", CODE)
def test_no_formula_runs_code(formula, tmp_path, monkeypatch):
    """Calls of anything but the named functions are refused before evaluation, and would reach nothing in it."""
    monkeypatch.chdir(tmp_path)
    try:
        known = read_formula(formula).names <= {*PEOPLE}
    except InputError as refused:
        known = len(refused.problems) != 1
    assert not known
    with contextlib.suppress(InputError):
        evaluate_design(formula, standardise(PEOPLE))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("nosuchfn(age)", 'no function "nosuchfn"'),
        ("np.log(age)", 'Did you mean "log"?'),
        ("sqr(age)", 'Did you mean "sqrt"?'),
        ("age + arm anxiety", "an operator is missing before 'anxiety'"),
        ("age +", "is no formula"),
        ("`age", "a backquote or bracket is not closed"),
        ("_age", "Unexpected character"),
        ("²", "is no formula"),
        ("age / 0", "Write arithmetic as I(...)"),
        ("age + 2", "Write arithmetic as I(...)"),
        ("-age", "Write arithmetic as I(...)"),
        ("age > 30", "> has no meaning"),
        ("I(age > 30)", "inside a function, > has no meaning"),
        ("y ~ age", "the right side only"),
        ("age ** 9", "power of interactions is a number from 2 to 4"),
        ("I(9 ** 9 ** 9 * age)", "a power is of a column"),
        ("I(age * 1000000000)", "numbers up to 1e+06"),
        ("bs(age, df=1000000)", "a number up to 20"),
        ("bs(age, intercept=True)", "no option intercept. It has: df, degree, center"),
        ("log(age + 1)", "takes one column and no arithmetic"),
        ("log()", "needs the name of a column first"),
        ("I(1)", "needs the name of a column first"),
        ("arm['tau']", "this is no name of a column"),
        ("True", "a number is 0 or 1"),
        ("x = age", "Invalid assignment"),
        ("(1|age + arm)", "to the right of a |"),
        ("``", "this is no name of a column"),
        ("(" * 200 + "age" + ")" * 200, f"{MAX_DEPTH} brackets"),
        ("age + " * 80 + "age", "more than 120 names"),
        ("a" * 501, "at most 500 signs"),
        ("a*b*c*d*e*f*g*h", "more than 64 terms"),
        ("(a + b + c + d + e) ** 4", "more than 64 terms"),
    ],
)
def test_what_the_language_does_not_have_is_one_message(formula, said):
    """It says what is wrong, and what a formula may have."""
    with pytest.raises(InputError) as refused:
        read_formula(formula)
    (message,) = refused.value.problems
    assert said in message


def test_the_message_lists_every_function():
    """Whoever asks for a function that is not there reads which there are."""
    with pytest.raises(InputError) as refused:
        read_formula("nosuchfn(age)")
    assert all(name in str(refused.value) for name in FUNCTIONS)


def design(formula):
    """Return the design of a formula for the people of the fit, and check that nothing is wrong with it."""
    assert design_problems({"rate": formula}, PEOPLE, "key `formulas") == []
    return common_design(formula, standardise(PEOPLE), standardise(PEOPLE))


def z(values):
    """Return numbers with mean 0 and SD 1."""
    return (values - values.mean()) / values.std(ddof=1)


@pytest.mark.parametrize(
    ("formula", "values"),
    [
        ("log(age)", z(np.log(AGE))),
        ("log2(age)", z(np.log(AGE))),
        ("log10(age)", z(np.log(AGE))),
        ("log1p(`years in care`)", z(np.log1p(PEOPLE["years in care"].to_numpy()))),
        ("sqrt(`years in care`)", z(np.sqrt(PEOPLE["years in care"].to_numpy()))),
        ("exp(`years in care`)", z(np.exp(PEOPLE["years in care"].to_numpy()))),
        ("abs(age)", np.abs(z(AGE))),
        ("I(age ** 2)", z(AGE) ** 2),
        ("{age - 2 * `years in care`}", z(AGE) - 2 * z(PEOPLE["years in care"].to_numpy())),
        ("scale(age)", (AGE - AGE.mean()) / AGE.std()),
        ("arm", np.array([0.0, 1.0] * 4)),
        ("T(arm, 'tau')", np.array([1.0, 0.0] * 4)),
        ("S(arm)", np.array([1.0, -1.0] * 4)),
        ("`clinic/ward`", np.array([0.0, 0, 1, 1, 0, 0, 1, 1])),
    ],
)
def test_functions_give_the_values_of_their_definition(formula, values):
    """Logarithms, roots and exponentials are of own units and then standardised; others take standardised numbers."""
    np.testing.assert_allclose(design(formula).to_numpy()[:, 0], values, atol=1e-12)


def test_splines_and_polynomials_have_their_columns():
    """A spline with four degrees of freedom has four columns; a polynomial of degree 2 two, orthogonal ones."""
    assert design("bs(age, df=4)").shape == (8, 4)
    powers = design("poly(age, 2)").to_numpy()
    np.testing.assert_allclose(powers.T @ powers, np.eye(2), atol=1e-12)


def test_a_function_of_the_people_who_are_fitted_keeps_its_scale_for_others():
    """One SD more for everybody moves the logarithm by its own amount, in SDs of the people who are fitted."""
    frame = standardise(PEOPLE)
    moved = common_design("log(age)", frame, frame.assign(age=frame["age"] + 1.0)).to_numpy()[:, 0]
    expected = (np.log(AGE + AGE.std(ddof=1)) - np.log(AGE).mean()) / np.log(AGE).std(ddof=1)
    np.testing.assert_allclose(moved, expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("log(`years in care`)", "log(years in care) is not a finite number for 0"),
        ("I(age / (age - age))", "not a finite number for everyone"),
        ("I(arm * 20)", "arm has words, and arithmetic needs numbers"),
        ("bs(age)", "cannot be evaluated for these people"),
        ("T(arm, 'nobody')", "cannot be evaluated for these people"),
        ("arm + C(arm)", "collinear"),
        ("huge", "huge has numbers that are too large"),
    ],
)
def test_covariates_that_do_not_suit_a_formula_are_named(formula, said):
    """A zero under a logarithm, a division by zero, words in arithmetic, options that are missing."""
    people = PEOPLE.assign(huge=[1e300, -1e300] * 4)
    names = [name for name in people if name in read_formula(formula).names]
    (problem,) = design_problems({"rate": formula}, people[names], "key `formulas")
    assert said in problem


def test_interactions_that_would_fill_the_memory_are_refused():
    """Three columns of a thousand categories each: the number of design columns is known before any is made."""
    many = pd.DataFrame({name: [f"{name}{i}" for i in range(1000)] for name in ("a", "b", "c")})
    (problem,) = design_problems({"rate": "a:b:c"}, many, "key `formulas")
    assert "more than fit into memory" in problem
