"""The posterior of the group parameters as tables: natural scale, with the contraction of each parameter.

In all tables of estimands `ci90_low` and `ci90_high` are the ends of the 90% credible interval, the 5% and 95%
quantiles of the draws.
"""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.estimand import CI90, LINK_SCALE, Estimand, Shared, as_lines, line_table
from iwm_bayes.inference.posterior import contraction
from iwm_bayes.model.priors import LINKS, figure_names, free_parameters
from iwm_bayes.types import ModelSpec

MIN_CONTRACTION = 0.1  # below it, the posterior has lost less than a tenth of the prior's variance


def median_ci90(draws: np.ndarray) -> tuple[float, float, float]:
    """Compute the median and both ends of the 90% interval of draws, without NaN; NaN if there are no others.

    Draws may be infinite: a count that is not reached.
    """
    if np.isnan(draws).all():
        return np.nan, np.nan, np.nan
    method: Any = "linear" if np.isfinite(draws[~np.isnan(draws)]).all() else "inverted_cdf"  # inf cannot be averaged
    low, median, high = np.nanquantile(draws, [0.05, 0.5, 0.95], method=method)
    return float(median), float(low), float(high)


def group_summary(model: ModelSpec, fit: xr.DataTree) -> pd.DataFrame:
    """Make one line per group parameter, with how much the data determine it.

    Returns
    -------
    pd.DataFrame
        - parameter
        - median, ci90_low, ci90_high: the median person, natural scale
        - sd_between: between-person SD, link scale, posterior median; NaN unless partially pooled
        - contraction: 1 - var(posterior) / var(prior) of the group mean, link scale
        - shift_prior_sd: (posterior mean - prior mean) / prior SD of the group mean, link scale
        - person_contraction: 1 - mean shrinkage of the people
        - bias, bias_sd, bias_sd_between: only if the fit has its bias measured, see `bias_columns`
        - note: warnings in words
    """
    posterior = fit["unconstrained_posterior"].to_dataset()
    figures = figure_names(fit["constant_data"].to_dataset())
    by_person = contraction(posterior).to_series() if "theta" in posterior and "sigma" in posterior else pd.Series()
    lines = []
    for free in free_parameters(model, figures):
        if free.parameter.pooling == "none":
            continue
        mu = posterior["mu"].sel(parameter=free.label).values
        median, low, high = median_ci90(LINKS[free.parameter.support][1](mu))
        contracted = 1.0 - mu.var() / free.prior_sd**2
        partial = free.parameter.pooling == "partial"
        lines.append(
            {
                "parameter": free.label,
                "median": median,
                "ci90_low": low,
                "ci90_high": high,
                "sd_between": float(posterior["sigma"].sel(parameter=free.label).median()) if partial else np.nan,
                "contraction": contracted,
                "shift_prior_sd": (mu.mean() - free.prior_mean) / free.prior_sd,
                "person_contraction": by_person.get(free.label, np.nan),
                **bias_columns(fit, free.label),
                "note": summary_note(contracted, "approximate" in posterior.attrs),
            }
        )
    return pd.DataFrame(lines)


def summary_note(contracted: float, approximate: bool) -> str:
    """Return the warnings of one line of the group summary, in words."""
    notes = {"not determined by the data": contracted < MIN_CONTRACTION, "approximate": approximate}
    return "; ".join(note for note, applies in notes.items() if applies)


def with_prior_intervals(model: ModelSpec, groups: pd.DataFrame, figures: list[str]) -> pd.DataFrame:
    """Add the prior 90% range of each median person to a group summary: prior_ci90_low and prior_ci90_high."""
    ranges = {free.label: free.parameter.prior_90 for free in free_parameters(model, figures)}
    low, high = zip(*(ranges[label] for label in groups["parameter"]), strict=True)
    return groups.assign(prior_ci90_low=low, prior_ci90_high=high)


def prior_posterior_data(model: ModelSpec, fit: xr.DataTree) -> pd.DataFrame:
    """Return the group summary with prior 90% ranges, see `with_prior_intervals`; empty without group parameters."""
    groups = group_summary(model, fit)
    return (
        with_prior_intervals(model, groups, figure_names(fit["constant_data"].to_dataset())) if len(groups) else groups
    )


def bias_columns(fit: xr.DataTree, label: str) -> dict[str, float]:
    """Return the bias of one parameter in a fit that has it measured; nothing for other fits.

    `bias` is that of the group mean on the link scale, and `bias_sd` the same in between-person SDs. `bias_sd_between`
    is the bias of the between-person SD as a share of itself. The last two are NaN unless partially pooled.
    """
    if "bias" not in fit.children:
        return {}
    bias, sigma = fit["bias"].to_dataset(), fit["unconstrained_posterior"].to_dataset().get("sigma")
    columns = {"bias": float(bias["mu"].sel(parameter=label)), "bias_sd": np.nan, "bias_sd_between": np.nan}
    if sigma is not None and sigma.sel(parameter=label).notnull().any():
        sd_between = float(sigma.sel(parameter=label).median())
        columns["bias_sd"] = columns["bias"] / sd_between
        columns["bias_sd_between"] = float(bias["sigma"].sel(parameter=label)) / sd_between
    return columns


def group_sd(model: ModelSpec, fit: xr.DataTree, shared: Shared) -> xr.Dataset | None:
    """Return the SD between the levels of each group of a formula, `sigma_u` (chain, draw, group); None without one."""
    posterior = fit["unconstrained_posterior"].to_dataset()
    return posterior[["sigma_u"]] if "sigma_u" in posterior else None


def group_sd_table(sds: xr.Dataset) -> pd.DataFrame:
    """Make one line per group of a formula: the SD between its levels on the link scale, with its 90% interval."""
    intervals = {str(name): median_ci90(sds["sigma_u"].sel(group=name).values) for name in sds["group"].values}
    return pd.DataFrame(
        [{"group": name, "sd": sd, "ci90_low": low, "ci90_high": high} for name, (sd, low, high) in intervals.items()]
    )


GROUP_SUMMARY = Estimand(
    "group_summary",
    "Group medians of the parameters",
    lambda model, fit, _: as_lines(group_summary(model, fit)),
    line_table,
    "Each parameter of the median person of the group, how much people differ in it, and how far the data determine "
    "it.",
    {
        "median": f"posterior median, with its {CI90} from ci90_low to ci90_high",
        "sd_between": f"SD between people, on {LINK_SCALE}",
        "contraction": "1 - posterior variance / prior variance (0: uninformative data, 1: the data determine it)",
        "shift_prior_sd": "shift of the posterior mean from the prior mean, in prior SDs",
        "person_contraction": "1 - mean shrinkage: share of people's values that comes from their own data",
        "bias": "estimated error of the approximate median, on the link scale (positive: too high)",
        "bias_sd": "the same error, in between-person SDs",
        "bias_sd_between": "estimated error of sd_between, as a share of sd_between (positive: too high)",
    },
    section="parameters",
    about="both",
)

GROUP_SD = Estimand(
    "group_sd",
    "SD between groups, for example between therapists",
    group_sd,
    group_sd_table,
    "How much the levels of a group of a formula, such as therapists, differ from each other.",
    {"sd": f"SD between groups, on {LINK_SCALE}"},
    section="parameters",
    about="both",
)
