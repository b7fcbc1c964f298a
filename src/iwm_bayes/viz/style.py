"""The style of all Matplotlib plots, and how plots are laid out and saved.

A plot of one panel is 4.6 inches wide: two stand side by side on a page, and one fills a phone. Plots of several panels
have `columns` of them, and are as wide as a page unless there is one column. Every plot function is `in_house_style`:
its figure does not depend on the settings of the reader, and its layout is computed once.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PANEL_WIDTH, PAGE_WIDTH = 4.6, 9.4  # inches
SMALL = 7.5  # points: labels within a plot
MARK = "#A83C00"  # colour of the status of a fit
HOUSE_STYLE: Any = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.07,
    "text.hinting": "no_hinting",  # words are as wide on a screen as on paper
    "image.cmap": "Blues",
}
SAVED: Any = {"text.hinting": "no_hinting", "svg.hashsalt": "iwm_bayes", "svg.fonttype": "path", "pdf.fonttype": 3}
UNDATED: Mapping[str, Mapping[str, None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def in_house_style[**P](plot: Callable[P, Figure]) -> Callable[P, Figure]:
    """Return a function that draws a plot in the house style, and computes its layout once, whatever it is saved as."""

    @wraps(plot)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with plt.style.context(["default", HOUSE_STYLE]):
            fig = plot(*args, **kwargs)
            if (engine := fig.get_layout_engine()) is not None:
                engine.execute(fig)
                fig.set_layout_engine("none")
        return fig

    return styled


def figure_width(columns: int) -> float:
    """Return the width of a plot with so many columns of panels, in inches."""
    return PANEL_WIDTH if columns == 1 else PAGE_WIDTH


def panel_grid(
    count: int, columns: int, height: float, width: float | None = None, **more: Any
) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure with `count` panels in rows of `columns`; each row has a height in inches.

    `width` is that of the figure, by default `figure_width`. Other arguments are those of `plt.subplots`. The last row
    may have fewer panels.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    size = (width or figure_width(columns), height * rows + 0.3)
    fig, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, **more)
    for panel in axes.flat[count:]:
        panel.set_axis_off()
    return fig, axes.flat[:count]


def parameter_panels(
    table: pd.DataFrame, columns: int, height: float, draw: Callable[[Axes, pd.DataFrame], None]
) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure with one panel per `parameter` of a table, in which `draw` has drawn its lines.

    Other arguments are those of `panel_grid`.
    """
    by_parameter = list(table.groupby("parameter", sort=False))
    fig, panels = panel_grid(len(by_parameter), columns, height)
    for panel, (_, own) in zip(panels, by_parameter, strict=True):
        draw(panel, own)
    return fig, panels


def outer_labels(panels: Sequence[Axes], columns: int) -> None:
    """Keep tick labels at the left and at the bottom of a grid only; panels above a gap are at the bottom."""
    for index, panel in enumerate(panels):
        panel.tick_params(labelleft=index % columns == 0, labelbottom=index + columns >= len(panels))


def escape_dollar(name: object) -> str:
    """Escape a name from a table, so that a dollar sign in it does not begin a formula."""
    return str(name).replace("$", r"\$")


def words(name: object) -> str:
    """Return the name of a response or parameter in words: "worth_rating" is "Self-worth rating"."""
    base, bracket, figure = str(name).partition("[")
    spaced = base.replace("_", " ")
    if spaced.split(" ")[0] == "worth":
        spaced = f"self-{spaced}"
    return escape_dollar(spaced[:1].upper() + spaced[1:] + (f", {figure[:-1]}" if bracket else ""))


def session_label(figure: object) -> str:
    """Return the label of an axis of sessions with a figure."""
    return f"Session ({escape_dollar(figure)})"


def spread_apart(positions: Sequence[float], least: float, lowest: float, highest: float) -> np.ndarray:
    """Return positions of labels that keep a least distance, near those that are wanted, within limits."""
    wanted = np.asarray(positions, dtype=float)
    order = np.argsort(wanted, kind="stable")
    placed = wanted[order].copy()
    for _ in range(200):  # neighbours that are too near push each other away
        gaps = np.diff(placed)
        near = np.where(gaps < least, (least - gaps) / 2.0, 0.0)
        if not near.any():
            break
        placed[:-1] -= near
        placed[1:] += near
        placed = np.clip(placed, lowest, highest)
    found = np.empty_like(placed)
    found[order] = placed
    return found


def free_place(taken: Sequence[tuple[float, float]], height: float, lowest: float = 0.0, highest: float = 1.0) -> float:
    """Return where the middle of a text of some height is farthest from what is `taken`, (low, high) each."""
    places = np.linspace(lowest + height / 2, highest - height / 2, 101)
    low, high = np.array([(lowest, lowest), (highest, highest), *taken]).T
    above, below = low - (places[:, None] + height / 2), (places[:, None] - height / 2) - high
    return float(places[np.maximum(above, below).min(axis=1).argmax()])


@in_house_style
def message_plot(text: str) -> Figure:
    """Draw a text that states why there is nothing to plot."""
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, 1.2))
    axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True)
    axes.set_axis_off()
    return fig


def marked(fig: Figure, mark: str) -> Figure:
    """Write the status of a fit into a plot, so that it stays with a picture that is copied, and return the plot.

    Without a mark, as for a fit that has converged, nothing is written.
    """
    if mark:
        style: dict[str, Any] = {"ha": "right", "va": "center", "rotation": 90, "fontsize": 7, "color": MARK}
        fig.text(0.998, 0.5, escape_dollar(mark), **style)
    return fig


def as_bytes(fig: Figure, ending: str) -> bytes:
    """Return a plot as SVG, PDF or PNG; the same plot gives the same bytes."""
    buffer = BytesIO()
    with plt.rc_context(SAVED):
        fig.savefig(buffer, format=ending, metadata=UNDATED.get(ending))
    return buffer.getvalue()


def as_svg(fig: Figure) -> bytes:
    """Return a plot as SVG, and close it; it can still be saved."""
    plt.close(fig)
    return as_bytes(fig, "svg")


def save_plot(fig: Figure, *paths: Path) -> None:
    """Write a plot to every path, by the ending of its name, and close it."""
    for path in paths:
        path.write_bytes(as_bytes(fig, path.suffix[1:]))
    plt.close(fig)
