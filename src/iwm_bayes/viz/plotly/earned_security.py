"""Earned security by session, as figures that can be asked."""

import numpy as np
import xarray as xr

from iwm_bayes.viz.earned_security import tick_sessions
from iwm_bayes.viz.palette import LINES
from iwm_bayes.viz.plotly.base import DASHES, Figure, axis, band_traces, layout, line_trace


def step_values(values: np.ndarray) -> np.ndarray:
    """Values that hold until the next."""
    return np.repeat(values, 2)


def time_to_security_figure(curves: xr.Dataset, mark: str) -> Figure:
    """The earned-security curve of everyone and of each arm: `arms.curves`; people not yet secure below the axis."""
    session = curves["session"].values
    low, middle, high = curves["probability"].quantile([0.05, 0.5, 0.95], ("chain", "draw")).values
    traces: list[Figure] = []
    arms = [str(arm) for arm in curves["arm"].values]
    for place, arm in enumerate(arms[: len(LINES)]):
        ends = step_values(session)[1:], step_values(low[place])[:-1], step_values(high[place])[:-1]
        traces += band_traces(*ends, LINES[place].color)
        traces.append(line_trace(session, middle[place], arm, place) | {"line": {"shape": "hv", "color": LINES[place].color,
                      "dash": DASHES[place], "width": 2}})  # fmt: skip
    chance = float(curves["chance"])
    traces.append(line_trace([session[0], session[-1]], [chance, chance], "by chance", 3))
    shown = tick_sessions(session)
    left = curves["at_risk"].sel(session=shown)
    ticks = ["<br>".join([str(at), *(f"{left.sel(arm=arm, session=at):.0f}" for arm in arms)]) for at in shown]
    across = axis(
        "session; below it, people not yet secure",
        tickvals=[int(at) for at in shown],
        ticktext=ticks,
        range=[1, int(max(session[-1], 2))],
    )
    across["title"]["font"] = {"size": 12}
    return {
        "data": traces,
        "layout": layout(
            mark,
            xaxis=across,
            yaxis=axis("share of those who start insecure", range=[0, 1], tickformat=".0%"),
            height=380 + 18 * len(arms),
            margin={"l": 60, "r": 12, "t": 12, "b": 60 + 18 * len(arms)},
        ),
    }


def projection_figure(shares: xr.DataArray, plan: str, mark: str) -> Figure:
    """The share earned secure by each further session under a plan of care."""
    low, middle, high = shares.dropna("sample", how="all").quantile([0.05, 0.5, 0.95], "sample").values
    session = shares["session"].values
    return {
        "data": [*band_traces(session, low, high, LINES[0].color), line_trace(session, middle, f"under {plan}", 0)],
        "layout": layout(
            mark,
            xaxis=axis("further session"),
            yaxis=axis("share of those insecure now", range=[0, 1], tickformat=".0%"),
            height=320,
        ),
    }
