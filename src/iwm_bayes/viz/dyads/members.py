"""Plot of single dyads: the beliefs of both members by exchange, and what each of them did."""

from itertools import chain

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BELIEF_LABELS, Line, lines_for, tick_sessions
from iwm_bayes.viz.style import SMALL, escape_dollar, figure_width, in_house_style

BELIEF_HEIGHT, ACTS_HEIGHT = 1.5, 0.5  # inches
FULL, NOTHING = 1.0, 0.0  # ends of an act


def draw_member(panel: Axes, values: xr.Dataset, name: str, line: Line) -> None:
    """Draw a belief of a member: its median and its 90% CrI."""
    exchange = values["exchange"]
    panel.fill_between(exchange, values["low"], values["high"], color=line.color, alpha=0.2, linewidth=0)
    panel.plot(exchange, values["middle"], color=line.color, linestyle=line.linestyle, label=escape_dollar(name))


def act_colors(acts: np.ndarray, color: str) -> np.ndarray:
    """Return the filling of markers for acts (act,) from 0, white, to 1, the colour of the member."""
    return np.ones(3) - acts[:, None] * (np.ones(3) - np.array(to_rgb(color)))


def draw_acts(panel: Axes, acts: xr.DataArray, lines: dict[str, Line]) -> None:
    """Draw what the members did, (role, exchange), in a row for each: the more of an act, the fuller the marker."""
    for row, (role, line) in enumerate(lines.items()):
        own = acts.sel(role=role).dropna("exchange")
        colors = act_colors(own.values, line.color)
        place = own["exchange"].values, np.full(own.size, row)
        panel.scatter(*place, s=11, c=colors, marker=line.marker, edgecolors=line.color, linewidths=0.7)
    panel.set(ylim=(len(lines) - 0.4, -0.6))
    panel.set_yticks(range(len(lines)), [escape_dollar(role) for role in lines], fontsize=SMALL)
    panel.tick_params(axis="y", length=0)


def draw_dyad(panels: list[Axes], data: xr.Dataset, name: str, lines: dict[str, Line]) -> None:
    """Draw one dyad: a panel for each belief, and one for the acts."""
    beliefs = [str(belief) for belief in data["belief"].values]
    for panel, belief in zip(panels, beliefs, strict=False):
        for role, line in lines.items():
            draw_member(panel, data.sel(belief=belief, role=role), role, line)
        panel.set(ylim=(0, 1), yticks=[0, 0.5, 1])
    panels[0].set_title(escape_dollar(name))
    draw_acts(panels[-1], data["act"], lines)
    panels[-1].set_xticks(tick_sessions(data["exchange"].values))


def lay_out(dyads: int, beliefs: int, columns: int) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure, and the panels of every dyad from top to bottom: one for each belief, and one for the acts."""
    rows = -(-dyads // columns)
    heights = [*[BELIEF_HEIGHT] * beliefs, ACTS_HEIGHT]
    size = (figure_width(columns), rows * (sum(heights) + 0.35) + 0.6)
    fig, axes = plt.subplots(
        rows * len(heights), columns, figsize=size, squeeze=False, sharex=True, height_ratios=heights * rows
    )
    places = [list(own) for row in np.split(axes, rows) for own in row.T]
    for panel in chain.from_iterable(places[dyads:]):
        panel.set_axis_off()
    return fig, places[:dyads]


def label_axes(panels: list[Axes], beliefs: list[str], is_first: bool, is_last: bool) -> None:
    """Label the axes of a dyad: beliefs where it is the first of its row, exchanges where nothing is below."""
    for panel in panels:
        panel.tick_params(labelleft=is_first)
    if is_first:
        for panel, belief in zip(panels, beliefs, strict=False):
            panel.set_ylabel(f"{BELIEF_LABELS[belief].capitalize()} (0–1)")
    panels[-1].tick_params(labelbottom=True)
    if is_last:
        panels[-1].set_xlabel("Exchange")


@in_house_style
def dyad_plot(data: xr.Dataset, columns: int = 3) -> Figure:
    """Draw dyads side by side: the beliefs of both members with 90% CrI by exchange, and below them their acts.

    Parameters
    ----------
    data
        What `dyad_data` returns. A full marker is an act of 1, an empty one an act of 0.
    columns
        Number of dyads side by side. One fits a phone.
    """
    names, beliefs = [str(name) for name in data["dyad"].values], [str(one) for one in data["belief"].values]
    roles = [str(role) for role in data["role"].values]
    lines = dict(zip(roles, lines_for(len(roles)), strict=True))
    columns = min(columns, len(names))
    fig, places = lay_out(len(names), len(beliefs), columns)
    for place, (panels, name) in enumerate(zip(places, names, strict=True)):
        draw_dyad(panels, data.isel(dyad=place), name, lines)
        label_axes(panels, beliefs, is_first=place % columns == 0, is_last=place + columns >= len(names))
    handles, labels = places[0][0].get_legend_handles_labels()
    fig.legend(handles, [f"{label}, 90% CrI" for label in labels], loc="outside upper center", ncols=len(roles))
    fig.align_ylabels()
    return fig
