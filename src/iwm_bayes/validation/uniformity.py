"""Uniformity of SBC ranks, 0..1: tests of the mean, the variance and the whole distribution.

The mean and the variance are those of the normal scores of the ranks. The band contains the whole empirical
distribution: Sailynoja, Burkner & Vehtari (2022), doi:10.1007/s11222-022-10090-6.
"""

from functools import cache

import numpy as np
import pandas as pd

from iwm_bayes.lazy import lazy_module

stats = lazy_module("scipy.stats")

LEVEL = 0.05  # of all tests together
N_REFERENCE_SETS = 4000  # simulated sets of uniform ranks, from which the band is computed
NOT_UNIFORM = "not uniform"


def uniform_p(ranks: np.ndarray) -> dict[str, float]:
    """Compute p values: of the mean and the variance of normal scores, and of the whole distribution ("band")."""
    count, scores = len(ranks), stats.norm.ppf(ranks)
    squares = stats.chi2.cdf((scores**2).sum(), count)
    return {
        "mean": float(2.0 * stats.norm.sf(abs(scores.mean()) * np.sqrt(count))),
        "variance": float(2.0 * min(squares, 1.0 - squares)),
        "band": float((minimum_p(ranks[None], count)[0] >= reference_minimum_p(count)).mean()),
    }


def minimum_p(ranks: np.ndarray, count: int) -> np.ndarray:
    """Compute the smallest pointwise p value of the empirical distribution over a grid, for each set (set, count)."""
    grid = np.linspace(0.0, 1.0, min(count, 50) + 1)[1:-1]
    below = (ranks[:, :, None] <= grid).sum(axis=1)
    low, high = stats.binom.cdf(below, count, grid), stats.binom.sf(below - 1, count, grid)
    return np.minimum(1.0, 2.0 * np.minimum(low, high)).min(axis=1)


def uniform_band(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the simultaneous 95% band of the empirical distribution of uniform ranks: grid, low, high."""
    pointwise = np.quantile(reference_minimum_p(count), LEVEL)
    grid = np.linspace(0.0, 1.0, 101)[1:-1]
    low, high = (stats.binom.ppf(p, count, grid) / count for p in (pointwise / 2.0, 1.0 - pointwise / 2.0))
    return grid, low, high


@cache
def reference_minimum_p(count: int) -> np.ndarray:
    """Compute `minimum_p` of many simulated sets of uniform ranks."""
    generator = np.random.default_rng(count)
    return np.concatenate([minimum_p(generator.random((100, count)), count) for _ in range(N_REFERENCE_SETS // 100)])


def holm_correction(p: np.ndarray) -> np.ndarray:
    """Correct p values for their number: Holm (1979), Scandinavian Journal of Statistics 6, 65-70."""
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(steps, 1.0)
    return corrected


def uniformity_table(ranks: pd.DataFrame) -> pd.DataFrame:
    """Return one line per quantity (a column of ranks, one row per study).

    Columns are three p values, the smallest of them corrected for all tests, the mean ("bias") and SD of the normal
    scores, and the status.
    """
    p = pd.DataFrame({name: uniform_p(column.to_numpy()) for name, column in ranks.items()}).T
    corrected = holm_correction(p.to_numpy().ravel()).reshape(p.shape)
    scores = stats.norm.ppf(ranks.to_numpy())
    table = p.assign(corrected_p=corrected.min(axis=1), bias=scores.mean(axis=0), sd=scores.std(axis=0))
    status = np.where(table["corrected_p"] < LEVEL, NOT_UNIFORM, "")
    return table.assign(status=status).rename_axis("quantity").reset_index()


def sbc_ranks_data(ranks: pd.DataFrame) -> pd.DataFrame:
    """Return how far the distribution of ranks is from a uniform one, by quantity and rank.

    Parameters
    ----------
    ranks
        Relative ranks of the true values, 0..1: one row per study, one column per quantity.

    Returns
    -------
    pd.DataFrame
        Columns quantity, rank (points of a grid), difference (share of ranks up to it, minus the point), low and high
        (its simultaneous 95% band if ranks are uniform), and status: empty if they are.
    """
    grid, low, high = uniform_band(len(ranks))
    status = uniformity_table(ranks).set_index("quantity")["status"]
    tables = [
        pd.DataFrame(
            {
                "quantity": str(name),
                "rank": grid,
                "difference": (column.to_numpy()[:, None] <= grid).mean(axis=0) - grid,
                "low": low - grid,
                "high": high - grid,
                "status": status[str(name)],
            }
        )
        for name, column in ranks.items()
    ]
    return pd.concat(tables, ignore_index=True)
