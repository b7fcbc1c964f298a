"""Interactive plot of the attachment space: paths of one or two models, with the region that counts as secure."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.criterion import Criterion
from iwm_bayes.estimands.trajectories import ellipse_outline
from iwm_bayes.viz.palette import STYLE_CORNERS
from iwm_bayes.viz.plotly.base import GREY, LEGEND, MARKERS, Figure, axis, escape_text, json_numbers, layout, line_style

ELLIPSE_POINTS = 25
SECURE_REGION = {"type": "rect", "fillcolor": "#0000000d", "line": {"width": 0}, "layer": "below"}
BOUNDARY = {"type": "line", "line": {"color": "#777777", "width": 1, "dash": "dot"}, "layer": "below"}


def path_traces(label: str, trajectory: xr.Dataset, index: int) -> list[Figure]:
    """Return the path of the two beliefs: childhood thin, therapy bold, and the person's place with its 90% ellipse.

    Place and ellipse have one frame per position, of which a page shows the current one.
    """
    path = trajectory[["mean", "covariance"]].dropna("position")
    position, mean, covariance = path["position"].values, path["mean"].values, path["covariance"].values
    style, name = line_style(index), escape_text(label)
    shared = {"type": "scatter", "legendgroup": name, "line": style}
    hover = {"hovertemplate": f"{name}<br>availability %{{x:.2f}}<br>self-worth %{{y:.2f}}<extra></extra>"}
    traces = []
    for phase, width, size, shown in ((position < 0, 1, 0, False), (position >= 0, 2, 0, True)):
        symbols = [MARKERS[index]] * int(phase.sum())
        sizes = [size] * len(symbols)
        if shown:
            symbols[0], sizes[0] = f"{MARKERS[index]}-open", 12
        traces.append(
            shared
            | hover
            | {
                "mode": "lines+markers",
                "x": json_numbers(mean[phase, 0]),
                "y": json_numbers(mean[phase, 1]),
                "customdata": [int(at) for at in position[phase]],
                "line": style | {"width": width},
                "marker": {"symbol": symbols, "size": sizes, "color": style["color"]},
                "name": name,
                "showlegend": shown,
            }
        )
    outlines = {
        str(at): [json_numbers(side) for side in ellipse_outline(one, spread, ELLIPSE_POINTS)]
        for at, one, spread in zip(position, mean, covariance, strict=True)
    }
    places = {str(at): [[float(x)], [float(y)]] for at, (x, y) in zip(position, np.round(mean, 3), strict=True)}
    ellipse = {"mode": "lines", "fill": "toself", "fillcolor": f"{style['color']}22", "line": style | {"width": 1}}
    place = {"mode": "markers", "marker": {"symbol": MARKERS[index], "size": 13, "color": style["color"]}}
    quiet = {"showlegend": False, "hoverinfo": "skip"}
    return [shared | ellipse | quiet | {"frames": outlines}, *traces, shared | place | quiet | {"frames": places}]


def style_annotation(style: str, x: float, y: float) -> Figure:
    """Return the name of an attachment style at its corner."""
    anchors = {"xanchor": "left" if x < 0.5 else "right", "yanchor": "bottom" if y < 0.5 else "top"}
    return {"text": f"<i>{style}</i>", "x": x, "y": y, "showarrow": False, "font": {"color": GREY}} | anchors


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
            "",
            annotations=[style_annotation(style, *corner) for style, corner in STYLE_CORNERS.items()],
            shapes=boundaries,
            showlegend=True,
            legend={**LEGEND, "itemsizing": "constant"},
            xaxis=axis("availability (0–1)", **ticks),
            yaxis=axis("self-worth (0–1)", **ticks),
            margin={"l": 48, "r": 14, "t": 30, "b": 40},
        ),
    }
