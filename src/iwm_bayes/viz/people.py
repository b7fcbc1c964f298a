"""Plots of person-level parameters: a forest of people, and their shrinkage towards the group; nobody is ranked."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLACK, BLUE, VERMILLION
from iwm_bayes.viz.style import in_house_style, panel_grid, words

MAX_PEOPLE = 100  # rows of a forest
ROW = 0.125  # inches: a person


def draw_forest(panel: Axes, own: pd.DataFrame) -> None:
    """Draw the median, the 50% and the 90% CrI of every person, the group's, and true values where they are known."""
    rows, group = np.arange(len(own)), own.iloc[0]
    panel.axvspan(group["group_ci90_low"], group["group_ci90_high"], color=VERMILLION, alpha=0.16, linewidth=0)
    panel.axvline(group["group_median"], color=VERMILLION, linewidth=1.2, label="group median, 90% CrI")
    panel.hlines(rows, own["ci90_low"], own["ci90_high"], color=BLUE, linewidth=0.8)
    panel.hlines(rows, own["ci50_low"], own["ci50_high"], color=BLUE, linewidth=2.2)
    panel.plot(own["median"], rows, "o", color=BLUE, markersize=3, label="person: median, 50% and 90% CrI")
    if own["true"].notna().any():
        panel.plot(own["true"], rows, "x", color=BLACK, markersize=4, markeredgewidth=1, label="true value (simulated)")
    panel.set(ylim=(len(own) - 0.3, -0.7))
    panel.set_xlabel(words(own["parameter"].iloc[0]))


@in_house_style
def forest_plot(table: pd.DataFrame, columns: int = 2) -> Figure:
    """Draw parameters of people, one panel per parameter, in the order of the table and not by their values.

    Parameters
    ----------
    table
        What `forest_data` returns. With more than 100 people, the first 100 are drawn.
    columns
        Number of panels side by side.
    """
    parameters, people = list(dict.fromkeys(table["parameter"])), table["person"].nunique()
    shown = min(people, MAX_PEOPLE)
    columns = min(columns, len(parameters))
    fig, panels = panel_grid(len(parameters), columns, ROW * shown + 0.6)
    names = [str(name).capitalize() for name in table["person"].iloc[:shown]]
    for panel, parameter in zip(panels, parameters, strict=True):
        draw_forest(panel, table[table["parameter"] == parameter].iloc[:shown])
        panel.set_yticks(range(shown), names, fontsize=6.5)
    for index, panel in enumerate(panels):
        panel.tick_params(labelleft=index % columns == 0)
    title = "People" if shown == people else f"{shown} of {people} people"
    panels[0].set_title(title)
    panel_columns = 3 if columns > 1 else 1
    fig.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=panel_columns)
    return fig


def draw_shrinkage(panel: Axes, people: pd.DataFrame) -> None:
    """Draw the median and the 90% CrI of every person over their shrinkage, and the group median."""
    panel.vlines(people["shrinkage"], people["ci90_low"], people["ci90_high"], color="0.75", linewidth=0.8)
    panel.plot(people["shrinkage"], people["median"], "o", color=BLUE, markersize=3)
    panel.axhline(people["group_median"].median(), color=VERMILLION, linestyle="--", linewidth=1.2)
    panel.set(xlim=(-0.03, 1.03))
    panel.set_title(words(people["parameter"].iloc[0]), fontsize=8.5)


@in_house_style
def shrinkage_plot(table: pd.DataFrame, columns: int = 4) -> Figure:
    """Draw person-level parameters over their shrinkage, one panel per parameter; nobody is named.

    Parameters
    ----------
    table
        What `shrinkage_data` returns.
    columns
        Number of panels side by side.
    """
    parameters = list(dict.fromkeys(table["parameter"]))
    columns = min(columns, len(parameters))
    fig, panels = panel_grid(len(parameters), columns, 1.9)
    for panel, parameter in zip(panels, parameters, strict=True):
        draw_shrinkage(panel, table[table["parameter"] == parameter])
    fig.supxlabel("Shrinkage towards the group median (0–1)", fontsize=8.5)
    fig.supylabel("Median, 90% CrI (dashed: group)", fontsize=8.5)
    return fig
