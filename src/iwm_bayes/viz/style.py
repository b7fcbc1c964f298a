"""What all Matplotlib plots share: escaped names, open spines, number-at-risk panels, and how plots are saved."""

from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def escape_dollar(name: object) -> str:
    """Escape a name from a table, so that a dollar sign in it does not begin a formula."""
    return str(name).replace("$", r"\$")


def open_sides(*panels: Axes) -> None:
    """Remove the spines at the top and at the right."""
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)


def message_plot(text: str) -> Figure:
    """Draw a text that states why there is nothing to plot."""
    fig, axes = plt.subplots(figsize=(5, 1.2), layout="constrained")
    axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True)
    axes.set_axis_off()
    return fig


def save_plot(fig: Figure, *paths: Path) -> None:
    """Write a plot to every path, and close it."""
    for path in paths:
        fig.savefig(path)
    plt.close(fig)


def number_at_risk_panel(panel: Axes, sessions: Iterable[float], counts: Mapping[str, Any], title: str) -> None:
    """Draw a table of numbers at risk below a curve.

    Parameters
    ----------
    sessions
        Sessions at which people are counted, (tick,).
    counts
        Numbers at risk by arm, (tick,) each; one line per arm.
    """
    ticks = list(sessions)
    for line, numbers in enumerate(counts.values()):
        for session, number in zip(ticks, numbers, strict=True):
            panel.text(session, line, f"{number:.0f}", ha="center", va="center", fontsize="small")
    panel.set_yticks(range(len(counts)), [escape_dollar(name) for name in counts], fontsize="small")
    panel.set(ylim=(len(counts) - 0.5, -0.5))
    panel.set_title(title, fontsize="small", style="italic", loc="left")
    panel.tick_params(length=0, labelbottom=False, pad=16)
    panel.spines[:].set_visible(False)


def as_svg(fig: Figure) -> bytes:
    """Return a plot as SVG, and close it; the same plot gives the same bytes."""
    buffer = BytesIO()
    with plt.rc_context({"svg.hashsalt": "iwm_bayes"}):
        fig.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(fig)
    return buffer.getvalue()
