"""Plots of parameter recovery: estimates over true values, and their correlation by the size of a study."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLACK, BLUE, DARK_GREY, lines_for
from iwm_bayes.viz.style import SMALL, in_house_style, panel_grid, parameter_panels, words

MAX_POINTS = 400  # people in a panel


def draw_recovery(panel: Axes, own: pd.DataFrame) -> None:
    """Draw posterior means over true values, with correlation and coverage of all people, and 90% intervals."""
    truth, mean, low, high = (own[name].to_numpy(float) for name in ("truth", "mean", "low", "high"))
    shown = slice(None, None, -(-len(own) // MAX_POINTS))
    panel.vlines(truth[shown], low[shown], high[shown], color=BLUE, linewidth=0.5, alpha=0.3)
    panel.plot(truth[shown], mean[shown], ".", color=BLUE, markersize=4)
    ends = [min(truth.min(), mean.min()), max(truth.max(), mean.max())]
    panel.plot(ends, ends, color=BLACK, linewidth=0.8, linestyle="--")
    constant = np.ptp(truth) == 0.0 or np.ptp(mean) == 0.0
    r = "" if constant else f"r = {np.corrcoef(truth, mean)[0, 1]:.2f}\n"
    coverage = float(((low <= truth) & (truth <= high)).mean())
    panel.text(
        0.04, 0.97, f"{r}coverage {coverage:.0%}", transform=panel.transAxes, fontsize=SMALL, va="top", color=DARK_GREY
    )
    panel.set_title(words(own["parameter"].iloc[0]), fontsize=8.5)


@in_house_style
def recovery_plot(people: pd.DataFrame, columns: int = 3) -> Figure:
    """Draw posterior means over true values of people, one panel per parameter, with r and coverage of 90% intervals.

    Parameters
    ----------
    people
        What `recovery_data` returns. r and coverage are those of all people of all studies together. At most 400 people
        are drawn in a panel.
    columns
        Number of panels side by side.
    """
    fig, _ = parameter_panels(people, columns, 2.3, draw_recovery)
    fig.supxlabel("True value", fontsize=8.5)
    fig.supylabel("Posterior mean, 90% interval", fontsize=8.5)
    return fig


@in_house_style
def recovery_by_size_plot(table: pd.DataFrame, columns: int = 3) -> Figure:
    """Draw the correlation of true and estimated values by sessions, one line per number of people.

    There is one panel per parameter. `table` is what `recovery.recovery_table` returns.
    """
    parameters = list(dict.fromkeys(table["parameter"]))
    fig, panels = panel_grid(len(parameters), columns, 2.0, sharey=True)
    for panel, parameter in zip(panels, parameters, strict=True):
        groups = table[table["parameter"] == parameter].groupby("n_people")
        for line, (n_people, own) in zip(lines_for(len(groups)), groups, strict=True):
            panel.plot(own["sessions"], own["r"], **line._asdict(), markersize=4, label=f"{n_people} people")
        panel.set_title(words(parameter), fontsize=8.5)
        panel.set(xticks=sorted(table["sessions"].unique()), ylim=(min(0.0, table["r"].min()), 1))
    fig.supxlabel("Sessions", fontsize=8.5)
    fig.supylabel("r of true and estimated values", fontsize=8.5)
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return fig
