"""Plot of predictive checks: how far observed test statistics are from what models predict."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLUE, LIGHT_GREY, VERMILLION, lines_for
from iwm_bayes.viz.style import SMALL, escape_dollar, figure_width, in_house_style, words

ROW = 0.165  # inches: a test statistic
AXIS_LABEL = "Observed minus predicted (±1: ends of the 95% predictive interval)"
LEAST_RANGE = 1.6  # of the axis, on each side


def draw_model(panel: Axes, own: pd.DataFrame, rows: dict[str, int], offset: float, marker: str, named: bool) -> None:
    """Draw the standardised distances of one model; those outside their 95% interval are filled and have a colour."""
    heights = np.array([rows[name] for name in own["statistic"]], dtype=float) + offset
    distance, outside = own["standardised"].to_numpy(), (own["status"] != "").to_numpy()
    for mask, color, size in ((~outside, BLUE, 4.0), (outside, VERMILLION, 5.5)):
        panel.hlines(heights[mask], 0, distance[mask], color=color, linewidth=1.1)
        shape = marker if named or color == BLUE else "D"
        panel.plot(distance[mask], heights[mask], shape, color=color, markersize=size)


def draw_response(panel: Axes, own: pd.DataFrame, models: Sequence[str], rows: dict[str, int]) -> None:
    """Draw the checks of one response, of every model."""
    panel.axvspan(-1, 1, color=LIGHT_GREY, linewidth=0, zorder=0)
    panel.axvline(0, color="0.6", linewidth=0.8, zorder=0.5)
    offsets = np.linspace(-0.25, 0.25, len(models)) if len(models) > 1 else [0.0]
    for model, offset, line in zip(models, offsets, lines_for(len(models)), strict=True):
        draw_model(panel, own[own["model"] == model], rows, offset, line.marker, len(models) > 1)
    panel.set(ylim=(len(rows) - 0.4, -0.6))
    panel.set_title(words(own["response"].iloc[0]))


@in_house_style
def predictive_checks_plot(table: pd.DataFrame, columns: int = 3) -> Figure:
    """Draw how far test statistics of the data are from what models predict, one panel per response.

    Parameters
    ----------
    table
        What `predictive_checks_data` returns. The grey area is the 95% predictive interval. Statistics outside it have
        another colour and, with one model, another marker. With several models, each has its own marker.
    columns
        Number of panels side by side; if more than one, they share their statistics.
    """
    by_response = dict(list(table.groupby("response", sort=False)))
    models, columns = list(dict.fromkeys(table["model"])), min(columns, len(by_response))
    names = {name: list(dict.fromkeys(own["statistic"])) for name, own in by_response.items()}
    if columns > 1:
        names = {name: list(dict.fromkeys(table["statistic"])) for name in names}
    counts = [len(own) for own in names.values()]
    rows = -(-len(names) // columns)
    row_counts = [max(counts[row * columns : (row + 1) * columns]) for row in range(rows)]
    tall = ROW * (1 + 0.45 * (len(models) - 1)) * sum(row_counts) + 0.75 * rows + 0.3 * (len(models) > 1)
    fig, axes = plt.subplots(
        rows, columns, figsize=(figure_width(columns), tall), squeeze=False, sharex=True, height_ratios=row_counts
    )
    for panel, (name, own) in zip(axes.flat[: len(names)], by_response.items(), strict=True):
        draw_response(panel, own, models, {statistic: row for row, statistic in enumerate(names[name])})
        is_first = panel.get_subplotspec().is_first_col()
        labels = [escape_dollar(statistic) for statistic in names[name]] if is_first else [""] * len(names[name])
        panel.set_yticks(range(len(names[name])), labels, fontsize=SMALL)
        panel.tick_params(labelbottom=True)
    for panel in axes.flat[len(names) :]:
        panel.set_axis_off()
    reach = max(LEAST_RANGE, 1.08 * float(table["standardised"].abs().max()))
    axes.flat[0].set_xlim(-reach, reach)
    fig.supxlabel(AXIS_LABEL, fontsize=8.5)
    if len(models) > 1:
        for model, line in zip(models, lines_for(len(models)), strict=True):
            axes.flat[0].plot([], [], line.marker, color=BLUE, markersize=4, label=escape_dollar(model))
        fig.legend(loc="outside upper center", ncols=min(len(models), 4))
    return fig
