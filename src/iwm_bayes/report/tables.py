"""Tables and pictures as a page takes them."""

import base64
from typing import Any, NamedTuple

import pandas as pd
from pandas.api.types import is_numeric_dtype

from iwm_bayes.report.formatting import format_cells
from iwm_bayes.report.labels import legend


class Table(NamedTuple):
    """Cells as text, and which columns hold numbers."""

    title: str
    legend: str
    columns: list[str]
    numeric: list[bool]
    rows: list[list[str]]


class Plot(NamedTuple):
    """A figure with what stands in its place for those who do not see it; `id` of one that is drawn by the page."""

    caption: str
    alternative: str
    id: str = ""
    source: str = ""  # a drawing as data URI


def make_table(frame: pd.DataFrame, title: str, name: str = "", word: str = "passed") -> Table:
    """A table as text, with its legend by `name`; every line says so where the fit is not to be used as it is."""
    if word != "passed" and "gate" not in frame:
        frame = frame.assign(gate=word)
    numeric = [is_numeric_dtype(frame[column]) for column in frame]
    return Table(title, legend(name, frame), list(map(str, frame.columns)), numeric, format_cells(frame))


def static_plot(svg: bytes, caption: str, alternative: str) -> Plot:
    """A drawing that stands in the page itself, as an image, in which nothing can run."""
    return Plot(caption, alternative, source="data:image/svg+xml;base64," + base64.b64encode(svg).decode())


def interactive_plot(caption: str, alternative: str, name: str, spec: dict[str, Any], pictures: dict[str, Any]) -> Plot:
    """A figure that the page draws from its specification, which is kept in `pictures`."""
    pictures[name] = spec
    return Plot(caption, alternative, id=name)
