"""Earned security as tables: time to earned security, differences between arms, styles, and sensitivity.

Tables hold numbers. A quantity with an interval has three columns: NAME, NAME_ci90_low and NAME_ci90_high. A median or
an end of an interval that lies beyond the last session is NaN.
"""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.by_arm import EVERYONE
from iwm_bayes.estimands.criterion import Judgement
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.survival import median_corrective, median_sessions

COUNTS = {"sessions": "median_sessions", "corrective_experiences": "median_corrective"}  # column: variable


def interval_columns(name: str, draws: np.ndarray, last: float = np.inf) -> dict[str, object]:
    """Return the median and the 90% interval of draws as three columns; NaN where they exceed `last`."""
    values = [value if value <= last else np.nan for value in median_ci90(draws)]
    return dict(zip((name, f"{name}_ci90_low", f"{name}_ci90_high"), values, strict=True))


def time_to_security_lines(curves: xr.Dataset) -> list[dict[str, object]]:
    """Make one line for everyone and one for each arm, for the figure of `incidence_by_arm`'s `curves`.

    Cells are NaN if nobody is insecure at baseline, or if nobody is observed long enough. `censored` states that fewer
    than half of the people are earned secure by the last session.
    """
    lines, last = [], curves.sizes["session"]
    for arm in curves["arm"].values:
        own = curves.sel(arm=arm)
        sessions = own["median_sessions"].values
        line = {"figure": curves.attrs["figure"]} | ({"arm": str(arm)} if curves.sizes["arm"] > 1 else {})
        line["insecure_at_baseline"] = float(own["insecure"])
        for name, variable in COUNTS.items():
            line |= interval_columns(name, own[variable].values, last)
        line["censored"] = None if np.isnan(sessions).all() else bool(median_ci90(sessions)[0] > last)
        line |= interval_columns("earned_secure", own["probability"].isel(session=-1).values)
        line["chance_level"] = float(own["chance_level"]) if arm == EVERYONE else np.nan
        lines.append(line)
    return lines


def truth_comparison_lines(security: xr.Dataset, known: Judgement) -> list[dict[str, object]]:
    """Compare the estimates of `earned_security` with the true values of people whose parameters are known.

    One line for each count. An estimate or a true value beyond the last session is NaN; `censored` is about estimates.
    """
    lines, last = [], security.sizes["session"]
    truth = {"sessions": median_sessions(known, last), "corrective_experiences": median_corrective(known, last)}
    for name, variable in COUNTS.items():
        draws, true = security[variable].values, float(truth[name])
        median, low, high = median_ci90(draws)
        line: dict[str, object] = {"figure": security.attrs["figure"], "until_security": name.replace("_", " ")}
        line |= interval_columns("estimate", draws, last) | {"censored": bool(median > last)}
        lines.append(line | {"true": true if true <= last else np.nan, "true_in_ci90": bool(low <= true <= high)})
    return lines


def arm_lines(differences: xr.DataArray, first: str, figure: str) -> list[dict[str, object]]:
    """Make one line for each risk difference to the `first` arm, of `risk_differences`, where it is known."""
    lines: list[dict[str, object]] = []
    for arm in differences["arm"].values if differences.notnull().any() else ():
        draws = differences.sel(arm=arm).values
        line: dict[str, object] = {
            "figure": figure,
            "arms": f"{arm} - {first}",
            "by_session": int(differences["session"]),
        }
        line |= interval_columns("risk_difference", draws)
        lines.append(line | {"p_above_0": float((draws[~np.isnan(draws)] > 0).mean())})
    return lines


def style_line(security: xr.Dataset) -> dict[str, object]:
    """Make the line of one figure: the share of people in each attachment style at their last session."""
    line: dict[str, object] = {"figure": security.attrs["figure"]}
    for name in map(str, security["style"].values):
        line |= interval_columns(name, security["style_share"].sel(style=name).values)
    return line


def sensitivity_lines(security: xr.Dataset) -> list[dict[str, object]]:
    """Make one line per threshold: the share that is earned secure by the last session, by duration criterion."""
    if not security["insecure"].any():
        return []
    sensitivity = security["sensitivity"]
    durations = [f"held_{duration}_sessions" for duration in sensitivity["duration"].values]
    return [
        {"figure": security.attrs["figure"], "threshold": float(threshold)}
        | dict(zip(durations, map(float, shares), strict=True))
        for threshold, shares in zip(
            sensitivity["threshold"].values, sensitivity.transpose("threshold", "duration").values, strict=True
        )
    ]
