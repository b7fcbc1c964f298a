"""Tables and plots in the form in which a page takes them."""

import base64
from typing import Any, NamedTuple

import pandas as pd
from pandas.api.types import is_numeric_dtype

from iwm_bayes.report.formatting import format_cells, with_interval_text
from iwm_bayes.report.labels import legend


class Table(NamedTuple):
    """A table as text, and which of its columns hold numbers."""

    title: str
    about: str  # what it is about, in a sentence or two; may be empty
    legend: str
    columns: list[str]
    numeric: list[bool]
    rows: list[list[str]]


class Plot(NamedTuple):
    """A plot, and the text for readers who cannot see it."""

    caption: str
    alternative: str
    id: str = ""  # of a plot that the page draws
    source: str = ""  # of a static plot, as a data URI


def make_table(frame: pd.DataFrame, title: str, name: str = "", status: str = "converged", about: str = "") -> Table:
    """Make a table with its legend, found by `name`; every line states the status of a fit that has not converged."""
    if status != "converged" and "status" not in frame:
        frame = frame.assign(status=status)
    frame = with_interval_text(frame)
    numeric = [is_numeric_dtype(frame[column]) for column in frame]
    return Table(title, about, legend(name, frame), list(map(str, frame.columns)), numeric, format_cells(frame))


def static_plot(svg: bytes, caption: str, alternative: str) -> Plot:
    """Embed an SVG in the page as an image, so that no script in it can run."""
    return Plot(caption, alternative, source="data:image/svg+xml;base64," + base64.b64encode(svg).decode())


def interactive_plot(caption: str, alternative: str, name: str, spec: dict[str, Any], specs: dict[str, Any]) -> Plot:
    """Make a plot that the page draws from its Plotly specification, which is added to `specs`."""
    specs[name] = spec
    return Plot(caption, alternative, id=name)
