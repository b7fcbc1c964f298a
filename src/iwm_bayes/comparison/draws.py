"""A posterior in arrays, to work with many draws of everyone at once.

S draws of N people with D personal and R shared rows, all on the link scale. Each draw says what people are like, and
what they are drawn from: x[person] ~ Normal(centre[person], root root'), the population as it is believed to be.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.model.hierarchy import parameters_pooled
from iwm_bayes.model.priors import figure_names, free_parameters
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import ModelSpec


class PosteriorArrays(NamedTuple):
    """Draws of everyone and of what they are drawn from."""

    personal: np.ndarray  # (D,) which of the theory's rows are a person's own
    common: np.ndarray  # (R,) which are everyone's
    shared: np.ndarray  # (S, R)
    level: np.ndarray  # (S, D, N)
    centre: np.ndarray  # (S, D, N)
    root: np.ndarray  # (S, D, D), lower triangular


def cholesky_factors(posterior: xr.Dataset, alone: np.ndarray) -> np.ndarray:
    """Cholesky factors of people's covariance around their centres; `alone` are the sds of those who share nothing."""
    spread = np.empty((0, 0))
    if "sigma" in posterior:
        spread = posterior["sigma"].dropna("parameter", how="all").transpose("sample", "parameter").values
    samples, count = posterior.sizes["sample"], spread.shape[1]
    scale = np.concatenate([spread.reshape(samples, count), np.tile(alone, (samples, 1))], axis=1)
    found = np.eye(scale.shape[1]) * scale[:, :, None]
    if "correlation" in posterior:
        whole = posterior["correlation"].dropna("parameter", how="all").dropna("parameter_other", how="all")
        factor = np.linalg.cholesky(whole.transpose("sample", "parameter", "parameter_other").values)
        found[:, :count, :count] = spread[:, :, None] * factor
    return found


def posterior_arrays(model: ModelSpec, fit: xr.DataTree, draws: int) -> PosteriorArrays:
    """At most about `draws` draws of a fit, in the order (chain, draw)."""
    data, posterior = fit["data"].to_dataset(), thin_draws(fit["posterior"].to_dataset(), draws)
    posterior = posterior.stack(sample=("chain", "draw"))
    figures, people, samples = figure_names(data), data.sizes["person"], posterior.sizes["sample"]
    partial, shared, separate = (parameters_pooled(model, figures, kind) for kind in ("partial", "complete", "none"))
    labels = [row.label for row in free_parameters(model, figures)]
    own = [row.label for row in (*partial, *separate)]
    centre = np.empty((samples, len(own), people))
    if partial:
        around = person_centres(posterior, model, data).transpose("parameter", "sample", ...).values
        centre[:, : len(partial)] = around.reshape(len(partial), samples, -1).swapaxes(0, 1)
    centre[:, len(partial) :] = np.array([row.prior_mean for row in separate])[:, None]
    level = np.empty((samples, 0, people))
    if own:
        level = posterior["theta"].sel(parameter=own).transpose("sample", "parameter", "person").values
    everyones, common = [row.label for row in shared], np.empty((samples, 0))
    if shared:
        common = posterior["mu"].sel(parameter=everyones).transpose("sample", "parameter").values
    return PosteriorArrays(
        np.array([labels.index(label) for label in own], dtype=int),
        np.array([labels.index(label) for label in everyones], dtype=int),
        common,
        level,
        centre,
        cholesky_factors(
            posterior, np.array([np.hypot(row.prior_sd, row.parameter.prior_between_sd) for row in separate])
        ),
    )


def parameter_matrix(at: PosteriorArrays, x: np.ndarray, shared: np.ndarray) -> np.ndarray:
    """Every row of M people, (row, M), from what is their own (D, M) and what is shared (R, M), or (R, 1) for all."""
    found = np.empty((len(at.personal) + len(at.common), x.shape[1]))
    found[at.personal], found[at.common] = x, shared
    return found


def person_log_density(x: np.ndarray, centre: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Log density of people (..., D, N) around centres (..., D, N) with Cholesky factors (..., D, D), (..., N)."""
    z = np.linalg.solve(root, x - centre)
    scale = np.log(np.diagonal(root, axis1=-2, axis2=-1)).sum(axis=-1)[..., None]
    return -(z**2).sum(axis=-2) / 2.0 - scale - x.shape[-2] * np.log(2.0 * np.pi) / 2.0
