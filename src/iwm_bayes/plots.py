"""Figures for paper: one function from a Dataset to a figure, no statistics beyond means and intervals."""

from pathlib import Path

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure

BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe & Ito: told apart by every kind of colour vision, and in grey


def earned_curve(security: xr.Dataset) -> Figure:
    """Share of people who are earned secure by each session, with its 90 % interval and the chance level."""
    probability, session = security["probability"], security["session"]
    low, middle, high = probability.quantile([0.05, 0.5, 0.95], ("chain", "draw")).values
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    axes.fill_between(session, low, high, step="post", color=BLUE, alpha=0.25, linewidth=0, label="90 % interval")
    axes.step(session, middle, where="post", color=BLUE, label="earned secure")
    chance = float(security["chance"].mean())
    axes.axhline(chance, color=ORANGE, linestyle="--", label="by chance, at the last session")
    axes.set(
        xlabel=f"session ({security.attrs['figure']})",
        ylabel="share of those who start insecure",
        ylim=(0, 1),
        xlim=(1, security.sizes["session"]),
    )
    axes.legend(frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def save(figure: Figure, *paths: Path) -> None:
    """Write a figure to every path and let it go."""
    for path in paths:
        figure.savefig(path)
    plt.close(figure)
