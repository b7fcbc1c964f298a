"""What all figures share: plain names, open sides, and how they are written."""

from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def escape_dollar(name: object) -> str:
    """A name from a table as it stands: a dollar sign in it begins no formula."""
    return str(name).replace("$", r"\$")


def open_sides(*panels: Axes) -> None:
    """No frame above and to the right."""
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)


def message_plot(text: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    figure, axes = plt.subplots(figsize=(5, 1.2), layout="constrained")
    axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True)
    axes.set_axis_off()
    return figure


def save_plot(figure: Figure, *paths: Path) -> None:
    """Write a figure to every path and let it go."""
    for path in paths:
        figure.savefig(path)
    plt.close(figure)


def number_at_risk_panel(panel: Axes, sessions: Iterable[float], counts: Mapping[str, Any], title: str) -> None:
    """How many people there are at some of the sessions, one line per group, in a panel below the curve's."""
    places = list(sessions)
    for line, numbers in enumerate(counts.values()):
        for session, number in zip(places, numbers, strict=True):
            panel.text(session, line, f"{number:.0f}", ha="center", va="center", fontsize="small")
    panel.set_yticks(range(len(counts)), [escape_dollar(name) for name in counts], fontsize="small")
    panel.set(ylim=(len(counts) - 0.5, -0.5))
    panel.set_title(title, fontsize="small", style="italic", loc="left")
    panel.tick_params(length=0, labelbottom=False, pad=16)
    panel.spines[:].set_visible(False)


def as_svg(figure: Figure) -> bytes:
    """A figure as SVG, the same bytes for the same figure, and let it go."""
    written = BytesIO()
    with plt.rc_context({"svg.hashsalt": "iwm_bayes"}):
        figure.savefig(written, format="svg", metadata={"Date": None})
    plt.close(figure)
    return written.getvalue()
