"""Plots of person-level parameters: a forest of people, and their shrinkage towards the group; nobody is ranked."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from iwm_bayes.viz.palette import BLACK, VERMILLION, Line, lines_for
from iwm_bayes.viz.style import escape_dollar, in_house_style, parameter_panels, words

MAX_PEOPLE = 100  # rows of a forest
ROW = 0.125  # inches: a person
MIN_HEIGHT = 1.6  # inches: of a panel of few people, so that a legend below it leaves room
ONE_GROUP: Any = {"color": VERMILLION, "linestyle": "--"}  # the line of its median


def arm_lines(people: pd.DataFrame) -> dict[str, Line]:
    """Return how people are drawn, by their arm; "" is the only one in a study without arms."""
    arms = sorted(people["arm"].unique())
    return dict(zip(arms, lines_for(len(arms)), strict=True))


def of_arm(arm: str, text: str) -> str:
    """Return an entry of the legend, which begins with the name of the arm where there are arms."""
    return f"{escape_dollar(arm)}: {text}" if arm else text


def draw_forest(panel: Axes, own: pd.DataFrame) -> None:
    """Draw the median, the 50% and the 90% CrI of every person, those of each arm, and true values that are known."""
    rows = np.arange(len(own))
    for arm, line in arm_lines(own).items():
        is_own = (own["arm"] == arm).to_numpy()
        people, at, group = own[is_own], rows[is_own], own[is_own].iloc[0]
        color = line.color if arm else VERMILLION
        panel.axvspan(group["group_ci90_low"], group["group_ci90_high"], color=color, alpha=0.16, linewidth=0)
        label = of_arm(arm, "group median, 90% CrI")
        panel.axvline(group["group_median"], color=color, linestyle=line.linestyle, linewidth=1.2, label=label)
        panel.hlines(at, people["ci90_low"], people["ci90_high"], color=line.color, linewidth=0.8)
        panel.hlines(at, people["ci50_low"], people["ci50_high"], color=line.color, linewidth=2.2)
        label = of_arm(arm, "person: median, 50% and 90% CrI")
        panel.plot(people["median"], at, line.marker, color=line.color, markersize=3, label=label)
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
    people = table["person"].nunique()
    shown = min(people, MAX_PEOPLE)
    fig, panels = parameter_panels(
        table, columns, max(ROW * shown + 0.6, MIN_HEIGHT), lambda panel, own: draw_forest(panel, own[:shown])
    )
    names = [str(name).capitalize() for name in table["person"].iloc[:shown]]
    for index, panel in enumerate(panels):
        panel.set_yticks(range(shown), names, fontsize=6.5)
        panel.tick_params(labelleft=index % min(columns, len(panels)) == 0)
    panels[0].set_title("People" if shown == people else f"{shown} of {people} people")
    entries, has_arms = panels[0].get_legend_handles_labels(), len(arm_lines(table)) > 1
    in_row = 1 if min(columns, len(panels)) == 1 else 2 if has_arms else 3
    fig.legend(*entries, loc="outside lower center", ncols=in_row)
    return fig


def draw_shrinkage(panel: Axes, own: pd.DataFrame) -> None:
    """Draw the median and the 90% CrI of every person over their shrinkage, and the group median of each arm."""
    for arm, line in arm_lines(own).items():
        people = own[own["arm"] == arm]
        panel.vlines(people["shrinkage"], people["ci90_low"], people["ci90_high"], color="0.75", linewidth=0.8)
        panel.plot(people["shrinkage"], people["median"], line.marker, color=line.color, markersize=3)
        style: dict[str, Any] = {"color": line.color, "linestyle": line.linestyle} if arm else ONE_GROUP
        panel.axhline(people["group_median"].median(), linewidth=1.2, **style)
    panel.set(xlim=(-0.03, 1.03))
    panel.set_title(words(own["parameter"].iloc[0]), fontsize=8.5)


@in_house_style
def shrinkage_plot(table: pd.DataFrame, columns: int = 4) -> Figure:
    """Draw person-level parameters over their shrinkage, one panel per parameter; nobody is named.

    Parameters
    ----------
    table
        What `shrinkage_data` returns. A line is the median person of an arm, or of the group.
    columns
        Number of panels side by side.
    """
    fig, _ = parameter_panels(table, columns, 1.9, draw_shrinkage)
    lines = arm_lines(table)
    if len(lines) > 1:
        entries = [
            Line2D([], [], **line._asdict(), markersize=3, label=escape_dollar(arm)) for arm, line in lines.items()
        ]
        fig.legend(handles=entries, loc="outside upper center", ncols=len(entries))
    fig.supxlabel("Shrinkage towards the group median (0–1)", fontsize=8.5)
    fig.supylabel(f"Median, 90% CrI ({'lines: arms' if len(lines) > 1 else 'dashed: group'})", fontsize=8.5)
    return fig
