"""R-hat and effective sample sizes are those of ArviZ and of theory, for chains of every kind."""

import arviz as az
import numpy as np
import pytest
import xarray as xr
from scipy.signal import lfilter

from iwm_bayes.convergence import diagnosed, effective, halved

CHAINS, DRAWS = 4, 600


def remembering(memory: float, shape: tuple[int, ...], seed: int = 3) -> np.ndarray:
    """First-order autoregressive chains (chain, draw, ...) of sd 1 with this autocorrelation, from stationarity."""
    noise = np.random.default_rng(seed).normal(size=shape)
    noise[:, 1:] *= np.sqrt(1.0 - memory**2)
    return lfilter([1.0], [1.0, -memory], noise, axis=1)


def of_every_kind(draws: int) -> np.ndarray:
    """Independent, slow, wandering and alternating ones, few different values, and chains that disagree."""
    independent = remembering(0.0, (CHAINS, draws))
    kinds = {
        "independent": independent,
        "slow": remembering(0.95, independent.shape),
        "wandering": independent.cumsum(axis=1),
        "alternating": remembering(-0.7, independent.shape),
        "rounded": independent.round(),
        "mostly one": (independent > 1.8).astype(float),
        "either of two": np.sign(independent - np.median(independent)),
        "disagreeing": independent + np.arange(CHAINS)[:, None] / 5.0,
        "differing": independent * np.arange(1, 1 + CHAINS)[:, None],
    }
    return np.stack(list(kinds.values()), axis=-1)


def arviz(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R-hat and the lower of bulk and tail ESS, quantity by quantity."""
    quantities = xr.Dataset({"x": (("chain", "draw", "quantity"), values)})
    with np.errstate(invalid="ignore"):  # it divides by nothing where all lie equally far from the median
        rhat = az.rhat(quantities)["x"].values
    tail = az.ess(quantities, method="tail", prob=(0.05, 0.95))["x"]
    return rhat, np.minimum(az.ess(quantities, method="bulk")["x"], tail).values


@pytest.mark.parametrize("draws", [DRAWS, DRAWS + 1, 100, 4, 5])
def test_diagnoses_are_those_of_arviz(draws: int) -> None:
    """Whatever a user's ArviZ is set to: tails are the twentieths at the ends."""
    values = of_every_kind(draws)
    values = values[..., np.ptp(values, axis=(0, 1)) > 0]
    with az.rc_context({"stats.ci_prob": 0.5}):
        found = diagnosed(values)
    np.testing.assert_allclose(found, arviz(values), rtol=1e-12)


@pytest.mark.parametrize("draws", [8, 10, 14, 21, 26])
def test_diagnoses_of_few_draws_are_those_of_arviz(draws: int) -> None:
    """Where autocorrelations may end before they have fallen to nothing, as in some of two hundred quantities."""
    values = remembering(0.3, (CHAINS, draws, 200))
    np.testing.assert_allclose(diagnosed(values), arviz(values), rtol=1e-12)


@pytest.mark.parametrize("memory", [-0.5, 0.0, 0.5, 0.9])
def test_means_scatter_as_effective_sample_sizes_say(memory: float) -> None:
    """The square of a mean, times the size, is 1 on average of many, within four Monte-Carlo errors."""
    values = remembering(memory, (CHAINS, 1000, 1600))
    squares = values.mean(axis=(0, 1)) ** 2 * effective(halved(values))
    assert abs(squares.mean() - 1.0) < 4.0 * np.sqrt(2.0 / len(squares))


def test_of_next_to_no_draws_nothing_is_known() -> None:
    """Three draws of a chain are one and a half for each half."""
    assert np.isnan(diagnosed(of_every_kind(3))).all()


def test_of_one_chain_it_is_not_known_whether_chains_agree() -> None:
    """But what its draws are worth."""
    one = remembering(0.0, (1, DRAWS, 3))
    rhat, ess = diagnosed(one)
    assert np.isnan(rhat).all()
    np.testing.assert_allclose(ess, arviz(one)[1], rtol=1e-12)


def test_what_cannot_be_computed_is_not_passed_over() -> None:
    """One draw that is no number is enough, and only of its own quantity."""
    values = remembering(0.0, (CHAINS, DRAWS, 2))
    values[1, 7, 0] = np.nan
    np.testing.assert_array_equal(np.isnan(diagnosed(values)), [[True, False], [True, False]])
