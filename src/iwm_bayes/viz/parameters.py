"""What was learned of parameters: the average person before and after the data, and how far people are drawn to it."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLUE, VERMILLION
from iwm_bayes.viz.style import escape_dollar, open_sides


def prior_posterior_plot(table: pd.DataFrame) -> Figure:
    """The average person's parameters, 90 % before and after the data; lines as of `summary.beside_priors`.

    Each on a scale of its own, from the lowest to the highest of its ends, which are written beside it.
    """
    ends = table[["prior_low", "prior_high", "low", "high"]].to_numpy(float)
    least, most = ends.min(axis=1), ends.max(axis=1)
    width = np.where(most > least, most - least, 1.0)
    placed = {
        name: (table[name].to_numpy(float) - least) / width
        for name in ("prior_low", "prior_high", "low", "typical", "high")
    }
    places = range(len(table))
    figure, axes = plt.subplots(figsize=(6.2, 0.42 * len(table) + 1.0), layout="constrained")
    axes.hlines(
        places, placed["prior_low"], placed["prior_high"], color="0.75", linewidth=7, label="90 % before any data"
    )
    axes.hlines(places, placed["low"], placed["high"], color=BLUE, linewidth=2.5, label="90 % after the data")
    axes.plot(placed["typical"], places, "o", color=BLUE, markersize=6, label="median after")
    for place, low, high in zip(places, least, most, strict=True):
        axes.text(-0.02, place, f"{low:.2g}", ha="right", va="center", fontsize="x-small", color="0.3")
        axes.text(1.02, place, f"{high:.2g}", ha="left", va="center", fontsize="x-small", color="0.3")
    axes.set_yticks(places, [escape_dollar(name) for name in table["parameter"]], fontsize="small")
    axes.set(xlim=(-0.14, 1.14), xticks=[], xlabel="least to most (natural scale)", ylim=(len(table) - 0.4, -0.6))
    axes.legend(frameon=False, fontsize="x-small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    open_sides(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
    return figure


def shrinkage_plot(people: pd.DataFrame) -> Figure:
    """Per parameter, each person's value over how much of it is borrowed from the group; the group as a line.

    `people` is `individuals.person_table`'s, of which parameters that borrow nothing are left out. Nobody is named.
    """
    kept = people[people["shrinkage"].notna()]
    names = list(dict.fromkeys(kept["parameter"]))
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    figure, panels = plt.subplots(
        lines,
        columns,
        figsize=(2.3 * columns + 0.4, 2.2 * lines + 0.4),
        sharex=True,
        layout="constrained",
        squeeze=False,
    )
    for panel, name in zip(panels.flat, names, strict=False):
        own = kept[kept["parameter"] == name]
        panel.vlines(own["shrinkage"], own["low"], own["high"], color="0.8", linewidth=0.8)
        panel.plot(own["shrinkage"], own["value"], "o", color=BLUE, markersize=3)
        panel.axhline(own["group"].median(), color=VERMILLION, linestyle="--", linewidth=1.2)
        panel.set_title(escape_dollar(name), fontsize="small")
        panel.set(xlim=(-0.03, 1.03))
        panel.tick_params(labelsize="x-small", labelbottom=True)
    for panel in panels.flat[len(names) :]:
        panel.set_visible(False)
    figure.supxlabel("shrinkage: share borrowed from the group (0..1)", fontsize="small")
    figure.supylabel("value, 90 % (dashed: group)", fontsize="small")
    open_sides(*panels.flat)
    return figure
