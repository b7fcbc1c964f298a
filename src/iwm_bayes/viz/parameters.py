"""Plots of group parameters: prior and posterior of group medians, and the difference between groups."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.lazy import lazy_module
from iwm_bayes.viz.palette import BLUE, DARK_GREY, GREY, LINES, lines_for
from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, escape_dollar, figure_width, in_house_style, words

stats = lazy_module("scipy.stats")

ENDS = ["prior_ci90_low", "prior_ci90_high", "ci90_low", "ci90_high"]
GRID = 200  # points of a density
MAX_DRAWS = 2000  # from which a density is estimated


@in_house_style
def prior_posterior_plot(table: pd.DataFrame) -> Figure:
    """Draw the prior and the posterior 90% intervals of group medians.

    Each parameter has its own scale, from the lowest to the highest of its four ends, which are written next to it.

    Parameters
    ----------
    table
        What `prior_posterior_data` returns.
    """
    ends = table[ENDS].to_numpy(float)
    lowest, highest = ends.min(axis=1), ends.max(axis=1)
    width = np.where(highest > lowest, highest - lowest, 1.0)
    prior_low, prior_high, low, high = ((ends - lowest[:, None]) / width[:, None]).T
    positions = range(len(table))
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.27 * len(table) + 1.1))
    axes.hlines(positions, prior_low, prior_high, color="0.8", linewidth=6, label="prior 90% interval")
    axes.hlines(positions, low, high, color=BLUE, linewidth=2.2, label="posterior 90% CrI")
    median = (table["median"].to_numpy(float) - lowest) / width
    axes.plot(median, positions, "o", color=BLUE, markersize=4.5, label="posterior median")
    for position, least, most in zip(positions, lowest, highest, strict=True):
        axes.text(-0.03, position, f"{least:.2g}", ha="right", va="center", fontsize=SMALL, color=DARK_GREY)
        axes.text(1.03, position, f"{most:.2g}", ha="left", va="center", fontsize=SMALL, color=DARK_GREY)
    axes.set_yticks(positions, [words(name) for name in table["parameter"]], fontsize=8)
    xlabel = "Group median, natural scale,\neach from its lowest to its highest end"
    axes.set(xlim=(-0.2, 1.2), xticks=[], xlabel=xlabel, ylim=(len(table) - 0.4, -0.6))
    fig.legend(loc="outside upper center", ncols=3, fontsize=SMALL, columnspacing=1, handlelength=1.5)
    axes.spines["left"].set_visible(False)
    axes.tick_params(left=False)
    return fig


def density(draws: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Estimate the density of draws at the points of a grid."""
    thinned = draws[:: -(-len(draws) // MAX_DRAWS)]
    return stats.gaussian_kde(thinned)(grid)


def probability_words(probability: float) -> str:
    """Return a probability as the report has it: draws do not show that it is 0 or 1."""
    return ">0.99" if probability > 0.995 else "<0.01" if probability < 0.005 else f"= {probability:.2f}"


def draw_difference(panel: Axes, data: xr.Dataset) -> None:
    """Draw the densities of posterior and prior of a difference, with the median and the 90% CrI below."""
    posterior, prior = data["difference"].values.ravel(), data["prior_difference"].values
    low, median, high = np.quantile(posterior, [0.05, 0.5, 0.95])
    ends = np.quantile(posterior, [0.0005, 0.9995]), np.quantile(prior, [0.05, 0.95])
    grid = np.linspace(min(0.0, *(end[0] for end in ends)), max(0.0, *(end[1] for end in ends)), GRID)
    curve = density(posterior, grid)
    panel.fill_between(grid, curve, color=BLUE, alpha=0.3, linewidth=0, label="posterior")
    panel.plot(grid, curve, color=BLUE, linewidth=1.2)
    panel.plot(grid, density(prior, grid), color=GREY, linestyle="--", label="prior")
    panel.axvline(0, color="0.3", linewidth=0.8)
    height = -0.06 * curve.max()
    panel.hlines(height, low, high, color=BLUE, linewidth=2.5)
    panel.plot(median, height, "o", color=BLUE, markersize=5)
    above = float((posterior > 0).mean())
    interval = f"Difference {median:.2g} (90% CrI {low:.2g} to {high:.2g})".replace("-", "−")
    words_above = f"{interval}\nP(difference > 0) {probability_words(above)}"
    panel.text(0.0, 1.02, words_above, transform=panel.transAxes, fontsize=SMALL, va="bottom")
    panel.set(yticks=[], ylim=(-0.13 * curve.max(), 1.12 * curve.max()))
    panel.set_xlabel(f"{words(data.attrs['parameter'])}: {escape_dollar(data.attrs['contrast'].partition(': ')[2])}")
    panel.spines["left"].set_visible(False)
    panel.legend(loc="upper left", fontsize=SMALL)


def draw_people(panel: Axes, data: xr.Dataset) -> None:
    """Draw everyone's parameter by group, side by side in the order of their pseudonyms, or over a number."""
    group, low, median, high = (data[name].values for name in ("group", "ci90_low", "median", "ci90_high"))
    if np.issubdtype(group.dtype, np.number):
        panel.vlines(group, low, high, color=GREY, linewidth=0.6)
        panel.plot(group, median, LINES[0].marker, color=LINES[0].color, markersize=3)
        panel.set_xlabel(f"{escape_dollar(data.attrs['covariate'])} (SDs from its mean)")
    else:
        names = sorted(set(group.astype(str)))
        for index, (name, line) in enumerate(zip(names, lines_for(len(names)), strict=True)):
            [own] = np.nonzero(group.astype(str) == name)
            across = index + (np.linspace(-0.3, 0.3, len(own)) if len(own) > 1 else np.zeros(1))
            panel.vlines(across, low[own], high[own], color=line.color, linewidth=0.6, alpha=0.6)
            panel.plot(across, median[own], line.marker, color=line.color, markersize=3)
        panel.set_xticks(range(len(names)), [escape_dollar(name) for name in names])
        panel.set_xlim(-0.5, len(names) - 0.5)
    panel.set_ylabel(words(data.attrs["parameter"]))
    panel.set_title("People: median, 90% CrI", fontsize=SMALL, fontweight="normal")


@in_house_style
def group_difference_plot(data: xr.Dataset, columns: int = 2) -> Figure:
    """Draw the posterior of a difference between groups with its prior, and the people of each group.

    Parameters
    ----------
    data
        What `group_difference_data` returns.
    columns
        Number of panels side by side: 2, or 1.
    """
    size = (figure_width(columns), 2.7 * (3 - columns))
    fig, (left, right) = plt.subplots(3 - columns, columns, figsize=size)
    draw_difference(left, data)
    draw_people(right, data)
    return fig


@in_house_style
def session_effect_plot(data: xr.Dataset) -> Figure:
    """Draw the average of a parameter at several values of a covariate that changes from session to session.

    `data` is what `session_effect_data` returns: a band over a number, or an interval for each category.
    """
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.4))
    value, median, low, high = (data[name].values for name in ("at", "median", "ci90_low", "ci90_high"))
    if np.issubdtype(value.dtype, np.number):
        axes.fill_between(value, low, high, color=BLUE, alpha=0.25, linewidth=0, label="90% CrI")
        axes.plot(value, median, color=BLUE, linewidth=1.8, label="median")
    else:
        axes.vlines(range(len(value)), low, high, color=BLUE, linewidth=2.2, label="90% CrI")
        axes.plot(range(len(value)), median, "o", color=BLUE, markersize=5, label="median")
        axes.set_xticks(range(len(value)), [escape_dollar(str(name)) for name in value])
        axes.set_xlim(-0.5, len(value) - 0.5)
    axes.set_xlabel(escape_dollar(data.attrs["covariate"]))
    axes.set_ylabel(words(data.attrs["parameter"]))
    axes.set_ylim(bottom=min(0.0, float(low.min())))
    fig.legend(loc="outside upper center", ncols=2, fontsize=SMALL)
    return fig
