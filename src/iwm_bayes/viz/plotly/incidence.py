"""Interactive plot of the share of people who are earned secure by each session, with the median time."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from iwm_bayes.viz.palette import DARK_GREY
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

LABEL_HEIGHTS = (0.2, 0.06)  # of the medians of two models, which may lie close together
HALF = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0.5, "y1": 0.5}
HALF_LABEL = {"xref": "paper", "x": 0, "xanchor": "left", "y": 0.5, "yanchor": "bottom", "showarrow": False}
UNKNOWN = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "fillcolor": "#e6e6e6", "line": {"width": 0}}


class Incidence(NamedTuple):
    """How many people are earned secure."""

    share: np.ndarray  # (session,) by each session from 1 on; NaN where it cannot be assessed
    median: float  # the session by which half of the people are; infinite if fewer are, NaN if unknown


def incidence_traces(label: str, incidence: Incidence, index: int) -> list[Figure]:
    """Return the share by session, and a line down from the median, labelled with its session."""
    session = np.flatnonzero(np.isfinite(incidence.share)) + 1
    share, name = incidence.share[session - 1], escape_text(label)
    shown = label if len(session) else f"{label} (not assessable)"
    curve = line_trace(session, share, shown, index, line=line_style(index, shape="hv")) | {
        "customdata": [int(at) for at in session],
        "hovertemplate": f"{name}<br>by session %{{x}}: %{{y:.0%}} earned secure<extra></extra>",
    }
    if not np.isfinite(incidence.median):
        return [curve]
    median = int(incidence.median)
    drop = {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": [median] * 3,
        "y": json_numbers([share[median - 1], LABEL_HEIGHTS[index], 0.0]),
        "customdata": [median] * 3,
        "text": ["", f"  median {median}", ""],
        "textposition": "middle right",  # below the curve, where nothing else is drawn
        "textfont": {"color": "#222222", "size": 12},
        "line": line_style(index, width=1),
        "marker": {"symbol": MARKERS[index], "size": [10, 0, 6], "color": line_style(index)["color"]},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return [curve, drop]


def incidence_figure(incidences: Mapping[str, Incidence]) -> Figure:
    """Draw the share earned secure by each session for one or two models, with the medians.

    Sessions after the last one that can be assessed are grey.
    """
    last = max(len(one.share) for one in incidences.values())
    assessed = max(int(np.isfinite(one.share).sum()) for one in incidences.values())
    traces = [trace for at, (label, one) in enumerate(incidences.items()) for trace in incidence_traces(label, one, at)]
    shapes = [HALF | {"line": {"color": "#777777", "width": 1, "dash": "dot"}, "layer": "below"}]
    annotations = [HALF_LABEL | {"text": "half", "font": {"size": 11, "color": DARK_GREY}}]
    if assessed < last:
        shapes.append(UNKNOWN | {"x0": assessed, "x1": last, "layer": "below"})
        middle = {"x": (assessed + last) / 2, "yref": "paper", "y": 0.04, "yanchor": "bottom", "textangle": -90}
        annotations.append(
            middle | {"text": "not assessable", "showarrow": False, "font": {"size": 11, "color": DARK_GREY}}
        )
    return {
        "data": traces,
        "layout": layout(
            xaxis=axis("session with the therapist", range=[1, last]),
            yaxis=axis("earned secure", range=[-0.02, 1.05], tickformat=".0%", tickvals=[0, 0.5, 1]),
            shapes=shapes,
            annotations=annotations,
            showlegend=True,
            margin={"l": 52, "r": 14, "t": 30, "b": 40},
        ),
        "cursor": True,
    }
