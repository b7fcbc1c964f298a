"""Interactive plot of a trajectory: beliefs, events and responses by session."""

from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.estimands.trajectories import GROUP
from iwm_bayes.viz.palette import BELIEF_LABELS, BLACK, GREEN, LINES, VERMILLION
from iwm_bayes.viz.plotly.base import Figure, axis, band_traces, escape_text, json_numbers, layout, line_trace

LEGEND_WIDTH = 130  # pixels: as wide as the longest entry
FIRST_RESPONSE_PANEL = 3  # below the panels of beliefs and of events


def panel_domains(heights: list[float], gap: float = 0.04) -> list[list[float]]:
    """Return the vertical extent (0–1) of panels below each other, the first at the top, from relative heights."""
    available = 1.0 - gap * (len(heights) - 1)
    sizes = [available * height / sum(heights) for height in heights]
    tops = [1.0 - sum(sizes[:index]) - gap * index for index in range(len(sizes))]
    return [[round(max(top - size, 0.0), 4), round(top, 4)] for top, size in zip(tops, sizes, strict=True)]


def belief_traces(trajectory: xr.Dataset, forecast: xr.Dataset | None) -> list[Figure]:
    """Return availability and self-worth with their 90% CrI, and their forecast."""
    traces: list[Figure] = []
    for index, belief in enumerate(map(str, trajectory["belief"].values)):
        values, label, color = trajectory.sel(belief=belief), BELIEF_LABELS[belief], LINES[index].color
        traces += band_traces(values["session"], values["low"], values["high"], color)
        traces.append(line_trace(values["session"], values["middle"], label, index))
        if forecast is not None:
            future = forecast.sel(belief=belief)
            band = future["session"], future["low"], future["high"]
            traces += band_traces(*band, color, fillpattern={"shape": "/"})
            name = f"{label}, forecast"
            traces.append(line_trace(future["session"], future["middle"], name, index, opacity=0.6))
    return traces


def marker_trace(x: Any, y: Any, name: str, symbol: str, color: str, panel: int, size: int = 8) -> Figure:
    """Return markers at points, (n,) each, in a panel."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": json_numbers(x),
        "y": json_numbers(y),
        "name": escape_text(name),
        "yaxis": f"y{panel}",
        "marker": {"symbol": symbol, "color": color, "size": size},
    }


def event_traces(trajectory: xr.Dataset) -> list[Figure]:
    """Return outcomes, ruptures and repairs: of a person the outcomes, of the group the mean and shares of people."""
    is_group, session = trajectory.attrs["about"] == GROUP, trajectory["session"]
    outcome = "mean outcome" if is_group else "outcome"
    traces = [marker_trace(session, trajectory["outcome"], outcome, "circle-open", BLACK, 2, 6)]
    for name, symbol, color in (("rupture", "triangle-down", VERMILLION), ("repair", "triangle-up", GREEN)):
        label = f"share with a {name}" if is_group else name
        traces.append(marker_trace(session, trajectory[name], label, symbol, color, 2))
    return traces


def response_traces(trajectory: xr.Dataset, response: str, panel: int) -> list[Figure]:
    """Return a response and its posterior predictive interval; the first panel of responses has the legend."""
    values, shown = trajectory.sel(response=response), panel == FIRST_RESPONSE_PANEL
    band = values["session"], values["predicted_low"], values["predicted_high"]
    style = {"yaxis": f"y{panel}", "name": "90% posterior predictive", "showlegend": shown}
    observed = marker_trace(values["session"], values["answer"], "observed response", "circle", BLACK, panel, 5)
    return [*band_traces(*band, "#888888", **style), observed | {"showlegend": shown}]


def vertical_axis(trajectory: xr.Dataset, title: str, response: str | None, domain: list[float]) -> Figure:
    """Return the vertical axis of a panel; of a response it ends at its highest value, else at 1."""
    highest = 1.0
    if response is not None:
        values = trajectory.sel(response=response)
        highest = float(np.nanmax([values["answer"].max(), values["predicted_high"].max(), 1.0]))
    limits = [-0.06 * highest, 1.06 * highest]
    return axis(title.replace(" ", "<br>"), domain=domain, tickfont={"size": 11}, range=limits, nticks=3)


def trajectory_figure(trajectory: xr.Dataset, forecast: xr.Dataset | None, watermark: str) -> Figure:
    """Draw beliefs, events and each response by session, in panels below each other.

    Parameters
    ----------
    trajectory
        What `trajectories.group_trajectory` or `trajectories.person_trajectory` returns.
    forecast
        `low`, `middle` and `high` (belief, session) of beliefs in further sessions.
    watermark
        See `base.layout`.
    """
    responses = [str(name) for name in trajectory["response"].values]
    domains = panel_domains([2.0, 0.8, *[1.0] * len(responses)])
    titles = ["belief", "outcome", *(escape_text(name.replace("_", " ")) for name in responses)]
    traces = [*belief_traces(trajectory, forecast), *event_traces(trajectory)]
    for panel, response in enumerate(responses, start=FIRST_RESPONSE_PANEL):
        traces += response_traces(trajectory, response, panel)
    axes = {
        f"yaxis{panel if panel > 1 else ''}": vertical_axis(trajectory, title, response, domain)
        for panel, (title, response, domain) in enumerate(
            zip(titles, [None, None, *responses], domains, strict=True), start=1
        )
    }
    specification = layout(
        watermark,
        xaxis=axis("session; 0: initial belief", anchor=f"y{len(domains)}"),
        height=400 + 110 * len(responses),
        margin={"l": 70, "r": 12, "t": 12, "b": 45},
        **axes,
    )
    specification["legend"] = specification["legend"] | {"entrywidth": LEGEND_WIDTH}
    return {"data": traces, "layout": specification}
