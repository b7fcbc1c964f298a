"""Interactive plot of the attachment space: paths of one or two models, with the region that counts as secure."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.criterion import Criterion
from iwm_bayes.estimands.trajectories import ellipse_outline
from iwm_bayes.viz.palette import DARK_GREY, STYLE_CORNERS
from iwm_bayes.viz.plotly.base import (
    MARKERS,
    Figure,
    axis,
    escape_text,
    json_numbers,
    layout,
    line_style,
    line_trace,
)

ELLIPSE_POINTS = 25
PLACE_SIZES = (16, 10)  # of the markers of two models, so that both are seen where they coincide
SECURE_REGION = {"type": "rect", "fillcolor": "#0000000d", "line": {"width": 0}, "layer": "below"}
BOUNDARY = {"type": "line", "line": {"color": "#777777", "width": 1, "dash": "dot"}, "layer": "below"}


QUIET = {"showlegend": False, "hoverinfo": "skip"}


def phase_trace(label: str, position: np.ndarray, mean: np.ndarray, index: int, width: float) -> Figure:
    """Return the path of the two mean beliefs, (position, belief), in one phase."""
    line = line_trace(mean[:, 0], mean[:, 1], label, index, line=line_style(index, width=width))
    hover = f"{escape_text(label)}<br>availability %{{x:.2f}}<br>self-worth %{{y:.2f}}<extra></extra>"
    return line | {"customdata": [int(at) for at in position], "hovertemplate": hover}


def marker_trace(symbol: str, size: int, index: int, **more: Any) -> Figure:
    """Return a marker in the colour of a model; other arguments say where it is."""
    marker = {"symbol": symbol, "size": size, "color": line_style(index)["color"]}
    return {"type": "scatter", "mode": "markers", "marker": marker} | QUIET | more


def ellipse_trace(position: np.ndarray, mean: np.ndarray, covariance: np.ndarray, index: int) -> Figure:
    """Return the ellipse that contains 90% of people, with one frame per position."""
    style = line_style(index, width=1)
    frames = {
        str(at): [json_numbers(side) for side in ellipse_outline(one, spread, ELLIPSE_POINTS)]
        for at, one, spread in zip(position, mean, covariance, strict=True)
    }
    shape = {"type": "scatter", "mode": "lines", "fill": "toself", "fillcolor": f"{style['color']}22", "line": style}
    return shape | QUIET | {"frames": frames}


def path_traces(label: str, trajectory: xr.Dataset, index: int) -> list[Figure]:
    """Return the path under one model: childhood thin, therapy bold from a hollow marker on, and where the person is.

    That marker and its ellipse have one frame per position, of which a page shows the current one.
    """
    path = trajectory[["mean", "covariance"]].dropna("position")
    position, mean, symbol = path["position"].values, path["mean"].values, MARKERS[index]
    is_therapy = position >= 0
    start = {"x": json_numbers(mean[is_therapy][:1, 0]), "y": json_numbers(mean[is_therapy][:1, 1]), "customdata": [0]}
    places = {str(at): [[x], [y]] for at, (x, y) in zip(position, np.round(mean, 3).tolist(), strict=True)}
    return [
        ellipse_trace(position, mean, path["covariance"].values, index),
        phase_trace(label, position[~is_therapy], mean[~is_therapy], index, 1.0) | {"showlegend": False},
        phase_trace(label, position[is_therapy], mean[is_therapy], index, 2.0),
        marker_trace(f"{symbol}-open", 12, index, **start),
        marker_trace(symbol, PLACE_SIZES[index], index, frames=places),
    ]


def style_annotation(style: str, x: float, y: float) -> Figure:
    """Return the name of an attachment style at its corner."""
    anchors = {"xanchor": "left" if x < 0.5 else "right", "yanchor": "bottom" if y < 0.5 else "top"}
    return {"text": f"<i>{style}</i>", "x": x, "y": y, "showarrow": False, "font": {"color": DARK_GREY}} | anchors


def space_figure(trajectories: Mapping[str, xr.Dataset], criterion: Criterion) -> Figure:
    """Draw the mean beliefs of one or two models along their sessions in the attachment space.

    Parameters
    ----------
    trajectories
        By label of the model: `mean` (position, belief) and `covariance` (position, belief, other). A model without
        self-worth is left out.
    criterion
        The region in which both beliefs are secure is shaded, and lines mark where one is insecure.
    """
    secure, insecure = criterion.secure_at_or_above, criterion.insecure_at_or_below
    boundaries = [
        BOUNDARY | {"x0": insecure, "x1": insecure, "y0": insecure, "y1": 1},
        BOUNDARY | {"y0": insecure, "y1": insecure, "x0": insecure, "x1": 1},
        SECURE_REGION | {"x0": secure, "x1": 1, "y0": secure, "y1": 1},
        BOUNDARY | {"x0": secure, "x1": secure, "y0": secure, "y1": 1},
        BOUNDARY | {"y0": secure, "y1": secure, "x0": secure, "x1": 1},
    ]
    traces = [
        path_traces(label, one, index)
        for index, (label, one) in enumerate(trajectories.items())
        if one.sizes["belief"] == 2
    ]
    ticks = {"range": [0, 1], "tickvals": [0, insecure, secure, 1]}
    return {
        "data": [trace for path in traces for trace in path],
        "layout": layout(
            annotations=[style_annotation(style, *corner) for style, corner in STYLE_CORNERS.items()],
            shapes=boundaries,
            showlegend=True,
            xaxis=axis("availability (0–1)", **ticks),
            yaxis=axis("self-worth (0–1)", **ticks),
            margin={"l": 48, "r": 14, "t": 30, "b": 40},
        ),
    }
