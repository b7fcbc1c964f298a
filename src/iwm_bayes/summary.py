"""A posterior as tables that cannot mislead: natural scales, and beside each number what the data said."""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.arms import EVERYONE
from iwm_bayes.core import Model
from iwm_bayes.earned import Judgement
from iwm_bayes.incidence import median_corrective, median_sessions
from iwm_bayes.levels import contraction
from iwm_bayes.people import names
from iwm_bayes.population import LINKS, rows

UNINFORMED = 0.1  # a posterior that has lost less than a tenth of the prior's variance


def interval(draws: np.ndarray) -> tuple[float, float, float]:
    """Median and 90 % interval, NaN left out; NaN where there is nothing else."""
    if np.isnan(draws).all():
        return np.nan, np.nan, np.nan
    low, middle, high = np.nanquantile(draws, [0.05, 0.5, 0.95])
    return float(middle), float(low), float(high)


def group_table(model: Model, fit: xr.DataTree) -> pd.DataFrame:
    """One line per group centre: the average person on the natural scale, and how much was learned.

    `typical` with its 90 % interval; `between` is the between-person sd on the link scale; `informed` is the
    prior-to-posterior contraction of the centre and `z` how many prior standard deviations its mean has moved from the
    prior's middle, both on the link scale; `people` is the mean contraction of people around it: 1 - their shrinkage.
    Beside a fit by `laplace`: by how much the centre is too high on the link scale (`bias`) and in between-person sds
    (`bias_sds`), and the between-person sd as a share of itself (`bias_between`).
    """
    posterior = fit["posterior"].to_dataset()
    figures = names(fit["data"].to_dataset())
    by_person = contraction(posterior).to_series() if "level" in posterior and "spread" in posterior else pd.Series()
    lines = []
    for row in rows(model, figures):
        if row.parameter.pooling == "separate":
            continue
        centre = posterior["centre"].sel(row=row.label).values
        typical, low, high = interval(LINKS[row.parameter.support][1](centre))
        informed = 1.0 - centre.var() / row.width**2
        partial = row.label in posterior.coords.get("partial", [])
        lines.append(
            {
                "parameter": row.label,
                "typical": typical,
                "low": low,
                "high": high,
                "between": float(posterior["spread"].sel(partial=row.label).median()) if partial else np.nan,
                "informed": informed,
                "z": (centre.mean() - row.middle) / row.width,
                "people": by_person.get(row.label, np.nan),
                **bias_of(fit, row.label),
                "note": "; ".join(
                    note
                    for note, holds in (
                        ("not informed by the data", informed < UNINFORMED),
                        ("approximate", "approximate" in posterior.attrs),
                    )
                    if holds
                ),
            }
        )
    return pd.DataFrame(lines)


def beside_priors(model: Model, groups: pd.DataFrame, figures: list[str]) -> pd.DataFrame:
    """The group table with the 90 % interval of each before any data: prior_low and prior_high."""
    typical = {row.label: row.parameter.typical for row in rows(model, figures)}
    low, high = zip(*(typical[label] for label in groups["parameter"]), strict=True)
    return groups.assign(prior_low=low, prior_high=high)


def bias_of(fit: xr.DataTree, label: str) -> dict[str, float]:
    """The bias of one row of a fit in which it was measured, else nothing; NaN in sds where people do not differ."""
    if "bias" not in fit.children:
        return {}
    bias, spread = fit["bias"].to_dataset(), fit["posterior"].to_dataset().get("spread")
    found = {"bias": float(bias["centre"].sel(row=label)), "bias_sds": np.nan, "bias_between": np.nan}
    if spread is not None and label in spread["partial"]:
        between = float(spread.sel(partial=label).median())
        found["bias_sds"] = found["bias"] / between
        found["bias_between"] = float(bias["spread"].sel(partial=label)) / between
    return found


def contrast_table(found: xr.Dataset) -> pd.DataFrame:
    """One line per contrast of `contrasts`: difference and ratio with 90 % intervals, direction, and the prior."""
    lines = []
    for name in found["contrast"].values if "contrast" in found else []:
        here = found.sel(contrast=name)
        difference, low, high = interval(here["difference"].values)
        ratio, least, most = interval(here["ratio"].values)
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


def grouping_table(fit: xr.DataTree) -> pd.DataFrame:
    """One line per group of a formula: the sd between its members on the link scale, with its 90 % interval."""
    posterior = fit["posterior"].to_dataset()
    if "group_spread" not in posterior:
        return pd.DataFrame()
    spread = posterior["group_spread"]
    found = {str(name): interval(spread.sel(grouping=name).values) for name in spread["grouping"].values}
    return pd.DataFrame(
        [{"group": name, "sd": sd, "low": low, "high": high} for name, (sd, low, high) in found.items()]
    )


def at_most(count: float, last: int, beyond: str) -> str:
    """Sessions or experiences until half are earned secure; `beyond` where that is one more than the `last`."""
    return beyond if count > last else f"{count:g}"


def until(draws: np.ndarray, last: int, beyond: str) -> str:
    """The same of draws, with its 90 % interval unless all of that is beyond."""
    middle, low, high = (at_most(count, last, beyond) for count in interval(draws))
    return beyond if low == beyond else f"{middle} [{low}, {high}]"


def halves(last: int) -> dict[str, str]:
    """What is counted until half are earned secure, and what is said where they are not by the last session."""
    return {"sessions": f"> {last}", "corrective": "not reached"}


def security_lines(curves: xr.Dataset) -> list[dict[str, object]]:
    """Earned security toward a figure or in general, of `arms.curves`: a line for everyone, and one for each arm.

    Blank where nobody starts insecure, or nobody is followed long enough to tell.
    """
    lines, last = [], curves.sizes["session"]
    for arm in curves["arm"].values:
        own = curves.sel(arm=arm)
        line = {"figure": curves.attrs["figure"]} | ({"arm": str(arm)} if curves.sizes["arm"] > 1 else {})
        if not own["insecure"]:
            lines.append(line | {"start insecure": "nobody"})
            continue
        line["start insecure"] = f"{float(own['insecure']):.0%}"
        if own["probability"].isnull().all():
            lines.append(line | {"sessions": "too few to tell"})
            continue
        share, lower, upper = interval(own["probability"].isel(session=-1).values)
        for name, beyond in halves(last).items():
            line[name] = until(own[f"median_{name}"].values, last, beyond)
        line["earned secure"] = f"{share:.0%} [{lower:.0%}, {upper:.0%}]"
        if arm == EVERYONE:
            line["by chance"] = f"{float(own['chance']):.0%}"
        lines.append(line)
    return lines


def truth_line(security: xr.Dataset, known: Judgement) -> dict[str, str]:
    """What `earned_security` found until half are earned secure, beside what is true of people who are known."""
    line, last = {"figure": security.attrs["figure"]}, security.sizes["session"]
    truth = {"sessions": median_sessions(known, last), "corrective": median_corrective(known, last)}
    for name, beyond in halves(last).items():
        draws, true = security[f"median_{name}"].values, float(truth[name])
        _, low, high = interval(draws)
        inside = "inside" if low <= true <= high else "OUTSIDE"
        line[f"{name}, 90 %"] = until(draws, last, beyond)
        line[f"{name}, truth"] = f"{at_most(true, last, beyond)} ({inside})"
    return line


def arm_lines(differences: xr.DataArray, first: str, figure: str) -> list[dict[str, object]]:
    """How many more are earned secure in each arm than in the `first`, of `arms.differences`, where that is known."""
    lines = []
    for arm in differences["arm"].values if differences.notnull().any() else ():
        draws = differences.sel(arm=arm).values
        middle, low, high = interval(draws)
        lines.append(
            {
                "figure": figure,
                "arms": f"{arm} - {first}",
                "by session": int(differences["session"]),
                "more earned secure": f"{middle:+.0%} [{low:+.0%}, {high:+.0%}]",
                "P(above 0)": float((draws[~np.isnan(draws)] > 0).mean()),
            }
        )
    return lines


def style_line(security: xr.Dataset) -> dict[str, object]:
    """Share of people in each attachment style at their last session, with its 90 % interval."""
    shares = {str(name): interval(security["in_style"].sel(style=name).values) for name in security["style"].values}
    text = {name: f"{share:.0%} [{low:.0%}, {high:.0%}]" for name, (share, low, high) in shares.items()}
    return {"figure": security.attrs["figure"]} | text


def sensitivity_lines(security: xr.Dataset) -> list[dict[str, object]]:
    """The share earned secure by the last session under other thresholds and holds: one line per threshold."""
    if not security["insecure"].any():
        return []
    table = security["sensitivity"].to_pandas()
    return [
        {"figure": security.attrs["figure"], "secure from": f"{threshold:g}"}
        | {f"held {hold} sessions": f"{share:.0%}" for hold, share in line.items()}
        for threshold, line in table.iterrows()
    ]
