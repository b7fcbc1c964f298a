"""Building blocks of interactive plots: Plotly specifications as plain dicts.

Plotly interprets tags in its texts. Therefore, every name of a model is escaped with `escape_text`.
"""

import html
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from iwm_bayes.viz.palette import DARK_GREY, LINES

type Figure = dict[str, Any]

DASHES = ("solid", "dash", "dashdot", "dot", "longdash")
MARKERS = ("circle", "square", "triangle-up", "diamond", "triangle-down")
LEGEND = {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "font": {"size": 11}}


def plotly_script() -> str:
    """Return Plotly's JavaScript, which a page loads once; Plotly itself is not imported, which takes longer."""
    package = find_spec("plotly")
    if package is None or package.origin is None:
        raise ImportError("Plotly is not installed")
    return (Path(package.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")


def escape_text(name: object) -> str:
    """Escape a name, so that it contains no tags."""
    return html.escape(str(name))


def json_numbers(values: Any) -> list[float | None]:
    """Round values (n,) to three decimals, and replace those that are not finite by None."""
    return [None if not np.isfinite(value) else round(float(value), 3) for value in np.asarray(values, dtype=float)]


def layout(**more: Any) -> Figure:
    """Return a layout with what all plots share; arguments are further entries of Plotly's layout."""
    shared = {
        "margin": {"l": 55, "r": 12, "t": 12, "b": 50},
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#222222"},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "legend": LEGEND,
        "dragmode": False,
        "hovermode": "closest",
    }
    return shared | more


def axis(title: str, **more: Any) -> Figure:
    """Return an axis with a title; other arguments are entries of Plotly's axis."""
    return {
        "title": {"text": title, "standoff": 6},
        "zeroline": False,
        "linecolor": "#999999",
        "gridcolor": "#eeeeee",
        "fixedrange": True,
    } | more


def line_style(index: int, **more: Any) -> Figure:
    """Return the colour and the dash of the line with an index; both identify it."""
    return {"color": LINES[index].color, "dash": DASHES[index], "width": 2} | more


def line_trace(x: Any, y: Any, name: str, index: int, **more: Any) -> Figure:
    """Return a line through points, (n,) each, in the style of its index."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": json_numbers(x),
        "y": json_numbers(y),
        "name": escape_text(name),
        "line": line_style(index),
    } | more


def threshold_line(at: float, panel: str) -> Figure:
    """Return a thin line across a panel at a threshold of earned security."""
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": panel, "y0": at, "y1": at}
    return across | {"line": {"color": "#777777", "width": 1, "dash": "dot"}, "layer": "below"}


def threshold_labels(thresholds: Sequence[tuple[float, str]], panel: str) -> list[Figure]:
    """Return the names of thresholds at the right end of a panel: the highest above its line, others below."""
    highest = max(at for at, _ in thresholds)
    shared = {"xref": "paper", "x": 1, "xanchor": "right", "yref": panel, "showarrow": False, "bgcolor": "#ffffffb3"}
    return [
        shared
        | {"y": at, "yanchor": "bottom" if at == highest else "top", "font": {"size": 11, "color": DARK_GREY}}
        | {"text": f"{name} {'≥' if at == highest else '≤'} {at:g}"}
        for at, name in thresholds
    ]
