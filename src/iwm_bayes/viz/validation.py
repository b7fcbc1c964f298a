"""Many simulated studies: calibration, recovery of parameters, recovery of theories."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLUE, VERMILLION
from iwm_bayes.viz.style import open_sides


def sbc_plot(places: pd.DataFrame, says: pd.Series, band: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Figure:
    """Of every quantity (a column of places, 0..1), how far their distribution is from even, and 95 % of even ones.

    `says` is what was found of each quantity, by name; `band` the shares (place, low, high) of even places.
    """
    grid, low, high = band
    columns = 4
    lines = -(-len(places.columns) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(9, 1.5 * lines + 0.5), sharex=True, sharey=True, layout="constrained", squeeze=False
    )
    for panel, name in zip(axes.flat, places.columns, strict=False):
        share = (places[name].to_numpy()[:, None] <= grid).mean(axis=0)
        panel.fill_between(grid, low - grid, high - grid, color="0.85", linewidth=0)
        panel.plot(grid, share - grid, *(["--"] if says[name] else []), color=VERMILLION if says[name] else BLUE)
        panel.set_title(f"{name}{': ' if says[name] else ''}{says[name]}", fontsize="x-small")
        open_sides(panel)
    for panel in axes.flat[len(places.columns) :]:
        panel.set_visible(False)
    figure.supxlabel("place of the truth among its draws", fontsize="small")
    figure.supylabel("share at or below,\nless what is even", fontsize="small")
    return figure


def recovery_plot(table: pd.DataFrame) -> Figure:
    """Correlation of true and found values by sessions, one panel per parameter and one line per number of people."""
    parameters = list(dict.fromkeys(table["parameter"]))
    figure, axes = plt.subplots(
        1, len(parameters), figsize=(2.0 * len(parameters), 2.6), sharey=True, layout="constrained", squeeze=False
    )
    for panel, parameter in zip(axes.flat, parameters, strict=True):
        own = table[table["parameter"] == parameter]
        for marker, (people, line) in zip("os^Dvx*P", own.groupby("people"), strict=False):
            panel.plot(line["sessions"], line["r"], color=BLUE, marker=marker, label=f"{people} people")
        panel.set_title(parameter, fontsize="x-small")
        panel.set(xlabel="sessions", ylim=(0, 1))
        open_sides(panel)
    axes.flat[0].set_ylabel("r of truth and estimate")
    axes.flat[-1].legend(frameon=False, fontsize="x-small")
    return figure


def confusion_plot(confused: pd.DataFrame) -> Figure:
    """Which theory (column) wins the studies that each made (line), as shares."""
    size = 1.6 + 0.6 * len(confused.columns)
    figure, axes = plt.subplots(figsize=(size, size), layout="constrained")
    shares = confused.to_numpy(dtype=float)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for (line, column), share in np.ndenumerate(shares):
        axes.text(column, line, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.5 else "black")
    axes.set_xticks(range(len(confused.columns)), list(confused.columns), rotation=45, ha="right")
    axes.set_yticks(range(len(confused)), list(confused.index))
    axes.set(xlabel="won by", ylabel="made by")
    return figure
