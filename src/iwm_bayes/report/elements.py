"""Tables, pictures and exhibits in the form in which a page takes them."""

import base64
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pandas as pd
import xarray as xr
from pandas.api.types import is_numeric_dtype

from iwm_bayes.report.formatting import MINUS, format_cells, interval_text, with_interval_text
from iwm_bayes.report.labels import column_words, legend
from iwm_bayes.viz.style import as_bytes, as_svg, marked

INTERVALS = ("ci90", "pi95", "pi99")  # whose ends have columns of their own
IN_POINTS = ("risk_difference",)  # differences of shares: in percentage points
PATH, LONG_NUMBER = re.compile(rb' d="[^"]*"'), re.compile(rb"(\d+\.\d)\d+")
MIME = {"svg": "image/svg+xml", "pdf": "application/pdf", "csv": "text/csv"}


class Table(NamedTuple):
    """A table as text, and which of its columns hold numbers."""

    title: str
    about: str  # what it is about, in a sentence or two; may be empty
    legend: str
    columns: list[str]
    numeric: list[bool]
    rows: list[list[str]]


class Picture(NamedTuple):
    """A plot with everything that a page and a run folder keep of it."""

    name: str  # of its files
    alternative: str  # for readers who cannot see it
    files: dict[str, bytes]  # by ending: svg, pdf and png
    narrow: bytes  # SVG for a phone; empty where the other fits
    csv: bytes  # what it shows

    @property
    def svg_source(self) -> str:
        """Return the SVG as a data URI: as an image no script in it can run."""
        return data_uri(self.files["svg"], "svg")

    @property
    def narrow_source(self) -> str:
        """Return the SVG for a phone as a data URI; empty where there is none."""
        return data_uri(self.narrow, "svg") if self.narrow else ""

    @property
    def pdf_source(self) -> str:
        """Return the PDF as a data URI."""
        return data_uri(self.files["pdf"], "pdf")

    @property
    def csv_source(self) -> str:
        """Return the numbers as a data URI."""
        return data_uri(self.csv, "csv")


class Exhibit(NamedTuple):
    """One or more pictures under a finding, with their number and caption."""

    finding: str  # what they show, in a sentence
    caption: str
    pictures: tuple[Picture, ...]
    number: int = 0  # of the figure in the page; 0 in folded parts


def data_uri(content: bytes, ending: str) -> str:
    """Return a file as a data URI."""
    return f"data:{MIME[ending]};base64,{base64.b64encode(content).decode()}"


def make_table(frame: pd.DataFrame, title: str, name: str = "", status: str = "converged", about: str = "") -> Table:
    """Make a table with its legend, found by `name`; every line states the status of a fit that has not converged."""
    if status != "converged" and "status" not in frame:
        frame = frame.assign(status=status)
    frame = with_interval_columns(with_interval_text(frame))
    numeric = [is_numeric_dtype(frame[column]) for column in frame]
    words = [column_words(str(column)) for column in frame.columns]
    is_points = [str(column) in IN_POINTS for column in frame.columns]
    rows = [
        [
            cell.replace("%", "").replace("-", MINUS) if points else cell
            for cell, points in zip(row, is_points, strict=True)
        ]
        for row in format_cells(frame)
    ]
    return Table(title, about, legend(name, frame), words, numeric, rows)


def with_interval_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Replace the columns NAME_low and NAME_high of each interval of INTERVALS by one column of text, NAME."""
    for name in INTERVALS:
        low, high = f"{name}_low", f"{name}_high"
        if low in frame and high in frame:
            texts = [interval_text(name, None, *ends, False) for ends in zip(frame[low], frame[high], strict=True)]
            frame = frame.assign(**{low: texts}).rename(columns={low: name}).drop(columns=high)
    return frame


def long_table(data: xr.Dataset) -> pd.DataFrame:
    """Return a Dataset as a long table: a line for each number, with its quantity and coordinates."""
    parts = []
    for name, values in data.data_vars.items():
        if not values.dims:
            parts.append(pd.DataFrame({"quantity": [str(name)], "value": [values.item()]}))
            continue
        part = values.to_series().rename("value").reset_index()
        parts.append(part.assign(quantity=str(name)).dropna(subset="value"))
    joined = pd.concat(parts, ignore_index=True)
    return joined[["quantity", *(name for name in joined if name not in ("quantity", "value")), "value"]]


def csv_bytes(data: pd.DataFrame | xr.Dataset) -> bytes:
    """Return the numbers of a plot as CSV."""
    table = long_table(data) if isinstance(data, xr.Dataset) else data
    return table.to_csv(index=False, float_format="%.4g").encode()


def slim_svg(svg: bytes) -> bytes:
    """Return an SVG whose paths have one decimal: a tenth of a point is not seen, and a page has many of them."""
    return PATH.sub(lambda path: LONG_NUMBER.sub(rb"\1", path.group()), svg)


def draw_picture[Data: pd.DataFrame | xr.Dataset](
    name: str,
    data: Data,
    alternative: str,
    draw: Callable[..., Any],
    columns: Sequence[int] = (),
    mark: str = "",
    numbers: pd.DataFrame | xr.Dataset | None = None,
    **arguments: Any,
) -> Picture:
    """Draw a plot for the page and for the run folder.

    Parameters
    ----------
    name
        Name of its files, without an ending.
    data
        What it shows.
    alternative
        What it shows in words.
    draw
        A function of `viz`, from the data to a figure.
    columns
        Number of panels side by side on a page and on a phone, where the function takes it.
    mark
        The status of a fit that has not converged, which is written into the plot.
    numbers
        What the page offers as its numbers, where that is not all of `data`.
    """
    wide, *narrow = [{"columns": number} for number in columns] or [{}]
    figure = marked(draw(data, **wide, **arguments), mark)
    files = {"svg": slim_svg(as_svg(figure))} | {ending: as_bytes(figure, ending) for ending in ("pdf", "png")}
    phone = slim_svg(as_svg(marked(draw(data, **narrow[0], **arguments), mark))) if narrow else b""
    return Picture(name, alternative, files, phone, csv_bytes(data if numbers is None else numbers))
