"""The log prior of every draw, for power-scaling sensitivity: the group `log_prior` of a fit.

    mu            Normal(prior mean, prior SD), link scale
    sigma         HalfNormal(scale)
    beta          Normal(0, 2 scale)
    sigma_u       HalfNormal(scale)
    correlation   LKJ(2): c_n det(R)^(2 - 1)                                         (a density of the matrix R)

Each is the density of a variable on the scale of the group `unconstrained_posterior`, without the sampler's transforms.
`theta` and `u` have no part in it: as the population of people and of groups they belong to the model, and they would
swamp what is to be varied. Kallioinen, Paananen, Burkner & Vehtari (2024), doi:10.1007/s11222-023-10366-5; on the LKJ
density, Lewandowski, Kurowicka & Joe (2009), doi:10.1016/j.jmva.2009.04.008, eq. 16.
"""

import numpy as np
import xarray as xr
from scipy.special import gammaln

from iwm_bayes.model.inputs import effect_labels, parameters_pooled
from iwm_bayes.model.priors import LKJ_SHAPE, effect_map, figure_names
from iwm_bayes.responses.families import normal_log_density
from iwm_bayes.types import EFFECT_WIDTH, ModelSpec


def half_normal_log_density(value: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return the log density of half-normal values, at or above 0."""
    return np.log(2.0) + normal_log_density(value, 0.0, scale)


def lkj_log_density(matrix: np.ndarray, shape: float) -> np.ndarray:
    """Return the log density of correlation matrices (..., n, n), with respect to their n (n - 1) / 2 correlations."""
    n = matrix.shape[-1]
    k = np.arange(1, n)
    half = shape + (n - 1 - k) / 2.0
    log_volume = (k * np.log(np.pi) / 2.0 + gammaln(half)).sum() - (n - 1) * gammaln(shape + (n - 1) / 2.0)
    return (shape - 1.0) * np.linalg.slogdet(matrix).logabsdet - log_volume


def log_prior(model: ModelSpec, data: xr.Dataset, unconstrained_posterior: xr.Dataset) -> xr.Dataset:
    """Compute the log prior density of every element of a top-level parameter at every draw.

    Parameters
    ----------
    data
        The Dataset that was fitted: its figures, covariates and groups name the elements.
    unconstrained_posterior
        Draws on the link scale, as in the group of this name; the dim `parameter` may have parameters to which a
        variable does not apply, which are dropped.

    Returns
    -------
    xarray.Dataset
        `mu` (chain, draw, parameter), `sigma` (chain, draw, parameter_partial), and where the model has them `beta`
        (chain, draw, coefficient), `sigma_u` (chain, draw, group) and `correlation` (chain, draw): log densities.
    """
    figures, labels, draws = figure_names(data), effect_labels(data), unconstrained_posterior
    pooled = parameters_pooled(model, figures, "partial", "complete")
    partial = [free for free in pooled if free.parameter.pooling == "partial"]
    names = [free.label for free in partial]
    found: dict[str, xr.DataArray] = {}

    def elements(variable: str, dim: str, chosen: list[str]) -> np.ndarray:
        return draws[variable].sel({dim: chosen}).transpose("chain", "draw", dim).values

    def add(variable: str, dim: str, chosen: list[str], density: np.ndarray) -> None:
        found[variable] = xr.DataArray(density, {dim: chosen}, ("chain", "draw", dim))

    if pooled:
        chosen = [free.label for free in pooled]
        mean, sd = (np.array([getattr(free, field) for free in pooled]) for field in ("prior_mean", "prior_sd"))
        add("mu", "parameter", chosen, normal_log_density(elements("mu", "parameter", chosen), mean, sd))
    if partial:
        scale = np.array([free.parameter.prior_between_sd for free in partial])
        density = half_normal_log_density(elements("sigma", "parameter", names), scale)
        add("sigma", "parameter_partial", names, density)
    if chosen := labels.get("coefficient", []):
        sd = EFFECT_WIDTH * effect_map(partial, chosen).scale
        add("beta", "coefficient", chosen, normal_log_density(elements("beta", "coefficient", chosen), 0.0, sd))
    if chosen := labels.get("group", []):
        density = half_normal_log_density(elements("sigma_u", "group", chosen), effect_map(partial, chosen).scale)
        add("sigma_u", "group", chosen, density)
    if "correlation" in draws:
        matrix = draws["correlation"].sel(parameter=names, parameter_other=names)
        matrix = matrix.transpose("chain", "draw", "parameter", "parameter_other")
        found["correlation"] = xr.DataArray(lkj_log_density(matrix.values, LKJ_SHAPE), dims=("chain", "draw"))
    return xr.Dataset(found, {name: draws[name] for name in ("chain", "draw")})
