"""Interactive plots of time to earned security and of its projection."""

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.by_arm import assessable_intervals
from iwm_bayes.viz.palette import CHANCE_LABEL, LINES, tick_sessions
from iwm_bayes.viz.plotly.base import Figure, axis, band_traces, layout, line_style, line_trace


def incidence_traces(curves: xr.Dataset) -> list[Figure]:
    """Return the median and the 90% CrI of the share that is earned secure, as far as it can be assessed, by arm."""
    traces: list[Figure] = []
    for index, arm in enumerate(map(str, curves["arm"].values[: len(LINES)])):
        session, low, median, high = assessable_intervals(curves, arm)
        step_ends = np.repeat(session, 2)[1:], np.repeat(low, 2)[:-1], np.repeat(high, 2)[:-1]
        traces += band_traces(*step_ends, LINES[index].color)
        traces.append(line_trace(session, median, arm, index, line=line_style(index, shape="hv")))
    return traces


def session_labels(curves: xr.Dataset, sessions: np.ndarray) -> list[str]:
    """Return labels of some sessions, (tick,): the session and, below it, the number at risk in each arm."""
    at_risk = curves["at_risk"].sel(session=sessions).transpose("session", "arm").values
    return [
        "<br>".join([str(at), *(f"{count:.0f}" for count in row)]) for at, row in zip(sessions, at_risk, strict=True)
    ]


def time_to_security_figure(curves: xr.Dataset, watermark: str) -> Figure:
    """Draw the share of people who are earned secure by each session, by arm, with numbers at risk below the axis.

    Parameters
    ----------
    curves
        What `by_arm.incidence_by_arm` returns.
    watermark
        See `base.layout`.
    """
    session, n_arms = curves["session"].values, curves.sizes["arm"]
    chance, ticks = curves["chance_level"].dropna("session"), tick_sessions(session)
    session_axis = axis(
        "session; below it, number at risk",
        tickvals=[int(at) for at in ticks],
        ticktext=session_labels(curves, ticks),
        range=[1, int(max(session[-1], 2))],
    )
    session_axis["title"]["font"] = {"size": 12}
    return {
        "data": [*incidence_traces(curves), line_trace(chance["session"].values, chance.values, CHANCE_LABEL, 3)],
        "layout": layout(
            watermark,
            xaxis=session_axis,
            yaxis=axis("share of people<br>insecure at baseline", range=[0, 1], tickformat=".0%"),
            height=380 + 18 * n_arms,
            margin={"l": 75, "r": 12, "t": 12, "b": 60 + 18 * n_arms},
        ),
    }


def projection_figure(shares: xr.DataArray, scenario: str, watermark: str) -> Figure:
    """Draw the share of people who are earned secure by each further session under a scenario, with its 90% CrI.

    `shares` (sample, session) is what `projection.project` returns.
    """
    low, median, high = shares.dropna("sample", how="all").quantile([0.05, 0.5, 0.95], "sample").values
    session = shares["session"].values
    label = f"projection, scenario {scenario}"
    return {
        "data": [*band_traces(session, low, high, LINES[0].color), line_trace(session, median, label, 0)],
        "layout": layout(
            watermark,
            xaxis=axis("further session"),
            yaxis=axis("share of people<br>insecure now", range=[0, 1], tickformat=".0%"),
            height=320,
            margin={"l": 75, "r": 12, "t": 12, "b": 50},
        ),
    }
