"""Plot of a trajectory: beliefs, events and responses by session, of one person or of the group."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.estimands.trajectories import GROUP
from iwm_bayes.viz.palette import BELIEF_LABELS, BLACK, GREEN, VERMILLION, lines_for
from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, in_house_style, session_label, words


def draw_beliefs(panel: Axes, trajectory: xr.Dataset) -> None:
    """Draw the median and the 90% CrI of each belief."""
    beliefs = [str(belief) for belief in trajectory["belief"].values]
    for belief, line in zip(beliefs, lines_for(len(beliefs)), strict=True):
        values = trajectory.sel(belief=belief)
        panel.fill_between(values["session"], values["low"], values["high"], color=line.color, alpha=0.2, linewidth=0)
        label = f"{BELIEF_LABELS[belief]}, 90% CrI"
        panel.plot(values["session"], values["middle"], color=line.color, linestyle=line.linestyle, label=label)
    panel.set(ylim=(0, 1), ylabel="Belief (0–1)")


def draw_events(panel: Axes, trajectory: xr.Dataset) -> None:
    """Draw outcomes, ruptures and repairs: of a person the outcomes, of the group the mean and shares of people."""
    is_group = trajectory.attrs["about"] == GROUP
    panel.plot(
        trajectory["session"],
        trajectory["outcome"],
        "o",
        color=BLACK,
        markersize=3.5,
        markerfacecolor="white",
        label="mean outcome" if is_group else "outcome",
    )
    for name, marker, color in (("rupture", "v", VERMILLION), ("repair", "^", GREEN)):
        label = f"{name} (share)" if is_group else name
        panel.plot(trajectory["session"], trajectory[name], marker, color=color, markersize=6, label=label)
    panel.set(ylim=(-0.08, 1.08), yticks=[0, 0.5, 1], ylabel="Outcome\n(0–1)")


def draw_response(panel: Axes, trajectory: xr.Dataset, response: str) -> None:
    """Draw a response and its posterior predictive interval."""
    values = trajectory.sel(response=response)
    low, high = values["predicted_low"], values["predicted_high"]
    panel.fill_between(values["session"], low, high, color="0.82", linewidth=0, label="90% posterior predictive")
    panel.plot(values["session"], values["predicted"], color="0.45", linewidth=1)
    panel.plot(values["session"], values["answer"], "o", color=BLACK, markersize=3, label="observed response")
    highest = np.nanmax([values["answer"].max(), high.max(), 1.0])
    label = words(response).replace(" ", "\n", 1) + f"\n(0–{highest:.0f})"
    panel.set(ylim=(-0.05 * highest, 1.05 * highest), ylabel=label)


@in_house_style
def trajectory_plot(trajectory: xr.Dataset, figure: str) -> Figure:
    """Draw beliefs, events and each response by session, in panels below each other.

    Parameters
    ----------
    trajectory
        What `trajectories.group_trajectory` or `trajectories.person_trajectory` returns.
    figure
        Name of the attachment figure of the sessions.
    """
    responses = [str(name) for name in trajectory["response"].values]
    heights = [2.0, 1.0, *[1.2] * len(responses)]
    fig, panels = plt.subplots(
        len(heights),
        1,
        figsize=(PANEL_WIDTH, 0.92 * sum(heights) + 1.0),
        sharex=True,
        height_ratios=heights,
    )
    draw_beliefs(panels[0], trajectory)
    draw_events(panels[1], trajectory)
    for panel, response in zip(panels[2:], responses, strict=True):
        draw_response(panel, trajectory, response)
    for panel in panels[:3]:
        panel.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=SMALL, borderpad=0.1, columnspacing=1)
    fig.align_ylabels()
    panels[-1].set_xlabel(f"{session_label(figure)}; 0: before the first session")
    return fig
