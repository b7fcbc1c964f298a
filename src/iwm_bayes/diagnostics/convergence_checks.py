"""Convergence checks: whether the numbers of a fit may be used.

Group parameters and derived quantities need a rank-normalised R-hat of at most 1.01. Their bulk and tail ESS must be at
least 400. Both are computed by ArviZ. Among person-level parameters at most 2% may have an R-hat above 1.01, and none
above 1.05; their ESS must be at least 100. The limits differ because a perfect sampler also exceeds 1.01 for some of
thousands of parameters. No transition may diverge, and E-BFMI must be at least 0.3 in every chain. At most 5% of
trajectories may stop at the maximum tree depth. An interrupted run has not converged, whatever its values.

Vehtari et al. (2021), doi:10.1214/20-BA1221; Betancourt (2016), arXiv:1604.00695.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.inference.posterior import GROUP_VARIABLES
from iwm_bayes.lazy import lazy_module

az = lazy_module("arviz")

MAX_R_HAT, MIN_ESS = 1.01, 400.0  # of group parameters and derived quantities
MAX_PERSON_R_HAT, MIN_PERSON_ESS = 1.05, 100.0  # of person-level parameters
MAX_SHARE_ABOVE = 0.02  # of person-level parameters, with an R-hat above MAX_R_HAT
MIN_BFMI = 0.3
MAX_SHARE_SATURATED = 0.05  # of trajectories that stop at the maximum tree depth; a choice: a few cost time only
TAIL_QUANTILES = (0.05, 0.95)  # of the tail ESS, whatever interval a user's ArviZ is set to


class ConvergenceChecks(NamedTuple):
    """Whether a fit has converged, the reasons if it has not, and the values of the diagnostics."""

    converged: bool
    reasons: list[str]
    values: dict[str, float]  # group_r_hat, group_ess ...; empty for an approximation, without derived_ if none is
    approximate: str = ""  # the method, where the posterior is an approximation
    partial: str = ""  # how many draws there are, where the run was interrupted

    @property
    def status(self) -> str:
        """Return the status for a column of a table."""
        if self.partial:
            return "partial"
        if self.approximate:
            return f"approximate ({self.approximate})"
        return "converged" if self.converged else "not converged"

    @property
    def mark(self) -> str:
        """Return what marks every number and plot of the fit: its status, or nothing if it has converged."""
        return "" if self.status == "converged" else self.status


def worst_diagnostics(dataset: xr.Dataset) -> tuple[float, float, np.ndarray]:
    """Compute the highest R-hat, the lowest of bulk and tail ESS, and every R-hat.

    Quantities that never vary are left out.
    """
    arrays = [variable.transpose("chain", "draw", ...).values for variable in dataset.values()]
    columns = [array.reshape(*array.shape[:2], -1) for array in arrays]
    values = np.concatenate(columns, axis=-1) if columns else np.empty((1, 1, 0))
    applies = ~np.isnan(values).all(axis=(0, 1))
    values = values[..., applies & (np.ptp(values, axis=(0, 1)) != 0)]
    if values.shape[-1] == 0:
        return 1.0, np.inf, np.ones(0)
    quantities = xr.DataArray(values, dims=("chain", "draw", "quantity")).to_dataset(name="x")
    with np.errstate(divide="ignore", invalid="ignore"):  # where all draws are equally far from the median
        r_hat = az.rhat(quantities)["x"].values
        bulk, tail = az.ess(quantities, method="bulk")["x"], az.ess(quantities, method="tail", prob=TAIL_QUANTILES)["x"]
    return float(r_hat.max()), float(np.minimum(bulk, tail).min(skipna=False)), r_hat


def check_approximation(posterior: xr.Dataset) -> ConvergenceChecks:
    """Check an approximation. It has no chains to compare: the only check is whether its search ended."""
    converged, method = bool(posterior.attrs["converged"]), str(posterior.attrs["approximate"])
    reasons = [] if converged else [f"`{method}` found no mode of the group parameters"]
    return ConvergenceChecks(converged, reasons, {}, method)


def diagnostic_values(fit: xr.DataTree, derived: xr.Dataset) -> dict[str, float]:
    """Compute the diagnostics of a sampled fit, by name."""
    posterior = fit["unconstrained_posterior"].to_dataset()
    group_r_hat, group_ess, _ = worst_diagnostics(posterior[[name for name in GROUP_VARIABLES if name in posterior]])
    derived_r_hat, derived_ess, _ = worst_diagnostics(derived)
    of_derived = {"derived_r_hat": derived_r_hat, "derived_ess": derived_ess} if len(derived.data_vars) else {}
    person_r_hat, person_ess, every_r_hat = worst_diagnostics(
        posterior[[name for name in ("theta", "innovation") if name in posterior]]
    )
    return {
        "group_r_hat": group_r_hat,
        "group_ess": group_ess,
        **of_derived,
        "person_r_hat_above_1.01": float((every_r_hat > MAX_R_HAT).mean()) if every_r_hat.size else 0.0,
        "person_r_hat": person_r_hat,
        "person_ess": person_ess,
        "divergences": float(fit["sample_stats"]["diverging"].sum()),
        "bfmi": float(np.min(az.bfmi(fit)["energy"].values)),
        "saturated": saturated_share(fit["sample_stats"].to_dataset()),
    }


def saturated_share(sample_stats: xr.Dataset) -> float:
    """Return the share of trajectories that stopped at the maximum tree depth, before they turned back."""
    return float(sample_stats["maxdepth_reached"].mean()) if "maxdepth_reached" in sample_stats else 0.0


def failed_reasons(values: dict[str, float]) -> list[str]:
    """Return a sentence for every diagnostic that is beyond its limit."""
    v, above = {"derived_r_hat": 1.0, "derived_ess": np.inf} | values, values["person_r_hat_above_1.01"]
    checks = [
        (v["group_r_hat"] <= MAX_R_HAT, f"R-hat of a group parameter is {v['group_r_hat']:.3f}, above {MAX_R_HAT}"),
        (v["group_ess"] >= MIN_ESS, f"ESS of a group parameter is {v['group_ess']:.0f}, below {MIN_ESS:.0f}"),
        (
            v["derived_r_hat"] <= MAX_R_HAT,
            f"R-hat of a derived quantity is {v['derived_r_hat']:.3f}, above {MAX_R_HAT}",
        ),
        (v["derived_ess"] >= MIN_ESS, f"ESS of a derived quantity is {v['derived_ess']:.0f}, below {MIN_ESS:.0f}"),
        (
            above <= MAX_SHARE_ABOVE,
            f"R-hat is above {MAX_R_HAT} for {above:.1%} of person-level parameters, more than {MAX_SHARE_ABOVE:.0%}",
        ),
        (
            v["person_r_hat"] <= MAX_PERSON_R_HAT,
            f"R-hat of a person-level parameter is {v['person_r_hat']:.3f}, above {MAX_PERSON_R_HAT}",
        ),
        (
            v["person_ess"] >= MIN_PERSON_ESS,
            f"ESS of a person-level parameter is {v['person_ess']:.0f}, below {MIN_PERSON_ESS:.0f}",
        ),
        (v["divergences"] == 0, f"{v['divergences']:.0f} divergent transitions"),
        (v["bfmi"] >= MIN_BFMI, f"E-BFMI is {v['bfmi']:.2f}, below {MIN_BFMI}"),
        (
            v["saturated"] <= MAX_SHARE_SATURATED,
            f"{v['saturated']:.0%} of trajectories stop at the maximum tree depth, more than {MAX_SHARE_SATURATED:.0%}",
        ),
    ]
    return [reason for holds, reason in checks if not holds]


def check_convergence(fit: xr.DataTree, derived: xr.Dataset | None = None) -> ConvergenceChecks:
    """Check the convergence of a fit, and of the quantities that are derived from it.

    Parameters
    ----------
    fit
        A fit by any method.
    derived
        Quantities that are reported, with dims (chain, draw, ...).

    Returns
    -------
    ConvergenceChecks
        Its `status` is "converged", "not converged", "approximate (METHOD)" or "partial".
    """
    posterior = fit["unconstrained_posterior"].to_dataset()
    if "approximate" in posterior.attrs:
        return check_approximation(posterior)
    values = diagnostic_values(fit, derived if derived is not None else xr.Dataset())
    partial = str(posterior.attrs.get("partial", ""))
    reasons = [*([partial] if partial else []), *failed_reasons(values)]
    return ConvergenceChecks(not reasons, reasons, values, partial=partial)
