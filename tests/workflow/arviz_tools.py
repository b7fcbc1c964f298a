"""A script of a colleague who has ArviZ and not this program: every tool on the file of a fit, and what it says.

    python arviz_tools.py FIT.nc OTHER.nc

`iwm_bayes` is hidden, so that nothing of it can help. The last line is JSON.
"""

import importlib
import json
import sys
import warnings

import numpy as np

sys.modules["iwm_bayes"] = None
warnings.simplefilter("ignore")  # of Pareto k, which is printed
importlib.import_module("matplotlib").use("Agg")
az = importlib.import_module("arviz")
az.rcParams["plot.max_subplots"] = 200
fit, other = (az.from_netcdf(path) for path in sys.argv[1:3])
names = ["availability_rate_median", "availability_start_median"]
summary = az.summary(fit, var_names=names, kind="stats_median", ci_prob=0.9, round_to="none")
everything = az.summary(fit, round_to="none")
az.plot_forest(fit, var_names=["availability_rate"])
az.plot_trace_dist(fit, var_names=names)
az.plot_rank(fit, var_names=names)
az.plot_ppc_dist(fit)
az.plot_ppc_dist(fit, group="prior_predictive")
az.plot_prior_posterior(fit, var_names=names)
loo = {name: az.loo(fit, var_name=name, pointwise=True) for name in fit["log_likelihood"].data_vars}
sensitivity = az.psense_summary(fit, var_names=names)
compared = az.compare({"one": fit, "other": other}, var_name="availability_rating")
found = {
    "summary": summary.astype(float).T.to_dict(),
    "rows": len(everything),
    "missing_medians": int(everything["mean"].astype(float).isna().sum()),
    "elpd": {name: float(own.elpd) for name, own in loo.items()},
    "n": {name: int(own.n_data_points) for name, own in loo.items()},
    "k": {name: bool(np.isfinite(own.pareto_k).all()) for name, own in loo.items()},
    "sensitivity_missing": int(sensitivity[["prior", "likelihood"]].astype(float).isna().sum().sum()),
    "likelihood": float(sensitivity["likelihood"].astype(float).min()),
    "compared": list(map(str, compared.index)),
}
print(json.dumps(found))
