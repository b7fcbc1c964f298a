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


@pytest.mark.parametrize("draws", [DRAWS, DRAWS + 1, 100, 4, 5])
def test_diagnoses_are_those_of_arviz(draws: int) -> None:
    """Whatever a user's ArviZ is set to: tails are the twentieths at the ends."""
    values = of_every_kind(draws)
    values = values[..., np.ptp(values, axis=(0, 1)) > 0]
    with az.rc_context({"stats.ci_prob": 0.5}):
        rhat, ess = diagnosed(values)
    quantities = xr.Dataset({"x": (("chain", "draw", "quantity"), values)})
    with np.errstate(invalid="ignore"):  # ArviZ divides by nothing where all lie equally far from the median
        np.testing.assert_allclose(rhat, az.rhat(quantities)["x"], rtol=1e-12)
    tail = az.ess(quantities, method="tail", prob=(0.05, 0.95))["x"]
    np.testing.assert_allclose(ess, np.minimum(az.ess(quantities, method="bulk")["x"], tail), rtol=1e-12)


@pytest.mark.parametrize("memory", [-0.5, 0.0, 0.5, 0.9])
def test_means_scatter_as_effective_sample_sizes_say(memory: float) -> None:
    """Their mean square times the size is 1, within Monte-Carlo error, as of N draws (1 - r)/(1 + r) N count."""
    values = remembering(memory, (CHAINS, 2000, 400))
    means, size = values.mean(axis=(0, 1)), effective(halved(values))
    four_errors = 4.0 * np.sqrt(2.0 / len(means))
    assert abs((means**2 * size).mean() - 1.0) < four_errors
    assert abs((size / (CHAINS * 2000)).mean() * (1.0 + memory) / (1.0 - memory) - 1.0) < four_errors


def test_of_next_to_no_draws_nothing_is_known() -> None:
    """Three draws of a chain are none and a half for each half."""
    rhat, ess = diagnosed(of_every_kind(3))
    assert np.isnan(rhat).all()
    assert np.isnan(ess).all()
