"""Suggestions for a fit that has not converged: the likely cause of each symptom, and a remedy.

Remedies are listed in the order in which they should be tried: a change of the model first, a longer run last. A run
that was much shorter than the default says little about the model: there the only remedy is a longer run.
"""

import numpy as np
import xarray as xr

from iwm_bayes.data.dyads.writing import has_members
from iwm_bayes.diagnostics.convergence_checks import (
    MAX_PERSON_R_HAT,
    MAX_SHARE_SATURATED,
    MIN_BFMI,
    MIN_ESS,
    ConvergenceChecks,
)
from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.posterior import GROUP_VARIABLES, contraction
from iwm_bayes.lazy import lazy_module

az = lazy_module("arviz")

MIN_CONTRACTION = 0.1  # of a between-person variance, by people's own data
SHORT_RUN = Settings().draws // 2  # draws in each chain


def highest_r_hat_names(dataset: xr.Dataset, count: int = 2) -> str:
    """Return the names of the quantities with the highest R-hat."""
    r_hat = {
        f"{name}[{', '.join(map(str, np.atleast_1d(label)))}]" if label != () else str(name): float(value)
        for name, values in az.rhat(dataset).items()
        for label, value in values.to_series().items()
        if np.isfinite(value)
    }
    return ", ".join(sorted(r_hat, key=r_hat.__getitem__, reverse=True)[:count])


def uninformed_parameters(posterior: xr.Dataset) -> list[str]:
    """Return the partially pooled parameters about which people's own data contain almost no information."""
    if "sigma" not in posterior:
        return []
    shares = contraction(posterior)
    return [str(name) for name in shares["parameter"].values if shares.sel(parameter=name) < MIN_CONTRACTION]


def approximation_advice(method: str, of_dyads: bool = False) -> str:
    """Return what to try where the search of an approximation has not ended."""
    if of_dyads:
        return (
            "The two models of dyads have many parameters, and few dyads or exchanges may have no mode. Use --method "
            "nuts: it needs none"
        )
    if method.startswith("laplace"):
        return (
            "Person-level posteriors may be far from Gaussian, for example after few events. Use --method quadrature: "
            "it does not assume that they are Gaussian"
        )
    return "Two parameters may have the same effect, such as a rate and a slope: fix one of them, or pool it completely"


def advice(fit: xr.DataTree, checks: ConvergenceChecks, of_dyads: bool = False) -> list[str]:
    """Return one suggestion for each symptom of a fit that has not converged; none for one that has.

    Parameters
    ----------
    fit
        A fit by any method.
    checks
        What `check_convergence` returns for this fit.
    of_dyads
        Whether it is the part of a member of dyads. A fit of both members says so itself.
    """
    if checks.converged:
        return []
    if checks.approximate:
        of_dyads = of_dyads or ("constant_data" in fit.children and has_members(fit["constant_data"].to_dataset()))
        return [approximation_advice(checks.approximate, of_dyads)]
    if checks.partial:
        return ["The draws so far are kept. To continue, add --resume to the same command"]
    return sampling_advice(fit["unconstrained_posterior"].to_dataset(), checks.values)


def short_run_advice(draws: int) -> str:
    """Return what to try after a run that was too short to judge the model by."""
    default = Settings()
    return (
        f"This run kept only {draws} draws in each chain. Before you change the model, fit again with at least the "
        f"default length: --draws {default.draws} --tune {default.tune} --overwrite"
    )


def sampling_advice(posterior: xr.Dataset, values: dict[str, float]) -> list[str]:
    """Return the suggestions for a sampled fit, by the values of its diagnostics."""
    if posterior.sizes["draw"] < SHORT_RUN:
        return [short_run_advice(posterior.sizes["draw"])]
    group = posterior[[name for name in GROUP_VARIABLES if name in posterior]]
    suggestions = []
    chains_disagree = values["person_r_hat"] > MAX_PERSON_R_HAT or values["group_r_hat"] > MAX_PERSON_R_HAT
    if chains_disagree:
        suggestions.append(
            f"Chains disagree, most of all on {highest_r_hat_names(group)}: two sets of parameter values may fit the "
            "same data. If two parameters have the same effect, such as a rate and a slope, fix one of them or pool it "
            "completely. Otherwise add ratings of both beliefs"
        )
    if values["divergences"] > 0:
        suggestions.append(
            "Divergent transitions: a between-person SD is near 0, or one person is extreme where a between-person SD "
            "is large. If there are few of them, use --target-accept 0.98. Otherwise pool the parameter with that SD "
            "completely"
        )
    uninformed = uninformed_parameters(posterior)
    if uninformed:
        suggestions.append(
            f"Person-level contraction below {MIN_CONTRACTION:g}: people's own data contain little information on "
            f"{', '.join(uninformed)}. "
            'Set `pooling = "complete"`, or fix the parameter'
        )
    if values["bfmi"] < MIN_BFMI:
        suggestions.append(
            "Low E-BFMI: the prior of a between-person SD is too wide for these data. Use a narrower prior"
        )
    if values["saturated"] > MAX_SHARE_SATURATED:
        suggestions.append(
            "Trajectories stop at the maximum tree depth: two parameters are hard to distinguish, or one of them is "
            "hardly determined by the data. Fix one, pool it completely, or use a narrower prior. Otherwise sample "
            "with a larger max_treedepth (in Python: iwm_bayes.inference.fit.Settings), which takes longer"
        )
    ess = values["group_ess"]
    if ess < MIN_ESS and not chains_disagree:
        draws = int(np.ceil(posterior.sizes["draw"] * MIN_ESS / ess * 1.2 / 50.0) * 50)
        suggestions.append(
            f"Low effective sample size, but the chains agree ({highest_r_hat_names(group, 1)} is slowest): "
            f"try --extend --draws {draws} (or more) with the same command"
        )
    return suggestions
