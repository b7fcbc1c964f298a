"""Plots of a model comparison: differences in ELPD, and which people are attributed to which model."""

from textwrap import wrap
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.comparison.elpd import BEST, DISTINGUISHABLE, NOT_DISTINGUISHABLE
from iwm_bayes.viz.palette import Line, lines_for
from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, escape_dollar, figure_width, in_house_style

HATCHES = ("", "//", "..", "xx", "\\\\")  # distinguish models in grey, as line styles do


@in_house_style
def comparison_plot(table: pd.DataFrame) -> Figure:
    """Draw the ELPD difference of each model to the best model, with two standard errors of the difference.

    Parameters
    ----------
    table
        What `comparison_data` returns: one line per model, the best first, and in its attribute `predicts` what is
        predicted.
    """
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.32 * len(table) + 1.4))
    for decision, line in zip((BEST, NOT_DISTINGUISHABLE, DISTINGUISHABLE), lines_for(3), strict=True):
        [positions] = np.nonzero(table["decision"] == decision)
        if not len(positions):
            continue
        style: dict[str, Any] = line._replace(linestyle="")._asdict()
        models = table.iloc[positions]
        axes.errorbar(models["elpd_diff"], positions, xerr=2.0 * models["dse"], capsize=3, label=decision, **style)
    axes.axvline(0.0, color="0.75", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(table)), [escape_dollar(name) for name in table["model"]])
    predicts = "\n".join(wrap(f"({table.attrs['predicts']})", 44))
    axes.set(xlabel=f"ELPD difference to the best model, ±2 SE\n{predicts}")
    axes.set(ylim=(len(table) - 0.5, -0.5))
    fig.legend(loc="outside upper left", ncols=3, fontsize=SMALL)
    return fig


def fills(data: xr.Dataset) -> list[tuple[Line, str]]:
    """Return the colour and the hatch of every model."""
    count = data.sizes["model"]
    return list(zip(lines_for(count), (HATCHES * count)[:count], strict=True))


def draw_frequencies(panel: Axes, data: xr.Dataset) -> None:
    """Draw how frequent each model is in the population, with its protected exceedance probability."""
    for row, (frequency, (line, hatch)) in enumerate(zip(data["frequency"].values, fills(data), strict=True)):
        panel.barh(row, frequency, color=line.color, alpha=0.75, hatch=hatch, edgecolor="white", height=0.7)
        pxp = f"{frequency:.2f} (PXP {float(data['pxp'][row]):.2f})"
        panel.text(frequency + 0.02, row, pxp, va="center", fontsize=SMALL)
    names = [escape_dollar(name) for name in data["model"].values]
    panel.set_yticks(range(len(names)), names)
    panel.set(xlim=(0, 1.35), xticks=[0, 0.5, 1], ylim=(len(names) - 0.4, -0.6), xlabel="Frequency in the population")
    panel.set_title(f"Model frequencies (BOR {data.attrs['bor']:.2f})")


def draw_attribution(panel: Axes, data: xr.Dataset) -> None:
    """Draw for every person the probability of each model, as a stack of areas."""
    probability = data["attribution"].transpose("model", "person").values
    tops = np.vstack([np.zeros(probability.shape[1]), probability.cumsum(axis=0)])
    edges = np.arange(probability.shape[1] + 1)
    for lower, upper, (line, hatch) in zip(tops[:-1], tops[1:], fills(data), strict=True):
        panel.fill_between(
            edges, np.append(lower, lower[-1]), np.append(upper, upper[-1]), step="post", color=line.color, alpha=0.75,
            hatch=hatch, edgecolor="white", linewidth=0,
        )  # fmt: skip
    panel.set(xlim=(0, edges[-1]), ylim=(0, 1), xticks=[], ylabel="Probability of each model")
    panel.set_xlabel(f"{edges[-1]} people, in the order of their pseudonyms")
    panel.set_title("Model attribution")


@in_house_style
def attribution_plot(data: xr.Dataset, columns: int = 2) -> Figure:
    """Draw the frequency of each model, and the probability that each person follows it.

    Parameters
    ----------
    data
        What `attribution_data` returns.
    columns
        Number of panels side by side: 2, or 1.
    """
    tall = max(2.2, 0.28 * data.sizes["model"] + 1.0)
    fig, (left, right) = plt.subplots(3 - columns, columns, figsize=(figure_width(columns), tall * (3 - columns)))
    draw_frequencies(left, data)
    draw_attribution(right, data)
    return fig
