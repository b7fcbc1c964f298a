"""Earned security as tables: until when and by how many, in each arm, beside the truth, and under other definitions."""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.by_arm import EVERYONE
from iwm_bayes.estimands.earned_security import Judgement
from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.survival import median_corrective, median_sessions


def count_or_beyond(count: float, last: int, beyond: str) -> str:
    """Sessions or experiences until half are earned secure; `beyond` where that is one more than the `last`."""
    return beyond if count > last else f"{count:g}"


def interval_text(draws: np.ndarray, last: int, beyond: str) -> str:
    """The same of draws, with its 90 % interval unless all of that is beyond."""
    middle, low, high = (count_or_beyond(count, last, beyond) for count in median_ci90(draws))
    return beyond if low == beyond else f"{middle} [{low}, {high}]"


def censoring_texts(last: int) -> dict[str, str]:
    """What is counted until half are earned secure, and what is said where they are not by the last session."""
    return {"sessions": f"> {last}", "corrective": "not reached"}


def time_to_security_lines(curves: xr.Dataset) -> list[dict[str, object]]:
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
        share, lower, upper = median_ci90(own["probability"].isel(session=-1).values)
        for name, beyond in censoring_texts(last).items():
            line[name] = interval_text(own[f"median_{name}"].values, last, beyond)
        line["earned secure"] = f"{share:.0%} [{lower:.0%}, {upper:.0%}]"
        if arm == EVERYONE:
            line["by chance"] = f"{float(own['chance']):.0%}"
        lines.append(line)
    return lines


def truth_comparison_line(security: xr.Dataset, known: Judgement) -> dict[str, str]:
    """What `earned_security` found until half are earned secure, beside what is true of people who are known."""
    line, last = {"figure": security.attrs["figure"]}, security.sizes["session"]
    truth = {"sessions": median_sessions(known, last), "corrective": median_corrective(known, last)}
    for name, beyond in censoring_texts(last).items():
        draws, true = security[f"median_{name}"].values, float(truth[name])
        _, low, high = median_ci90(draws)
        inside = "inside" if low <= true <= high else "OUTSIDE"
        line[f"{name}, 90 %"] = interval_text(draws, last, beyond)
        line[f"{name}, truth"] = f"{count_or_beyond(true, last, beyond)} ({inside})"
    return line


def arm_lines(differences: xr.DataArray, first: str, figure: str) -> list[dict[str, object]]:
    """How many more are earned secure in each arm than in the `first`, of `arms.differences`, where that is known."""
    lines = []
    for arm in differences["arm"].values if differences.notnull().any() else ():
        draws = differences.sel(arm=arm).values
        middle, low, high = median_ci90(draws)
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
    shares = {str(name): median_ci90(security["in_style"].sel(style=name).values) for name in security["style"].values}
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
