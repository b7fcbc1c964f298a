"""Are people of the same group alike beyond what the theory says? A predictive check, of therapists or clinics.

For every draw, z[person] = (level - own centre) / spread is standard normal if people are exchangeable around their
centres. Its sum over groups of size * mean^2 is compared with that of as many independent normals: the share of draws
in which theirs is larger is a posterior predictive p-value of a realised discrepancy (Gelman, Meng & Stern, 1996,
Statistica Sinica 6, 733-760). Near 0, a formula lacks (1|group); near .5, nothing is missing.
"""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.inference.posterior import person_centres
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import ModelSpec

P_NOTEWORTHY = 0.05


def between_group_statistic(z: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Sum over groups of size * mean^2, of z (..., person)."""
    members = [group == name for name in np.unique(group)]
    return np.sum([who.sum() * z[..., who].mean(axis=-1) ** 2 for who in members], axis=0)


def group_clustering(model: ModelSpec, fit: xr.DataTree, draws: int = 1000, seed: int = 1) -> pd.DataFrame:
    """One line per partially pooled parameter and group named in the study, with its predictive p-value."""
    data, generator = fit["data"].to_dataset(), np.random.default_rng(seed)
    named = data.attrs.get("groups", "").split()
    posterior = thin_draws(fit["posterior"].to_dataset(), draws)
    if not named or "sigma" not in posterior:
        return pd.DataFrame()
    means = person_centres(posterior, model, data)
    theta, sigma = (posterior[variable].sel(parameter=means["parameter"]) for variable in ("theta", "sigma"))
    z = ((theta - means) / sigma).transpose("chain", "draw", "parameter", "person")
    expected = generator.normal(size=z.shape)
    lines = []
    for name in named:
        group = data[f"covariate_{name}"].values
        share = (between_group_statistic(expected, group) >= between_group_statistic(z.values, group)).mean(axis=(0, 1))
        lines += [
            {
                "parameter": str(row),
                "group": name,
                "p": float(p),
                "note": f"alike: add (1|{name})" if p < P_NOTEWORTHY else "",
            }
            for row, p in zip(z["parameter"].values, share, strict=True)
        ]
    return pd.DataFrame(lines)
