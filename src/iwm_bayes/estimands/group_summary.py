"""A posterior as tables that cannot mislead: natural scales, and beside each number what the data said."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.inference.posterior import contraction
from iwm_bayes.model.priors import LINKS, free_parameters
from iwm_bayes.simulation.draws import names
from iwm_bayes.types import ModelSpec

MIN_CONTRACTION = 0.1  # a posterior that has lost less than a tenth of the prior's variance


def median_ci90(draws: np.ndarray) -> tuple[float, float, float]:
    """Median and 90 % interval, NaN left out; NaN where there is nothing else."""
    if np.isnan(draws).all():
        return np.nan, np.nan, np.nan
    low, middle, high = np.nanquantile(draws, [0.05, 0.5, 0.95])
    return float(middle), float(low), float(high)


def group_summary(model: ModelSpec, fit: xr.DataTree) -> pd.DataFrame:
    """One line per group centre: the average person on the natural scale, and how much was learned.

    `typical` with its 90 % interval; `between` is the between-person sd on the link scale; `informed` is the
    prior-to-posterior contraction of the centre and `z` how many prior standard deviations its mean has moved from the
    prior's middle, both on the link scale; `people` is the mean contraction of people around it: 1 - their shrinkage.
    Beside a fit by `laplace`: by how much the centre is too high on the link scale (`bias`) and in between-person sds
    (`bias_sds`), and the between-person sd as a share of itself (`bias_between`).
    """
    posterior = fit["posterior"].to_dataset()
    figures = names(fit["data"].to_dataset())
    by_person = contraction(posterior).to_series() if "theta" in posterior and "sigma" in posterior else pd.Series()
    lines = []
    for row in free_parameters(model, figures):
        if row.parameter.pooling == "none":
            continue
        centre = posterior["mu"].sel(parameter=row.label).values
        typical, low, high = median_ci90(LINKS[row.parameter.support][1](centre))
        informed = 1.0 - centre.var() / row.prior_sd**2
        partial = row.parameter.pooling == "partial"
        lines.append(
            {
                "parameter": row.label,
                "typical": typical,
                "low": low,
                "high": high,
                "between": float(posterior["sigma"].sel(parameter=row.label).median()) if partial else np.nan,
                "informed": informed,
                "z": (centre.mean() - row.prior_mean) / row.prior_sd,
                "people": by_person.get(row.label, np.nan),
                **bias_columns(fit, row.label),
                "note": "; ".join(
                    note
                    for note, holds in (
                        ("not informed by the data", informed < MIN_CONTRACTION),
                        ("approximate", "approximate" in posterior.attrs),
                    )
                    if holds
                ),
            }
        )
    return pd.DataFrame(lines)


def with_prior_intervals(model: ModelSpec, groups: pd.DataFrame, figures: list[str]) -> pd.DataFrame:
    """The group table with the 90 % interval of each before any data: prior_low and prior_high."""
    typical = {row.label: row.parameter.prior_90 for row in free_parameters(model, figures)}
    low, high = zip(*(typical[label] for label in groups["parameter"]), strict=True)
    return groups.assign(prior_low=low, prior_high=high)


def bias_columns(fit: xr.DataTree, label: str) -> dict[str, float]:
    """The bias of one row of a fit in which it was measured, else nothing; NaN in sds where people do not differ."""
    if "bias" not in fit.children:
        return {}
    bias, spread = fit["bias"].to_dataset(), fit["posterior"].to_dataset().get("sigma")
    found = {"bias": float(bias["mu"].sel(parameter=label)), "bias_sds": np.nan, "bias_between": np.nan}
    if spread is not None and spread.sel(parameter=label).notnull().any():
        between = float(spread.sel(parameter=label).median())
        found["bias_sds"] = found["bias"] / between
        found["bias_between"] = float(bias["sigma"].sel(parameter=label)) / between
    return found


def marginal_effect_table(found: xr.Dataset) -> pd.DataFrame:
    """One line per contrast of `contrasts`: difference and ratio with 90 % intervals, direction, and the prior."""
    lines = []
    for name in found["contrast"].values if "contrast" in found else []:
        here = found.sel(contrast=name)
        difference, low, high = median_ci90(here["difference"].values)
        ratio, least, most = median_ci90(here["ratio"].values)
        lines.append(
            {
                "contrast": str(name),
                "difference": difference,
                "low": low,
                "high": high,
                "P(above 0)": float(here["direction"]),
                "before any data": "[{:.2g}, {:.2g}]".format(*here["prior"].values),
                "ratio": f"{ratio:.2f} [{least:.2f}, {most:.2f}]",
            }
        )
    return pd.DataFrame(lines)


def group_sd_table(fit: xr.DataTree) -> pd.DataFrame:
    """One line per group of a formula: the sd between its members on the link scale, with its 90 % interval."""
    posterior = fit["posterior"].to_dataset()
    if "sigma_u" not in posterior:
        return pd.DataFrame()
    spread = posterior["sigma_u"]
    found = {str(name): median_ci90(spread.sel(group=name).values) for name in spread["group"].values}
    return pd.DataFrame(
        [{"group": name, "sd": sd, "low": low, "high": high} for name, (sd, low, high) in found.items()]
    )
