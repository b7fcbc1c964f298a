"""The gate: whether a posterior may be believed.

Group parameters and derived quantities: rank-normalised R-hat <= 1.01, bulk and tail ESS >= 400 (by ArviZ).
People's parameters: at most 2 % above 1.01, none above 1.05, ESS >= 100: with thousands of them, a
perfect sampler exceeds 1.01 somewhere. No divergence; E-BFMI >= 0.3 in every chain.
A run that was interrupted fails, whatever its figures.
Vehtari et al. (2021), doi:10.1214/20-BA1221; Betancourt (2016), arXiv:1604.00695.
"""

from typing import NamedTuple

import arviz as az
import numpy as np
import xarray as xr

from iwm_bayes.inference.posterior import GROUP_VARIABLES

MAX_R_HAT, MIN_BFMI = 1.01, 0.3  # the most and the least that pass
TAIL_QUANTILES = (0.05, 0.95)  # quantiles at which tails are judged, whatever a user's ArviZ is set to


class ConvergenceChecks(NamedTuple):
    """Whether a fit passed, why not, and the figures that decided."""

    passed: bool
    reasons: list[str]
    figures: dict[str, float]
    approximate: str = ""  # the method, where the posterior is none but an approximation of it
    partial: str = ""  # how much of it there is, where the run was interrupted

    @property
    def word(self) -> str:
        """For the margin of a table."""
        if self.partial:
            return "PARTIAL"
        return f"approximate ({self.approximate})" if self.approximate else "passed" if self.passed else "FAILED"


def worst_diagnostics(dataset: xr.Dataset) -> tuple[float, float, np.ndarray]:
    """Highest R-hat, lowest of bulk and tail ESS, and every R-hat; quantities that never vary are left out."""
    arrays = [variable.transpose("chain", "draw", ...).values for variable in dataset.values()]
    columns = [array.reshape(*array.shape[:2], -1) for array in arrays]
    values = np.concatenate(columns, axis=-1) if columns else np.empty((1, 1, 0))
    applies = ~np.isnan(values).all(axis=(0, 1))
    values = values[..., applies & (np.ptp(values, axis=(0, 1)) != 0)]
    if values.shape[-1] == 0:
        return 1.0, np.inf, np.ones(0)
    quantities = xr.DataArray(values, dims=("chain", "draw", "quantity")).to_dataset(name="x")
    with np.errstate(divide="ignore", invalid="ignore"):  # where all draws lie equally far from the median
        rhat = az.rhat(quantities)["x"].values
        bulk, tail = az.ess(quantities, method="bulk")["x"], az.ess(quantities, method="tail", prob=TAIL_QUANTILES)["x"]
    return float(rhat.max()), float(np.minimum(bulk, tail).min(skipna=False)), rhat


def check_approximation(posterior: xr.Dataset) -> ConvergenceChecks:
    """An approximation has no chains to compare: all that can be judged is whether its search ended."""
    converged, method = bool(posterior.attrs["converged"]), str(posterior.attrs["approximate"])
    reasons = [] if converged else [f"`{method}` found no best place of the group"]
    return ConvergenceChecks(converged, reasons, {}, method)


def check_convergence(fit: xr.DataTree, derived: xr.Dataset | None = None) -> ConvergenceChecks:
    """Judge a fit and what is to be reported of it; `derived` has dims (chain, draw, ...)."""
    posterior = fit["posterior"].to_dataset()
    if "approximate" in posterior.attrs:
        return check_approximation(posterior)
    group = posterior[[name for name in GROUP_VARIABLES if name in posterior]]
    people = posterior[[name for name in ("theta",) if name in posterior]]
    group_rhat, group_ess, _ = worst_diagnostics(group)
    derived_rhat, derived_ess, _ = worst_diagnostics(derived if derived is not None else xr.Dataset())
    person_rhat, person_ess, every_rhat = worst_diagnostics(people)
    above = float((every_rhat > MAX_R_HAT).mean()) if every_rhat.size else 0.0
    stats = fit["sample_stats"].to_dataset()
    divergences = int(stats["diverging"].sum())
    bfmi = float(np.min(az.bfmi(fit)["energy"].values))
    checks = [
        (group_rhat <= MAX_R_HAT, f"R-hat of a group parameter is {group_rhat:.3f}, above {MAX_R_HAT}"),
        (group_ess >= 400, f"effective sample size of a group parameter is {group_ess:.0f}, below 400"),
        (derived_rhat <= MAX_R_HAT, f"R-hat of a derived quantity is {derived_rhat:.3f}, above {MAX_R_HAT}"),
        (derived_ess >= 400, f"effective sample size of a derived quantity is {derived_ess:.0f}, below 400"),
        (above <= 0.02, f"R-hat is above {MAX_R_HAT} for {above:.1%} of people's parameters, more than 2 %"),
        (person_rhat <= 1.05, f"R-hat of a person's parameter is {person_rhat:.3f}, above 1.05"),
        (person_ess >= 100, f"effective sample size of a person's parameter is {person_ess:.0f}, below 100"),
        (divergences == 0, f"{divergences} divergent transitions"),
        (bfmi >= MIN_BFMI, f"E-BFMI is {bfmi:.2f}, below {MIN_BFMI}"),
    ]
    partial = str(posterior.attrs.get("partial", ""))
    reasons = [*([partial] if partial else []), *(reason for good, reason in checks if not good)]
    figures = {
        "group_rhat": group_rhat,
        "group_ess": group_ess,
        "derived_rhat": derived_rhat,
        "derived_ess": derived_ess,
        "person_rhat_above_1.01": above,
        "person_rhat": person_rhat,
        "person_ess": person_ess,
        "divergences": float(divergences),
        "bfmi": bfmi,
    }
    return ConvergenceChecks(not reasons, reasons, figures, partial=partial)
