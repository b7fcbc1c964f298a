"""A posterior as arrays, to work with many draws of all people at once.

There are S draws of N people, with D person-level parameters, innovations included, and R completely pooled ones, all
on the link scale. Each draw holds everyone's theta and the population that they come from:
theta[person] ~ Normal(mean[person], L L'), L lower triangular. The mean differs between people by covariates and
groups.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.inference.laplace.method import compile_likelihood
from iwm_bayes.inference.pilot import pilot_fit
from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.model.inputs import parameters_pooled, theta_parameters, unpooled_parameters
from iwm_bayes.model.priors import figure_names
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import ModelSpec


class PseudoLikelihood(NamedTuple):
    """Gaussian likelihoods of theta (D,), one for each of n people."""

    precision: np.ndarray  # (n, D, D), 0 in directions about which the responses say nothing
    information: np.ndarray  # (n, D), precision times mean


class PosteriorArrays(NamedTuple):
    """Draws of all people and of their populations."""

    person_index: np.ndarray  # (D,) positions of person-level parameters among the rows of theta
    complete_index: np.ndarray  # (R,) positions of completely pooled parameters
    complete: np.ndarray  # (S, R) values of completely pooled parameters
    theta: np.ndarray  # (S, D, N) person-level parameters
    mean: np.ndarray  # (S, D, N) population mean of theta
    cholesky: np.ndarray  # (S, D, D) Cholesky factor of the population covariance, lower triangular
    likelihood: PseudoLikelihood | None = None  # everyone's, where they are too many for the covariance of draws


def cholesky_factors(posterior: xr.Dataset, unpooled_sd: np.ndarray) -> np.ndarray:
    """Return Cholesky factors of the covariance of people, (S, D, D); `unpooled_sd` are SDs of unpooled parameters."""
    sigma = np.empty((0, 0))
    if "sigma" in posterior:
        sigma = posterior["sigma"].dropna("parameter", how="all").transpose("sample", "parameter").values
    samples, count = posterior.sizes["sample"], sigma.shape[1]
    sd = np.concatenate([sigma.reshape(samples, count), np.tile(unpooled_sd, (samples, 1))], axis=1)
    factors = np.eye(sd.shape[1]) * sd[:, :, None]
    if "correlation" in posterior:
        whole = posterior["correlation"].dropna("parameter", how="all").dropna("parameter_other", how="all")
        root = np.linalg.cholesky(whole.transpose("sample", "parameter", "parameter_other").values)
        factors[:, :count, :count] = sigma[:, :, None] * root
    return factors


def person_rows(model: ModelSpec, posterior: xr.Dataset, labels: list[str]) -> np.ndarray:
    """Return person-level parameters with these labels, and behind them the innovations, (sample, row, person)."""
    theta = posterior["theta"].sel(parameter=labels).transpose("sample", "parameter", "person").values
    if not model.rule.innovations:
        return theta
    drawn = posterior["innovation"].transpose("sample", "innovation_name", "event", "person").values
    return np.concatenate([theta, drawn.reshape(len(drawn), -1, drawn.shape[-1])], axis=1)


def laplace_likelihood(model: ModelSpec, data: xr.Dataset) -> PseudoLikelihood:
    """Return everyone's likelihood as the pilot fit describes it: a Gaussian from the curvature at the mode.

    A model with innovations has dozens of numbers per person. The covariance of draws is then too inexact.
    """
    pilot = pilot_fit(compile_likelihood(model._replace(correlated=False), data), data)
    mode, gradient, root = (pilot[name].values for name in ("local_mode", "local_gradient", "local_root"))
    precision = np.einsum("ikn,jkn->nij", root, root)
    return PseudoLikelihood(precision, gradient.T + np.einsum("nij,jn->ni", precision, mode))


def posterior_arrays(model: ModelSpec, fit: xr.DataTree, draws: int) -> PosteriorArrays:
    """Return at most about `draws` draws of a fit, in the order (chain, draw)."""
    data, posterior = fit["constant_data"].to_dataset(), thin_draws(fit["unconstrained_posterior"].to_dataset(), draws)
    posterior = posterior.stack(sample=("chain", "draw"))
    figures, people, samples = figure_names(data), data.sizes["person"], posterior.sizes["sample"]
    partial, complete = (parameters_pooled(model, figures, pooling) for pooling in ("partial", "complete"))
    unpooled = unpooled_parameters(model, data)
    labels = [free.label for free in theta_parameters(model, data)]
    own, pooled = [free.label for free in (*partial, *unpooled)], [free.label for free in complete]
    mean = np.empty((samples, len(own), people))
    if partial:
        centres = person_centres(posterior, model, data).transpose("parameter", "sample", ...).values
        mean[:, : len(partial)] = centres.reshape(len(partial), samples, -1).swapaxes(0, 1)
    mean[:, len(partial) :] = np.array([free.prior_mean for free in unpooled])[:, None]
    theta = np.empty((samples, 0, people))
    if own:
        own_labels = [free.label for free in (*partial, *unpooled) if free.name not in model.rule.innovations]
        theta = person_rows(model, posterior, own_labels)
    values = np.empty((samples, 0))
    if complete:
        values = posterior["mu"].sel(parameter=pooled).transpose("sample", "parameter").values
    unpooled_sd = np.array([np.hypot(free.prior_sd, free.parameter.prior_between_sd) for free in unpooled])
    return PosteriorArrays(
        np.array([labels.index(label) for label in own], dtype=int),
        np.array([labels.index(label) for label in pooled], dtype=int),
        values,
        theta,
        mean,
        cholesky_factors(posterior, unpooled_sd),
        laplace_likelihood(model, data) if model.rule.innovations else None,
    )


def parameter_matrix(posterior: PosteriorArrays, theta: np.ndarray, complete: np.ndarray) -> np.ndarray:
    """Return theta of M people, (row, M).

    `theta` is (D, M); `complete` is (R, M), or (R, 1) for all people.
    """
    matrix = np.empty((len(posterior.person_index) + len(posterior.complete_index), theta.shape[1]))
    matrix[posterior.person_index], matrix[posterior.complete_index] = theta, complete
    return matrix


def person_log_density(theta: np.ndarray, mean: np.ndarray, cholesky: np.ndarray) -> np.ndarray:
    """Compute the log density of people in their population, (..., N).

    `theta` and `mean` are (..., D, N), `cholesky` is (..., D, D).
    """
    z = np.linalg.solve(cholesky, theta - mean)
    log_scale = np.log(np.diagonal(cholesky, axis1=-2, axis2=-1)).sum(axis=-1)[..., None]
    return -(z**2).sum(axis=-2) / 2.0 - log_scale - theta.shape[-2] * np.log(2.0 * np.pi) / 2.0
