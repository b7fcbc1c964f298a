"""The plot of test-retest reliability, and of the change between waves."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.estimands.reliability import ACCEPTABLE
from iwm_bayes.viz.palette import BLUE, GREY, LINES
from iwm_bayes.viz.style import SMALL, escape_dollar, figure_width, in_house_style, words


def draw_intervals(panel: Axes, draws: np.ndarray, positions: np.ndarray, color: str, marker: str) -> None:
    """Draw the median, the 50% and the 90% CrI of draws (draw, line) at the heights `positions`."""
    low, quarter, median, three_quarters, high = np.quantile(draws, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    panel.hlines(positions, low, high, color=color, linewidth=1.2)
    panel.hlines(positions, quarter, three_quarters, color=color, linewidth=3.2)
    panel.plot(median, positions, marker, color=color, markersize=5)


@in_house_style
def reliability_plot(found: xr.Dataset, columns: int = 2) -> Figure:
    """Draw the reliability of every parameter, and the change of the median person in SDs between people.

    Parameters
    ----------
    found
        What `estimands.reliability.reliability` returns.
    columns
        Number of panels side by side: 2, or 1.
    """
    names = [str(name) for name in found["parameter"].values]
    height = (0.3 * len(names) + 1.2) * (3 - columns)
    fig, (left, right) = plt.subplots(3 - columns, columns, figsize=(figure_width(columns), height))
    rows = np.arange(len(names), dtype=float)
    draws = found["reliability"].stack(sample=("chain", "draw")).transpose("sample", "parameter").values
    prior = found["prior_reliability"].transpose("prior_draw", "parameter").values
    left.hlines(rows, *np.quantile(prior, [0.25, 0.75], axis=0), color="0.87", linewidth=9, label="prior 50% interval")
    draw_intervals(left, draws, rows, BLUE, "o")
    left.axvline(ACCEPTABLE, color=GREY, linestyle="--", linewidth=0.8)
    left.set(xlim=(min(-0.05, float(np.nanquantile(draws, 0.05, axis=0).min()) - 0.05), 1.02))
    left.set_xlabel("Test-retest reliability\n(median, 50% and 90% CrI)")
    left.legend(loc="lower left", fontsize=SMALL)
    intervals = [str(name) for name in found["interval"].values]
    scaled = (found["change"] / np.hypot(found["sd_person"], found["sd_wave"])).stack(sample=("chain", "draw"))
    for index, interval in enumerate(intervals):
        own = scaled.sel(interval=interval).transpose("sample", "parameter").values
        shift, line = 0.18 * (index - (len(intervals) - 1) / 2), LINES[index % len(LINES)]
        draw_intervals(right, own, rows + shift, line.color, line.marker)
        right.plot([], [], line.marker, color=line.color, markersize=5, label=escape_dollar(interval))
    right.axvline(0.0, color=GREY, linewidth=0.8)
    right.set_xlabel("Change of the median person\n(SDs between people)")
    right.legend(loc="best", fontsize=SMALL)
    for panel in (left, right):
        panel.set_yticks(rows, [words(name) for name in names], fontsize=8)
        panel.set_ylim(len(names) + 0.1, -0.6)  # the legend has a line of its own
    if columns == 2:
        right.tick_params(labelleft=False)
    return fig


def with_reliability(found: xr.Dataset) -> xr.Dataset:
    """Return the parameters whose reliability is defined: those that are partially pooled."""
    return found.sel(parameter=found["reliability"].notnull().all(("chain", "draw")))


def reliability_plots(found: xr.Dataset) -> Mapping[str, Figure]:
    """Return the plot of parameters whose reliability is defined, without a name of its own; nothing without any."""
    own = with_reliability(found)
    return {"": reliability_plot(own)} if own.sizes["parameter"] else {}
