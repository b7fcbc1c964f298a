"""Interactive plot of the attachment space."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from iwm_bayes.estimands.trajectories import ellipse_outline, ellipse_sessions
from iwm_bayes.viz.palette import LINES, STYLE_CORNERS
from iwm_bayes.viz.plotly.base import GREY, MARKERS, Figure, axis, json_numbers, layout, line_trace

MIDLINE = {"type": "line", "line": {"color": "#bbbbbb", "width": 1}}


def ellipse_trace(mean: np.ndarray, covariance: np.ndarray, color: str) -> Figure:
    """Return the ellipse that contains 90% of the draws in one session."""
    availability, worth = ellipse_outline(mean, covariance)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": json_numbers(availability),
        "y": json_numbers(worth),
        "fill": "toself",
        "fillcolor": color + "22",
        "hoverinfo": "skip",
        "showlegend": False,
        "line": {"width": 1, "color": color},
    }


def path_traces(name: str, trajectory: xr.Dataset, index: int) -> list[Figure]:
    """Return the path of the two beliefs along the sessions, below it its ellipses."""
    path, color = trajectory[["mean", "covariance"]].dropna("session"), LINES[index].color
    mean, covariance = path["mean"].values, path["covariance"].values
    ellipses = [ellipse_trace(mean[at], covariance[at], color) for at in ellipse_sessions(len(mean))]
    between = len(mean) - 2
    marker = {
        "symbol": [f"{MARKERS[index]}-open", *[MARKERS[index]] * (len(mean) - 1)],
        "size": [12, *[4] * between, 12][: len(mean)],
        "color": color,
    }
    line = line_trace(mean[:, 0], mean[:, 1], name, index, mode="lines+markers") | {
        "text": [f"session {int(session)}" for session in path["session"].values],
        "hovertemplate": "%{text}<br>availability %{x:.2f}<br>self-worth %{y:.2f}<extra></extra>",
        "marker": marker,
    }
    return [*ellipses, line]


def style_annotation(style: str, x: float, y: float) -> Figure:
    """Return the name of an attachment style at its corner."""
    return {
        "text": f"<i>{style}</i>",
        "x": x,
        "y": y,
        "showarrow": False,
        "font": {"color": GREY},
        "xanchor": "left" if x < 0.5 else "right",
        "yanchor": "bottom" if y < 0.5 else "top",
    }


def attachment_space_figure(
    trajectories: Mapping[str, xr.Dataset], watermark: str, styles: Mapping[str, tuple[float, float]] = STYLE_CORNERS
) -> Figure:
    """Draw beliefs of the group or of people along their sessions in the attachment space.

    Parameters
    ----------
    trajectories
        By name: `mean` (session, belief) and `covariance` (session, belief, belief). Ellipses contain 90% of the draws
        at the initial belief, half-way and at the end.
    watermark
        See `base.layout`.
    styles
        Corners of the attachment styles, by name; empty to leave styles out.
    """
    named = list(trajectories.items())[: len(LINES)]
    traces = [path_traces(name, trajectory, index) for index, (name, trajectory) in enumerate(named)]
    return {
        "data": [trace for path in traces for trace in path],
        "layout": layout(
            watermark,
            annotations=[style_annotation(style, *corner) for style, corner in styles.items()],
            shapes=[
                MIDLINE | {"x0": 0.5, "x1": 0.5, "y0": 0, "y1": 1},
                MIDLINE | {"x0": 0, "x1": 1, "y0": 0.5, "y1": 0.5},
            ],
            showlegend=len(trajectories) > 1,
            xaxis=axis("availability (0–1)", range=[0, 1], dtick=0.25),
            yaxis=axis("self-worth (0–1)", range=[0, 1], dtick=0.25, scaleanchor="x", constrain="domain"),
            height=460,
        ),
    }
