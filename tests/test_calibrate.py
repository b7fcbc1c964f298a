"""Calibration against what is uniform and what is not; and whether faults that are planted are found."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from iwm_bayes.calibrate import Ranked, band, calibration, holm, placed, uniform_p

SETS, COUNT = 400, 100


def clumps(rng):
    """Scores around -1 and 1, half and half: mean 0 and variance 1, as those of even places."""
    return rng.permutation(np.repeat([-1.0, 1.0], COUNT // 2)) + rng.normal(0.0, 0.1, COUNT)


def whole(rng, count):
    return rng.integers(0, 3, count).astype(float)


@pytest.mark.parametrize("test", ["mean", "variance", "band"])
def test_even_places_fail_as_often_as_stated(test):
    """Chances below .1 in a tenth of even sets, within three standard errors; `band` has few values, and never more."""
    rng = np.random.default_rng(1)
    share = np.mean([uniform_p(rng.random(COUNT))[test] < 0.1 for _ in range(SETS)])
    error = 3.0 * np.sqrt(0.1 * 0.9 / SETS)
    assert share < 0.1 + error
    assert share > (0.02 if test == "band" else 0.1 - error)


@pytest.mark.parametrize(
    ("scores", "test"),
    [
        (lambda rng: rng.normal(0.5, 1.0, COUNT), "mean"),
        (lambda rng: rng.normal(0.0, 0.7, COUNT), "variance"),
        (
            lambda rng: np.where(rng.random(COUNT) < 0.5, rng.normal(-1.0, 0.1, COUNT), rng.normal(1.0, 0.1, COUNT)),
            "band",
        ),
    ],
)
def test_uneven_places_are_found(scores, test):
    """A bias, posteriors too wide, and two clumps with the right mean and variance."""
    found = uniform_p(stats.norm.cdf(scores(np.random.default_rng(1))))
    assert found[test] < 0.001
    assert test != "band" or min(found["mean"], found["variance"]) > 0.05


def test_the_band_holds_even_places():
    """All along at once, in at least 95 of 100 sets, and not in nearly all: within three standard errors."""
    grid, low, high = band(COUNT)
    shares = (np.random.default_rng(2).random((SETS, COUNT, 1)) <= grid).mean(axis=1)
    inside = ((shares >= low) & (shares <= high)).all(axis=1).mean()
    error = np.sqrt(0.95 * 0.05 / SETS)
    assert 0.95 - 3 * error < inside < 0.95 + 4 * error


def test_chances_are_corrected_by_holm():
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    "draw", [lambda rng, n: rng.normal(size=n), lambda rng, n: rng.integers(0, 3, n).astype(float)]
)
def test_a_truth_like_its_draws_has_an_even_place(draw):
    """Also where most values are tied, and where draws count for fewer than they are."""
    rng = np.random.default_rng(3)
    places = [placed(Ranked(float(draw(rng, 1)[0]), draw(rng, 50), 20.0), rng) for _ in range(1000)]
    assert stats.kstest(places, "uniform").pvalue > 0.01


def test_one_fault_among_many_quantities_is_named():
    rng = np.random.default_rng(4)
    places = pd.DataFrame({f"right {index}": rng.random(200) for index in range(20)})
    places["wrong"] = stats.norm.cdf(rng.normal(0.4, 1.0, 200))
    table = calibration(places).set_index("quantity")
    assert table.index[table["says"] == "FAILED"].tolist() == ["wrong"]
    assert table["bias"]["wrong"] == pytest.approx(0.4, abs=3 / np.sqrt(200))
