"""Plots of parameters: prior and posterior of group medians, and the shrinkage of people towards the group."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLUE, VERMILLION
from iwm_bayes.viz.style import escape_dollar, open_sides


def prior_posterior_plot(table: pd.DataFrame) -> Figure:
    """Draw the prior and the posterior 90% intervals of group medians.

    Each parameter has its own scale, from the lowest to the highest of its four ends, which are written next to it.

    Parameters
    ----------
    table
        What `group_summary.with_prior_intervals` returns: `parameter, median, ci90_low, ci90_high, prior_ci90_low,
        prior_ci90_high`.
    """
    ends = table[["prior_ci90_low", "prior_ci90_high", "ci90_low", "ci90_high"]].to_numpy(float)
    lowest, highest = ends.min(axis=1), ends.max(axis=1)
    width = np.where(highest > lowest, highest - lowest, 1.0)
    prior_low, prior_high, low, high = ((ends - lowest[:, None]) / width[:, None]).T
    positions = range(len(table))
    fig, axes = plt.subplots(figsize=(6.2, 0.42 * len(table) + 1.0), layout="constrained")
    axes.hlines(positions, prior_low, prior_high, color="0.75", linewidth=7, label="prior 90% interval")
    axes.hlines(positions, low, high, color=BLUE, linewidth=2.5, label="posterior 90% CrI")
    median = (table["median"].to_numpy(float) - lowest) / width
    axes.plot(median, positions, "o", color=BLUE, markersize=6, label="posterior median")
    for position, least, most in zip(positions, lowest, highest, strict=True):
        axes.text(-0.02, position, f"{least:.2g}", ha="right", va="center", fontsize="x-small", color="0.3")
        axes.text(1.02, position, f"{most:.2g}", ha="left", va="center", fontsize="x-small", color="0.3")
    axes.set_yticks(positions, [escape_dollar(name) for name in table["parameter"]], fontsize="small")
    xlabel = "group median (natural scale), from lowest to highest end"
    axes.set(xlim=(-0.14, 1.14), xticks=[], xlabel=xlabel, ylim=(len(table) - 0.4, -0.6))
    axes.legend(frameon=False, fontsize="x-small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    open_sides(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
    return fig


def draw_shrinkage(panel: Axes, people: pd.DataFrame) -> None:
    """Draw the median and the 90% CrI of every person over their shrinkage, and the group median."""
    panel.vlines(people["shrinkage"], people["ci90_low"], people["ci90_high"], color="0.8", linewidth=0.8)
    panel.plot(people["shrinkage"], people["median"], "o", color=BLUE, markersize=3)
    panel.axhline(people["group_median"].median(), color=VERMILLION, linestyle="--", linewidth=1.2)
    panel.set(xlim=(-0.03, 1.03))
    panel.tick_params(labelsize="x-small", labelbottom=True)


def shrinkage_plot(table: pd.DataFrame) -> Figure:
    """Draw person-level parameters over their shrinkage, one panel per parameter; nobody is named.

    Parameters
    ----------
    table
        What `person_summary.person_summary` returns. Parameters without shrinkage (not pooled) are left out.
    """
    shrunk = table[table["shrinkage"].notna()]
    parameters = list(dict.fromkeys(shrunk["parameter"]))
    n_columns = min(4, len(parameters))
    n_rows = -(-len(parameters) // n_columns)
    fig, panels = plt.subplots(
        n_rows,
        n_columns,
        figsize=(2.3 * n_columns + 0.4, 2.2 * n_rows + 0.4),
        sharex=True,
        layout="constrained",
        squeeze=False,
    )
    for panel, parameter in zip(panels.flat, parameters, strict=False):
        draw_shrinkage(panel, shrunk[shrunk["parameter"] == parameter])
        panel.set_title(escape_dollar(parameter), fontsize="small")
    for panel in panels.flat[len(parameters) :]:
        panel.set_visible(False)
    fig.supxlabel("shrinkage towards the group median (0–1)", fontsize="small")
    fig.supylabel("median, 90% CrI (dashed: group)", fontsize="small")
    open_sides(*panels.flat)
    return fig
