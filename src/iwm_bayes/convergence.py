"""R-hat and effective sample sizes of many quantities at once; arrays are (chain, draw, quantity).

As ArviZ has them, which goes through quantities one by one: of some hundreds of people's parameters this takes a
fifth of the time. Every chain counts as two; of an odd number of draws the middle one is left out.
Vehtari et al. (2021), doi:10.1214/20-BA1221; Geyer (1992), doi:10.1214/ss/1177011137.
"""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri
from scipy.stats import rankdata

FEWEST = 4  # draws of a chain of which anything can be said
TAILS = (0.05, 0.95)  # quantiles at which the tails are judged


def halved(values: np.ndarray) -> np.ndarray:
    """Every chain as two: (2 chain, draw / 2, quantity)."""
    draws = values.shape[1]
    even = np.delete(values, draws // 2, axis=1) if draws % 2 else values
    return even.reshape(2 * len(values), draws // 2, -1)


def normal_scores(values: np.ndarray) -> np.ndarray:
    """What stands at the same rank among as many standard normal draws."""
    draws = values.shape[0] * values.shape[1]
    ranks = rankdata(values.reshape(draws, -1), axis=0)
    return ndtri((ranks - 0.375) / (draws + 0.25)).reshape(values.shape)


def disagreement(values: np.ndarray) -> np.ndarray:
    """R-hat (quantity,): the sd of all chains over that within them; NaN of what never varies."""
    draws = values.shape[1]
    between, within = values.mean(axis=1).var(axis=0, ddof=1), values.var(axis=1, ddof=1).mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(between / within + (draws - 1) / draws)


def autocovariance(values: np.ndarray) -> np.ndarray:
    """Within chains, their mean: (lag, quantity)."""
    draws = values.shape[1]
    padded = next_fast_len(2 * draws, real=True)
    spectrum = rfft(values - values.mean(axis=1, keepdims=True), padded, axis=1)
    return irfft((np.abs(spectrum) ** 2).mean(axis=0), padded, axis=0)[:draws] / draws


def autocorrelation(values: np.ndarray) -> np.ndarray:
    """Between draws of a chain, higher the less chains agree on where they are: (lag, quantity)."""
    draws, along = values.shape[1], autocovariance(values)
    total = along[0] + values.mean(axis=1).var(axis=0, ddof=1)
    missing = (along[0] * draws / (draws - 1) - along) / np.where(total > 0.0, total, 1.0)
    return np.concatenate([np.ones((1, len(total))), 1.0 - missing[1:]])


def effective(values: np.ndarray) -> np.ndarray:
    """Effective sample size (quantity,) for the mean; of what never varies, the number of draws.

    Autocorrelations are summed in pairs, as long as pairs are positive and as if they never rose again, and one more.
    """
    chains, draws, _ = values.shape
    correlation = autocorrelation(values)
    pairs = correlation[: max(2, (draws - 1) // 2 * 2)].reshape(-1, 2, correlation.shape[1]).sum(axis=1)
    over = pairs <= 0.0
    over[-1] = True
    last = over.argmax(axis=0)
    before = np.arange(len(pairs))[:, None] < last
    beyond = np.maximum(np.take_along_axis(correlation, 2 * last[None], axis=0)[0], 0.0)
    per_draw = 2.0 * (np.minimum.accumulate(pairs) * before).sum(axis=0) + beyond - 1.0
    found = chains * draws / np.maximum(per_draw, 1.0 / np.log10(chains * draws))
    return np.where(np.ptp(values, axis=(0, 1)) > 0.0, found, chains * draws)


def diagnosed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank-normalised R-hat and the lower of bulk and tail ESS (quantity,); NaN of fewer than four draws a chain."""
    if values.shape[1] < FEWEST:
        unknown = np.full(values.shape[2], np.nan)
        return unknown, unknown
    halves = halved(values)
    scores, folded = normal_scores(halves), normal_scores(np.abs(halves - np.median(halves, axis=(0, 1))))
    tails = [effective((halves <= bound).astype(float)) for bound in np.quantile(values, TAILS, axis=(0, 1))]
    return np.fmax(disagreement(scores), disagreement(folded)), np.minimum.reduce([effective(scores), *tails])
