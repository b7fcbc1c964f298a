"""Figures for paper: one function from a Dataset to a figure, no statistics beyond means and intervals."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.predict import CLAIMED, DENIED

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


def checks_figure(checks: Mapping[str, pd.DataFrame]) -> Figure:
    """Predictive checks by theory: what was seen (line) against 95 % of what a theory's people do (bars).

    Each effect on a scale of its own: from the least to the most that anything says of it.
    """
    first = next(iter(checks.values()))
    figure, axes = plt.subplots(
        1, len(checks), figsize=(2.2 + 2.2 * len(checks), 0.24 * len(first) + 1.2), sharey=True, layout="constrained"
    )
    ends = pd.concat([table[["low", "high", "data"]].reset_index(drop=True) for table in checks.values()], axis=1)
    least, most = ends.min(axis=1), ends.max(axis=1)
    width = (most - least).where(most > least, 1.0)
    places = range(len(first))
    for panel, (name, table) in zip(np.atleast_1d(axes), checks.items(), strict=True):
        low, high, data = (((table[column] - least) / width).to_numpy() for column in ("low", "high", "data"))
        missed = (table["note"] != "").to_numpy()
        for colour, which, label in ((BLUE, ~missed, "95 %, holds"), (ORANGE, missed, "95 %, missed")):
            where = np.flatnonzero(which)
            panel.hlines(where, low[where], high[where], color=colour, linewidth=4, label=label, linestyles="-")
        panel.plot(data, places, "|", color="black", markersize=9, label="seen")
        panel.set(title=name, xticks=[], xlabel="least to most")
        panel.spines[["top", "right", "left"]].set_visible(False)
    np.atleast_1d(axes)[0].set_yticks(places, first["response"] + ": " + first["effect"], fontsize="x-small")
    np.atleast_1d(axes)[0].invert_yaxis()
    np.atleast_1d(axes)[-1].legend(frameon=False, fontsize="x-small", loc="lower right")
    return figure


def shares_figure(table: pd.DataFrame, question: str) -> Figure:
    """The share of each theory's prior that shows an effect, with two standard errors, and where it must lie."""
    figure, axes = plt.subplots(figsize=(6, 1.2 + 0.35 * len(table)), layout="constrained")
    for claim, colour, marker, low, high in (
        ("shows", BLUE, "o", CLAIMED, 1.0),
        ("does not", ORANGE, "s", 0.0, DENIED),
    ):
        [places] = np.nonzero(table["claim"] == claim)
        share, error = table["share"].to_numpy()[places], 2.0 * table["se"].to_numpy()[places]
        axes.hlines(places, low, high, color=colour, alpha=0.25, linewidth=8)
        axes.errorbar(share, places, xerr=error, color=colour, marker=marker, linestyle="", capsize=3)
    labels = table["theory"] + table["claim"].map({"shows": " must", "does not": " must not"})
    axes.set_yticks(range(len(table)), labels)
    axes.invert_yaxis()
    axes.set(xlim=(-0.03, 1.03), xlabel="share of prior draws that show the effect", title=question)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def save(figure: Figure, *paths: Path) -> None:
    """Write a figure to every path and let it go."""
    for path in paths:
        figure.savefig(path)
    plt.close(figure)
