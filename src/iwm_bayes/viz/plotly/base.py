"""Of what a report's figures are made: Plotly's specifications as plain dicts, whose text is all escaped.

Plotly reads tags in its text, so that a name from a table must come as entities: `escape_text`.
"""

import html
from typing import Any

import numpy as np
from plotly.offline import get_plotlyjs

from iwm_bayes.viz.palette import LINES, VERMILLION

type Figure = dict[str, Any]

DASHES = ("solid", "dash", "dashdot", "dot", "longdash")
MARKERS = ("circle", "square", "triangle-up", "diamond", "triangle-down")
GREY = "#555555"


def plotly_script() -> str:
    """Plotly's own script, which a page holds once."""
    return get_plotlyjs()


def escape_text(name: object) -> str:
    """A name as text, whatever stands in it."""
    return html.escape(str(name))


def json_numbers(values: Any) -> list[float | None]:
    """Three decimals are enough for the eye; nothing where there is nothing."""
    return [None if not np.isfinite(value) else round(float(value), 3) for value in np.asarray(values, dtype=float)]


def layout(mark: str, **more: Any) -> Figure:
    """What all figures share; `mark` stands in the figure where its numbers must not be used as they are."""
    marks = [
        {"text": escape_text(mark), "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "showarrow": False, "opacity": 0.25,
         "font": {"size": 30, "color": VERMILLION}, "textangle": -20}
    ]  # fmt: skip
    shared = {
        "margin": {"l": 55, "r": 12, "t": 12, "b": 50},
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#222222"},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "font": {"size": 11}},
        "dragmode": False,
        "hovermode": "closest",
    }
    notes = [*more.pop("annotations", []), *(marks if mark else [])]
    return shared | {"annotations": notes} | more


def axis(title: str, **more: Any) -> Figure:
    return {"title": {"text": title, "standoff": 6}, "zeroline": False, "linecolor": "#999999", "gridcolor": "#eeeeee",
            "fixedrange": True} | more  # fmt: skip


def band_traces(x: Any, low: Any, high: Any, colour: str, **more: Any) -> list[Figure]:
    """The area between two lines."""
    there = np.isfinite(np.asarray(low, dtype=float))
    x, low, high = (np.asarray(values, dtype=float)[there] for values in (x, low, high))
    around = {"x": json_numbers([*x, *x[::-1]]), "y": json_numbers([*low, *high[::-1]])}
    look = {"type": "scatter", "mode": "lines", "fill": "toself", "line": {"width": 0}, "fillcolor": f"{colour}33"}
    return [around | look | {"hoverinfo": "skip", "showlegend": False} | more]


def line_trace(x: Any, y: Any, name: str, place: int, **more: Any) -> Figure:
    """A line whose colour and dash both say which it is."""
    drawn = {"color": LINES[place].color, "dash": DASHES[place], "width": 2}
    return {
        "type": "scatter",
        "mode": "lines",
        "x": json_numbers(x),
        "y": json_numbers(y),
        "name": escape_text(name),
        "line": drawn,
    } | more
