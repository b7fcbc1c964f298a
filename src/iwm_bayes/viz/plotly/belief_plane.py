"""The belief plane, as a figure that can be asked."""

from collections.abc import Mapping

import xarray as xr

from iwm_bayes.viz.palette import LINES, STYLE_CORNERS
from iwm_bayes.viz.plotly.base import GREY, MARKERS, Figure, axis, json_numbers, layout, line_trace
from iwm_bayes.viz.trajectories import ellipse_outline


def attachment_space_figure(paths: Mapping[str, xr.Dataset], mark: str) -> Figure:
    """The way of the group or of a person through the belief plane, with 90 % ellipses at start, middle and end."""
    traces: list[Figure] = []
    for place, (name, path) in enumerate(list(paths.items())[: len(LINES)]):
        way = path[["mean", "covariance"]].dropna("session")
        across, up = way["mean"].transpose("belief", "session").values
        for at in sorted({0, len(across) // 2, len(across) - 1}):
            around = ellipse_outline(way["mean"].values[at], way["covariance"].values[at])
            traces.append({"type": "scatter", "mode": "lines", "x": json_numbers(around[0]), "y": json_numbers(around[1]),
                           "fill": "toself", "fillcolor": LINES[place].color + "22", "hoverinfo": "skip",
                           "showlegend": False, "line": {"width": 1, "color": LINES[place].color}})  # fmt: skip
        symbols = [f"{MARKERS[place]}-open", *[MARKERS[place]] * (len(across) - 1)]
        sizes = [12, *[4] * (len(across) - 2), 12][: len(across)]
        traces.append(line_trace(across, up, name, place, mode="lines+markers") | {
            "text": [f"session {int(at)}" for at in way["session"].values],
            "hovertemplate": "%{text}<br>availability %{x:.2f}<br>worth %{y:.2f}<extra></extra>",
            "marker": {"symbol": symbols, "size": sizes, "color": LINES[place].color}})  # fmt: skip
    styles = [
        {"text": f"<i>{style}</i>", "x": x, "y": y, "showarrow": False, "font": {"color": GREY},
         "xanchor": "left" if x < 0.5 else "right", "yanchor": "bottom" if y < 0.5 else "top"}
        for style, (x, y) in STYLE_CORNERS.items()
    ]  # fmt: skip
    halves = [
        {"type": "line", "x0": 0.5, "x1": 0.5, "y0": 0, "y1": 1, "line": {"color": "#bbbbbb", "width": 1}},
        {"type": "line", "x0": 0, "x1": 1, "y0": 0.5, "y1": 0.5, "line": {"color": "#bbbbbb", "width": 1}},
    ]
    return {
        "data": traces,
        "layout": layout(
            mark,
            annotations=styles,
            shapes=halves,
            showlegend=len(paths) > 1,
            xaxis=axis("availability (0..1)", range=[0, 1], dtick=0.25),
            yaxis=axis("worth (0..1)", range=[0, 1], dtick=0.25, scaleanchor="x", constrain="domain"),
            height=460,
        ),
    }
