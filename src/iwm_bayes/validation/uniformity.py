"""Are places, 0..1, uniform? In the mean and the variance of their normal scores, and anywhere at all.

For `calibrate`. Bands that hold a whole empirical distribution: Sailynoja, Burkner & Vehtari (2022),
doi:10.1007/s11222-022-10090-6.
"""

from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

LEVEL = 0.05  # of all tests together
N_REFERENCE_SETS = 4000  # simulated sets of places, from which the band is known


def uniform_p(places: np.ndarray) -> dict[str, float]:
    """Chances of places as far from uniform: in the mean and the variance of their normal scores, and anywhere."""
    count, scores = len(places), stats.norm.ppf(places)
    squares = stats.chi2.cdf((scores**2).sum(), count)
    return {
        "mean": float(2.0 * stats.norm.sf(abs(scores.mean()) * np.sqrt(count))),
        "variance": float(2.0 * min(squares, 1.0 - squares)),
        "band": float((minimum_p(places[None], count)[0] >= reference_minimum_p(count)).mean()),
    }


def minimum_p(places: np.ndarray, count: int) -> np.ndarray:
    """Of every set of places (set, count): the smallest chance, over a grid, of as far an empirical distribution."""
    grid = np.linspace(0.0, 1.0, min(count, 50) + 1)[1:-1]
    below = (places[:, :, None] <= grid).sum(axis=1)
    low, high = stats.binom.cdf(below, count, grid), stats.binom.sf(below - 1, count, grid)
    return np.minimum(1.0, 2.0 * np.minimum(low, high)).min(axis=1)


def uniform_band(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the empirical distribution of so many uniform places stays, all at once, in 95 of 100: grid, low, high."""
    least = np.quantile(reference_minimum_p(count), LEVEL)
    grid = np.linspace(0.0, 1.0, 101)[1:-1]
    low, high = (stats.binom.ppf(share, count, grid) / count for share in (least / 2.0, 1.0 - least / 2.0))
    return grid, low, high


@cache
def reference_minimum_p(count: int) -> np.ndarray:
    """`minimum_p` of places that are uniform, many times."""
    generator = np.random.default_rng(count)
    return np.concatenate([minimum_p(generator.random((100, count)), count) for _ in range(N_REFERENCE_SETS // 100)])


def holm_correction(p: np.ndarray) -> np.ndarray:
    """Chances corrected for their number: Holm (1979), Scandinavian Journal of Statistics 6, 65-70."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def uniformity_table(places: pd.DataFrame) -> pd.DataFrame:
    """One line per quantity (a column of places, one line per simulation): three chances, the least one corrected."""
    table = pd.DataFrame({name: uniform_p(column.to_numpy()) for name, column in places.items()}).T
    corrected = holm_correction(table.to_numpy().ravel()).reshape(table.shape)
    scores = stats.norm.ppf(places.to_numpy())
    table = table.assign(corrected=corrected.min(axis=1), bias=scores.mean(axis=0), sd=scores.std(axis=0))
    says = np.where(table["corrected"] < LEVEL, "FAILED", "")
    return table.assign(says=says).rename_axis("quantity").reset_index()
