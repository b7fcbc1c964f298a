"""Residual clustering: whether people of the same group are more alike than the model implies.

This is a posterior predictive check for groups such as therapists or clinics. In every draw, the standardised deviation

    z[person] = (theta[person] - mean[person]) / sigma

is standard normal if people are exchangeable around their means. The statistic is the sum over groups of
size * mean(z)^2. It is compared with the same statistic of independent standard normal numbers. The share of draws in
which theirs is larger is the posterior predictive p-value of a realised discrepancy (Gelman, Meng & Stern, 1996,
Statistica Sinica 6, 733-760). A value near 0 means that the formula lacks (1|group); near 0.5, nothing is missing.
"""

import json

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.data.dataset import covariate_variable
from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import ModelSpec

P_NOTEWORTHY = 0.05


def between_group_statistic(z: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Compute the sum over groups of size * mean(z)^2, (...); z is (..., person), group is (person,)."""
    masks = [group == name for name in np.unique(group)]
    return np.sum([mask.sum() * z[..., mask].mean(axis=-1) ** 2 for mask in masks], axis=0)


def group_clustering(model: ModelSpec, fit: xr.DataTree, draws: int = 1000, seed: int = 1) -> pd.DataFrame:
    """Make one line per group named in the study and partially pooled parameter, with its predictive p-value."""
    data, generator = fit["constant_data"].to_dataset(), np.random.default_rng(seed)
    groups = json.loads(data.attrs.get("groups", "[]"))
    posterior = thin_draws(fit["unconstrained_posterior"].to_dataset(), draws)
    if not groups or "sigma" not in posterior:
        return pd.DataFrame()
    means = person_centres(posterior, model, data)
    theta, sigma = (posterior[variable].sel(parameter=means["parameter"]) for variable in ("theta", "sigma"))
    z = ((theta - means) / sigma).transpose("chain", "draw", "parameter", "person")
    independent = generator.normal(size=z.shape)
    lines = []
    for name in groups:
        group = data[covariate_variable(name)].values
        expected, realised = (between_group_statistic(values, group) for values in (independent, z.values))
        lines += [
            {
                "parameter": str(parameter),
                "group": name,
                "p": float(p),
                "note": f"residual clustering: add (1|{name})" if p < P_NOTEWORTHY else "",
            }
            for parameter, p in zip(z["parameter"].values, (expected >= realised).mean(axis=(0, 1)), strict=True)
        ]
    return pd.DataFrame(lines)
