"""R-hat and effective sample sizes of many quantities at once; arrays are (chain, draw, quantity).

As ArviZ has them, which goes through quantities one by one and takes three times as long for some hundreds of people's
parameters. Every chain counts as two; of an odd number of draws the middle one counts for the quantiles alone.
Vehtari et al. (2021), doi:10.1214/20-BA1221; Geyer (1992), doi:10.1214/ss/1177011137.
"""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri
from scipy.stats import rankdata

FEWEST = 4  # draws of a chain of which anything can be said; of one chain alone, not whether chains agree
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
    """Effective sample size (quantity,) for the mean, from halves of chains; of what never varies, the number of draws.

    Autocorrelations are summed in pairs, as long as pairs are positive and as if they never rose again; of the pair
    after those the first, where it is positive.
    """
    chains, draws, _ = values.shape
    correlation = autocorrelation(values)
    pairs = correlation[: max(2, (draws - 1) // 2 * 2)].reshape(-1, 2, correlation.shape[1]).sum(axis=1)
    over = pairs <= 0.0
    last = np.where(over.any(axis=0), over.argmax(axis=0), len(pairs) - 1)[None]
    before = np.arange(len(pairs))[:, None] < last
    [beyond], [pair] = np.take_along_axis(correlation, 2 * last, axis=0), np.take_along_axis(pairs, last, axis=0)
    beyond = np.where(pair > 0.0, beyond, np.maximum(beyond, 0.0))  # the very last lags may leave no pair after
    per_draw = 2.0 * (np.minimum.accumulate(pairs) * before).sum(axis=0) + beyond - 1.0
    found = chains * draws / np.maximum(per_draw, 1.0 / np.log10(chains * draws))
    return np.where(np.ptp(values, axis=(0, 1)) == 0.0, chains * draws, found)


def diagnosed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank-normalised R-hat and the lower of bulk and tail ESS (quantity,).

    NaN of fewer than four draws a chain and where a draw is NaN; R-hat also of a single chain.
    """
    chains, draws, quantities = values.shape
    unknown = np.full(quantities, np.nan)
    if draws < FEWEST:
        return unknown, unknown
    halves = halved(values)
    scores, folded = normal_scores(halves), normal_scores(np.abs(halves - np.median(halves, axis=(0, 1))))
    tails = [effective((halves <= bound).astype(float)) for bound in np.quantile(values, TAILS, axis=(0, 1))]
    rhat = np.fmax(disagreement(scores), disagreement(folded))  # of two values, all may lie equally far from the median
    return rhat if chains > 1 else unknown, np.minimum.reduce([effective(scores), *tails])
