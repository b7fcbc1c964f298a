"""After a failed gate: what is likely behind it, and what to try, by symptom.

Remedies are tried in the order in which they are told: the theory and its parametrisation first, a longer run last.
"""

import arviz as az
import numpy as np
import xarray as xr

from iwm_bayes.diagnostics.convergence_checks import ConvergenceChecks
from iwm_bayes.inference.posterior import GROUP_VARIABLES, contraction

MIN_CONTRACTION = 0.1  # of a between-person variance that people's own data take away: next to nothing
MIN_ESS = 400.0  # effective draws of every group parameter


def highest_r_hat_names(dataset: xr.Dataset, count: int = 2) -> str:
    """The quantities with the highest R-hat, by name."""
    found = az.rhat(dataset)
    named = {
        f"{name}[{', '.join(map(str, np.atleast_1d(place)))}]" if place != () else str(name): float(value)
        for name, values in found.items()
        for place, value in values.to_series().items()
        if np.isfinite(value)
    }
    return ", ".join(sorted(named, key=named.__getitem__, reverse=True)[:count])


def uninformed_parameters(posterior: xr.Dataset) -> list[str]:
    """Partially pooled parameters of which people's own data say next to nothing."""
    if "sigma" not in posterior:
        return []
    said = contraction(posterior)
    return [str(name) for name in said["parameter"].values if said.sel(parameter=name) < MIN_CONTRACTION]


def approximation_advice(method: str) -> str:
    """What to try where a search has not ended."""
    if method.startswith("laplace"):
        return "People may be far from Gaussian, as after few events: --method quadrature takes them as they are"
    return "A parameter may do the same work as another, such as a rate beside a slope: fix or share one of them"


def advice(fit: xr.DataTree, verdict: ConvergenceChecks) -> list[str]:
    """One sentence per symptom of a fit that failed the gate; none for one that passed."""
    if verdict.passed:
        return []
    if verdict.approximate:
        return [approximation_advice(verdict.approximate)]
    if verdict.partial:
        return ["run the same command with --resume: what was drawn is kept"]
    figures, posterior = verdict.figures, fit["posterior"].to_dataset()
    group = posterior[[name for name in GROUP_VARIABLES if name in posterior]]
    lines = []
    if figures["person_rhat"] > 1.05 or figures["group_rhat"] > 1.05:
        lines.append(
            f"Chains disagree (most of all {highest_r_hat_names(group)}): people can be read in two ways. Fix or share a "
            "parameter that does the same work as another, such as a rate beside a slope, or give both beliefs a rating"
        )
    if figures["divergences"] > 0:
        lines.append(
            "Divergences: the sampler meets a corner, such as a spread near 0 or one person far out where a spread is "
            "large. Where they are few, smaller steps get around it: --accept 0.98. Where they are not, share the "
            "parameter that it is of"
        )
    idle = uninformed_parameters(posterior)
    if idle:
        lines.append(f'People\'s data say next to nothing of {", ".join(idle)}: set `pooling = "complete"`, or fix it')
    if figures["bfmi"] < 0.3:
        lines.append("Energies are explored slowly: a prior of a spread is too wide for these data. Narrow it")
    ess = figures["group_ess"]
    if ess < MIN_ESS and figures["group_rhat"] <= 1.05:
        draws = int(np.ceil(posterior.sizes["draw"] * MIN_ESS / ess * 1.2 / 50.0) * 50)
        lines.append(
            f"Slow, but chains agree ({highest_r_hat_names(group, 1)} most slowly): --draws {draws} should be enough"
        )
    return lines
