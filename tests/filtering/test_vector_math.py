"""The functions of machine code agree with SciPy's and with extended precision, at ordinary and at extreme numbers."""

import numba
import numpy as np
import pytest
from scipy import special

from iwm_bayes.filtering.engine import vector_math

UNIT = np.finfo(float).eps  # the relative distance of two neighbouring numbers, at most
SPECIAL = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, 1.0, 5e-324, 1e-310, 709.0, 710.0, -745.0, -800.0])


def over(function):
    """The function over an array, compiled; one compiled loop for each function."""

    @numba.njit(error_model="numpy")
    def loop(x):
        values = np.empty_like(x)
        for index in range(x.size):
            values[index] = function(x[index])
        return values

    return loop


FUNCTIONS = {name: over(getattr(vector_math, name)) for name in ("exp", "log", "log1p", "erfcx")}
REFERENCES = {"exp": np.exp, "log": np.log, "log1p": np.log1p, "erfcx": special.erfcx}


def points(name):
    """Numbers over the whole range of a function, and near the points where it is difficult."""
    generator = np.random.default_rng(1)
    normal = generator.normal(size=20_000)
    return {
        "exp": np.concatenate([generator.uniform(-708.0, 709.7, 20_000), normal, 1e-5 * normal]),
        "log": np.concatenate([np.exp(generator.uniform(-700.0, 709.0, 20_000)), 1.0 + 1e-3 * normal, np.abs(normal)]),
        "log1p": np.concatenate([generator.uniform(-0.999, 1.0, 20_000), 1e-9 * normal, np.exp(25.0 + normal)]),
        "erfcx": np.concatenate([generator.uniform(-8.0, 30.0, 20_000), np.exp(20.0 * normal[:9_000].clip(-3, 2))]),
    }[name]


@pytest.mark.parametrize(("name", "units"), [("exp", 1.0), ("log", 1.0), ("log1p", 2.5), ("erfcx", 20.0)])
def test_values_are_exact_to_units_in_the_last_place(name, units):
    """Where extended precision has the function, it is the reference; SciPy's error function has two units of its own.

    A logarithm near 0 has the absolute error of a number near 1.
    """
    x = points(name)
    precise = x if name == "erfcx" else x.astype(np.longdouble)
    expected = REFERENCES[name](precise)
    size = np.abs(expected) if name != "log" else np.maximum(np.abs(expected), np.abs(x - 1.0))
    assert float((np.abs(FUNCTIONS[name](x) - expected) / size).max()) <= units * UNIT


@pytest.mark.parametrize("name", FUNCTIONS)
def test_extreme_numbers_give_what_numpy_gives(name):
    """Zero, infinities, NaN, and numbers too small to be normal; only such results of `exp` become 0."""
    with np.errstate(all="ignore"):
        expected = REFERENCES[name](SPECIAL)
    tiny = np.abs(expected) < np.finfo(float).tiny if name == "exp" else np.zeros(len(SPECIAL), dtype=bool)
    found = FUNCTIONS[name](SPECIAL)
    np.testing.assert_array_equal(found[tiny], 0.0)
    np.testing.assert_allclose(found[~tiny], expected[~tiny], rtol=20 * UNIT)
