"""Automatic differentiation variational inference: fast, and the roughest approximation of all.

Every variable of the graph is taken to be an independent Gaussian without bounds, people relative to their group, by
PyMC. Correlations are lost and spreads come out too small.
Kucukelbir et al. (2017), JMLR 18(14), 1-45.
"""

import numpy as np
import pymc as pm
import xarray as xr

from iwm_bayes.levels import in_levels
from iwm_bayes.method import Compiled, Settings, enter
from iwm_bayes.pilot import untold

STEPS = 40_000
LAST = 0.1  # share of the steps that is compared with as many before it


def settled(bound: np.ndarray) -> bool:
    """Whether the loss, noisy as it is, no longer fell at the end: by less than two of its standard errors."""
    count = max(2, int(LAST * len(bound)))
    before, after = bound[-2 * count : -count], bound[-count:]
    error = np.sqrt((before.var(ddof=1) + after.var(ddof=1)) / count)
    return bool(before.mean() - after.mean() < 2.0 * error)


def advi(ready: Compiled, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior as independent Gaussians, drawn from; `converged` says whether the loss had stopped to fall."""
    sampled_as = untold(ready.model, data)
    enter(ready, data, sampled_as)
    with ready.graph:
        found = pm.fit(STEPS, method="advi", random_seed=settings.seed, progressbar=settings.progress, backend="numba")
        drawn = found.sample(settings.chains * settings.draws, random_seed=settings.seed)
    posterior = in_levels(drawn["posterior"].to_dataset(), ready.model, data, sampled_as)
    posterior = posterior.assign_attrs(approximate="advi", converged=int(settled(np.asarray(found.hist))))
    return xr.DataTree.from_dict({"posterior": posterior, "data": data, "constant_data": sampled_as})
