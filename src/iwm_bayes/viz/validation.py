"""Plots of simulated studies: simulation-based calibration (SBC), parameter recovery and model recovery."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLUE, VERMILLION
from iwm_bayes.viz.style import open_sides

MARKERS = "os^Dvx*P"  # one for each number of people


def sbc_plot(ranks: pd.DataFrame, status: pd.Series, band: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Figure:
    """Draw how far the distribution of ranks is from a uniform distribution, one panel per quantity.

    Parameters
    ----------
    ranks
        Relative ranks of the true values, 0–1: one row per study, one column per quantity.
    status
        By quantity: empty if its ranks are uniform.
    band
        What `uniformity.uniform_band` returns: grid, low and high, of 95% of uniform ranks.
    """
    grid, low, high = band
    n_columns = 4
    n_rows = -(-len(ranks.columns) // n_columns)
    fig, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(9, 1.5 * n_rows + 0.5),
        sharex=True,
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for panel, name in zip(axes.flat, ranks.columns, strict=False):
        share = (ranks[name].to_numpy()[:, None] <= grid).mean(axis=0)
        color, linestyle = (VERMILLION, "--") if status[name] else (BLUE, "-")
        panel.fill_between(grid, low - grid, high - grid, color="0.85", linewidth=0)
        panel.plot(grid, share - grid, color=color, linestyle=linestyle)
        panel.set_title(f"{name}: {status[name]}" if status[name] else name, fontsize="x-small")
        open_sides(panel)
    for panel in axes.flat[len(ranks.columns) :]:
        panel.set_visible(False)
    fig.supxlabel("relative rank of the true value among posterior draws", fontsize="small")
    fig.supylabel("difference from the\nuniform distribution", fontsize="small")
    return fig


def recovery_plot(table: pd.DataFrame) -> Figure:
    """Draw the correlation of true and estimated values by sessions.

    There is one panel per parameter and one line per number of people. `table` is what `recovery.recovery_table`
    returns.
    """
    parameters = list(dict.fromkeys(table["parameter"]))
    fig, axes = plt.subplots(
        1, len(parameters), figsize=(2.0 * len(parameters), 2.6), sharey=True, layout="constrained", squeeze=False
    )
    for panel, parameter in zip(axes.flat, parameters, strict=True):
        groups = table[table["parameter"] == parameter].groupby("n_people")
        for marker, (n_people, line) in zip(MARKERS, groups, strict=False):
            panel.plot(line["sessions"], line["r"], color=BLUE, marker=marker, label=f"{n_people} people")
        panel.set_title(parameter, fontsize="x-small")
        panel.set(xlabel="sessions", ylim=(0, 1))
        open_sides(panel)
    axes.flat[0].set_ylabel("r of true and estimated values")
    axes.flat[-1].legend(frameon=False, fontsize="x-small")
    return fig


def confusion_plot(table: pd.DataFrame) -> Figure:
    """Draw the share of studies of each generating model (rows) for which each model is selected (columns)."""
    size = 1.6 + 0.6 * len(table.columns)
    fig, axes = plt.subplots(figsize=(size, size), layout="constrained")
    shares = table.to_numpy(dtype=float)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for (row, column), share in np.ndenumerate(shares):
        axes.text(column, row, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.5 else "black")
    axes.set_xticks(range(len(table.columns)), list(table.columns), rotation=45, ha="right")
    axes.set_yticks(range(len(table)), list(table.index))
    axes.set(xlabel="selected model", ylabel="generating model")
    return fig
