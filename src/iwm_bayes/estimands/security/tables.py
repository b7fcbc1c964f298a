"""Earned security as tables: time to earned security, differences between arms, styles, and sensitivity.

Tables hold numbers. A quantity with an interval has three columns: NAME, NAME_ci90_low and NAME_ci90_high. A median or
an end of an interval that is not reached by the last session that can be assessed is NaN.
"""

import numpy as np
import pandas as pd
import xarray as xr

from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.security.by_arm import EVERYONE, arm_masks, incidence_by_arm, risk_differences
from iwm_bayes.estimands.security.criterion import Judgement
from iwm_bayes.estimands.security.survival import incidence_by_session, median_corrective, median_sessions

THESE_PEOPLE, NEW_PEOPLE = "these people", "new people"  # the people that a line is about
ROUNDING = 1e-9  # of a share, which may be equal to an end of its interval
COUNTS = {"sessions": "median_sessions", "corrective_experiences": "median_corrective"}  # column: variable


def interval_columns(name: str, draws: np.ndarray) -> dict[str, object]:
    """Return the median and the 90% interval of draws as three columns; NaN where they are infinite."""
    values = [value if np.isfinite(value) else np.nan for value in median_ci90(draws)]
    return dict(zip((name, f"{name}_ci90_low", f"{name}_ci90_high"), values, strict=True))


def final_probability(curves: xr.Dataset, arm: str) -> np.ndarray:
    """Return the share that is earned secure by the last session that can be read, (chain, draw); NaN if none can."""
    own = curves["probability"].sel(arm=arm)
    last = int(curves["last"].sel(arm=arm))
    return own.sel(session=max(last, 1)).where(last > 0).values


def time_to_security_lines(curves: xr.Dataset, about: str) -> list[dict[str, object]]:
    """Make one line for everyone and one for each arm, for the figure of `incidence_by_arm`'s `curves`.

    `about` states which people it is about: THESE_PEOPLE or NEW_PEOPLE. `by_session` is the last session that can be
    assessed, with the `number_at_risk` there. Cells about earned security are NaN if there is none. `censored` states
    that fewer than half of the people are earned secure by then.
    """
    lines = []
    for arm in map(str, curves["arm"].values):
        own, last = curves.sel(arm=arm), int(curves["last"].sel(arm=arm))
        sessions = own["median_sessions"].values
        line = {"figure": curves.attrs["figure"], "about": about}
        line |= {"arm": arm} if curves.sizes["arm"] > 1 else {}
        line |= interval_columns("insecure_at_baseline", own["insecure"].values)
        line["by_session"] = last if last else np.nan
        if about == THESE_PEOPLE:
            line["number_at_risk"] = float(own["at_risk"].sel(session=last)) if last else np.nan
        for name, variable in COUNTS.items():
            line |= interval_columns(name, own[variable].values)
        line["censored"] = None if np.isnan(sessions).all() else bool(np.isinf(median_ci90(sessions)[0]))
        line |= interval_columns("earned_secure", final_probability(curves, arm))
        if "chance_level" in curves and arm == EVERYONE and last:
            line["chance_level"] = float(curves["chance_level"].sel(session=last))
        lines.append(line)
    return lines


def truth_comparison_lines(security: xr.Dataset, known: Judgement, arms: pd.Series) -> list[dict[str, object]]:
    """Compare the estimates of `earned_security` with the true values of people whose parameters are known.

    Parameters
    ----------
    security
        The estimates.
    known
        The truth, had all stayed, (person,): see `time_to_security.true_security`.
    arms
        The arm of every person; empty if the study has none.

    Returns
    -------
    list of dict
        One line for the share by the last session that can be assessed, one for each count, and one for each difference
        between arms in the share, by the last session that can be assessed in all of them. A count that is not reached
        by then is NaN, in the estimate as in the truth; `censored` is about estimates.
    """
    curves = incidence_by_arm(security, arms)
    until = int(curves["last"].sel(arm=EVERYONE))
    if not until:
        return []
    share = security["probability"].sel(session=until).values
    sessions, corrective = (security[variable].values for variable in COUNTS.values())
    lines = [
        truth_line(f"share by session {until}", share, true_share(known, until)),
        truth_line("sessions", sessions, float(median_sessions(known, until))),
        truth_line("corrective experiences", corrective, float(median_corrective(known, until))),
        *arm_truth_lines(curves, known, arm_masks(security, arms)),
    ]
    return [{"figure": security.attrs["figure"]} | line for line in lines]


def true_share(known: Judgement, until: int) -> float:
    """Return the share that is earned secure by a session."""
    return float(incidence_by_session(known, until)[-1])


def truth_line(label: str, draws: np.ndarray, true: float) -> dict[str, object]:
    """Compare the draws of one quantity with its true value."""
    median, low, high = median_ci90(draws)
    line: dict[str, object] = {"until_security": label} | interval_columns("estimate", draws)
    line["censored"] = bool(np.isinf(median))
    is_inside = low - ROUNDING <= true <= high + ROUNDING
    return line | {"true": true if np.isfinite(true) else np.nan, "true_in_ci90": bool(is_inside)}


def arm_truth_lines(curves: xr.Dataset, known: Judgement, masks: dict[str, np.ndarray]) -> list[dict[str, object]]:
    """Compare each difference between arms in the share with its true value; none without two arms to assess."""
    if len(masks) == 1:
        return []
    first, *others = [name for name in masks if name != EVERYONE]
    differences = risk_differences(curves)
    until = int(differences["session"])
    if not until:
        return []
    shares = {name: true_share(known._replace(insecure=known.insecure & mask), until) for name, mask in masks.items()}
    which = {name: f"{name} - {first}" if len(others) > 1 else "difference of arms" for name in others}
    return [
        truth_line(
            f"share by session {until}, {which[name]}", differences.sel(arm=name).values, shares[name] - shares[first]
        )
        for name in others
    ]


def arm_lines(differences: xr.DataArray, first: str, figure: str, about: str) -> list[dict[str, object]]:
    """Make one line for each risk difference to the `first` arm, of `risk_differences`, where it is known."""
    lines: list[dict[str, object]] = []
    for arm in differences["arm"].values if differences.notnull().any() else ():
        draws = differences.sel(arm=arm).values
        known = draws[~np.isnan(draws)]
        line: dict[str, object] = {
            "figure": figure,
            "about": about,
            "arms": f"{arm} - {first}",
            "by_session": int(differences["session"]),
        }
        line |= interval_columns("risk_difference", draws)
        lines.append(line | {"p_above_0": float((known > 0).mean() + (known == 0).mean() / 2)})
    return lines


def style_line(security: xr.Dataset) -> dict[str, object]:
    """Make the line of one figure: the share of people in each attachment style at their last session."""
    line: dict[str, object] = {"figure": security.attrs["figure"]}
    for name in map(str, security["style"].values):
        line |= interval_columns(name, security["style_share"].sel(style=name).values)
    return line


def sensitivity_lines(security: xr.Dataset) -> list[dict[str, object]]:
    """Make one line per threshold: the share that is earned secure by the last session, by duration criterion."""
    if security["sensitivity"].isnull().all():
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
