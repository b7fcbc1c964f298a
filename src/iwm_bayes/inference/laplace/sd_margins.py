"""The margins of SDs between people, and between the levels of a group, with the tail towards 0 that they have.

Laplace's method takes the logarithm of an SD to be Gaussian. Towards 0 its likelihood becomes constant, and so the
posterior has a longer tail there than a Gaussian. Let n people be observed with an error variance e:

    log L(sigma) = -n/2 (log(sigma^2 + e) + S / (sigma^2 + e))

Its two unknowns are the share q = sigma^2 / (sigma^2 + e) of true differences at the mode, and the ratio
R = S / (sigma^2 + e). They follow from the slope g and the curvature h of the likelihood by log sigma at the mode:

    g = n q (R - 1),   h = 2 (1 - q) g - 2 q (g + n q)

The margin is this likelihood times the half-normal prior. Draws keep their order and with it their correlations.
"""

import numpy as np
from scipy.special import ndtr

from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation

GRID = np.linspace(-12.0, 4.0, 4001)  # distance of log SD from the mode


def share_at_mode(n: float, slope: float, curvature: float) -> float:
    """Return q, the larger root of 2 n q^2 + 4 g q + h - 2 g = 0."""
    discriminant = np.maximum(16.0 * slope**2 - 8.0 * n * (curvature - 2.0 * slope), 0.0)
    return float((np.sqrt(discriminant) - 4.0 * slope) / (4.0 * n))


def log_margin(n: float, sd: float, scale: float, variance: float) -> np.ndarray:
    """Return the log density of log SD over `GRID`, up to a constant.

    `sd` is the mode, `scale` that of the half-normal prior, and `variance` that of log SD by Laplace's method. Where q
    is not positive, the likelihood is flat, and the margin is the prior. Where it is above 1, no such e and S fit, and
    the margin stays Gaussian.
    """
    relative, growth = (sd / scale) ** 2, np.exp(2.0 * GRID)
    slope, curvature = relative - 1.0, 2.0 * relative - 1.0 / variance  # of the likelihood; the prior has the rest
    q, log_prior = share_at_mode(n, slope, curvature), GRID - relative * growth / 2.0
    if q <= 0.0:
        return log_prior
    if q > 1.0:
        return -(GRID**2) / (2.0 * variance)
    ratio, total = 1.0 + slope / (n * q), q * growth + 1.0 - q  # the latter is sigma^2 + e relative to the mode
    return np.asarray(log_prior - n / 2.0 * (np.log(total) + ratio / total))


def with_margin(log_sd: np.ndarray, mode: float, variance: float, log_density: np.ndarray) -> np.ndarray:
    """Return Gaussian draws of log SD, (draw,), moved to the same quantiles of a margin over `GRID`."""
    cumulative = np.cumsum(np.exp(log_density - log_density.max()))
    quantile = ndtr((log_sd - mode) / np.sqrt(variance))
    return mode + np.interp(quantile, cumulative / cumulative[-1], GRID)


def with_sd_margins(
    population: LinearPopulation, group: Group, covariance: np.ndarray, vectors: np.ndarray
) -> np.ndarray:
    """Return draws of the group, (draw, packed), with the margins of its SDs."""
    counts = [population.design.shape[1]] * len(group.sigma)
    counts += [int((population.group_of_beta == index).sum()) for index in range(len(group.sigma_u))]
    sds = np.concatenate([group.sigma, group.sigma_u])
    scales = np.concatenate([population.sigma_scale, population.sigma_u_scale])
    moved, first = vectors.copy(), len(group.beta)
    for place, (n, sd, scale) in enumerate(zip(counts, sds, scales, strict=True), first):
        variance = float(covariance[place, place])
        margin = log_margin(n, sd, scale, variance)
        moved[:, place] = with_margin(vectors[:, place], float(np.log(sd)), variance, margin)
    return moved
