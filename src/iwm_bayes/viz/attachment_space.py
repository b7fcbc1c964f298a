"""Plot of the attachment space: availability across, self-worth upwards, and an attachment style in each quarter.

Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226: preoccupied is low self-worth, dismissing is low
availability.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.estimands.trajectories import ellipse_outline, ellipse_sessions
from iwm_bayes.viz.palette import BLACK, LINES, STYLE_CORNERS, Line
from iwm_bayes.viz.style import escape_dollar, message_plot, open_sides


def draw_quarters(axes: Axes, styles: Mapping[str, tuple[float, float]]) -> None:
    """Draw the midlines of the attachment space, and the names of styles at their corners."""
    axes.axhline(0.5, color="0.75", linewidth=0.8)
    axes.axvline(0.5, color="0.75", linewidth=0.8)
    for style, (availability, worth) in styles.items():
        horizontal, vertical = "left" if availability < 0.5 else "right", "bottom" if worth < 0.5 else "top"
        axes.text(availability, worth, style, color="0.35", fontstyle="italic", ha=horizontal, va=vertical)


def draw_path(axes: Axes, trajectory: xr.Dataset, line: Line, label: str) -> None:
    """Draw the posterior mean of the two beliefs along the sessions, with 90% ellipses."""
    path = trajectory[["mean", "covariance"]].dropna("session")
    mean, covariance = path["mean"].values, path["covariance"].values
    availability, worth = mean.T
    axes.plot(availability, worth, color=line.color, linestyle=line.linestyle, linewidth=1.4, label=label)
    axes.plot(availability[1:-1], worth[1:-1], line.marker, color=line.color, markersize=2.5)
    axes.plot(availability[0], worth[0], line.marker, color=line.color, markersize=8, markerfacecolor="white")
    axes.plot(availability[-1], worth[-1], line.marker, color=line.color, markersize=8)
    for session in ellipse_sessions(len(mean)):
        outline = ellipse_outline(mean[session], covariance[session])
        axes.fill(*outline, color=line.color, alpha=0.15, linewidth=0)
        axes.plot(*outline, color=line.color, linewidth=0.7, linestyle=line.linestyle)


def attachment_space_plot(
    trajectories: Mapping[str, xr.Dataset], styles: Mapping[str, tuple[float, float]] = STYLE_CORNERS
) -> Figure:
    """Draw the beliefs of the group, or of people, along their sessions in the attachment space.

    Parameters
    ----------
    trajectories
        By name: what `trajectories.joint_beliefs` returns, `mean` (session, belief) and `covariance` (session, belief,
        belief). The initial belief is hollow and the last is filled. Ellipses contain 90% of the draws at the initial
        belief, half-way and at the end.
    styles
        Corners of the attachment styles, by name; empty to leave styles out.
    """
    if any(trajectory.sizes["belief"] < 2 for trajectory in trajectories.values()):
        return message_plot("This model has no self-worth, so there is no attachment space to plot.")
    fig, axes = plt.subplots(figsize=(4.8, 4.8), layout="constrained")
    draw_quarters(axes, styles)
    for (name, trajectory), line in zip(trajectories.items(), LINES, strict=False):
        draw_path(axes, trajectory, line, escape_dollar(name))
    axes.plot([], [], "o", color=BLACK, markerfacecolor="white", label="initial belief (last: filled)")
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        aspect="equal",
        xlabel="availability (model of other, 0–1)",
        ylabel="self-worth (model of self, 0–1)",
    )
    axes.legend(frameon=False, fontsize="small", loc="lower right", bbox_to_anchor=(1.0, 0.05))
    open_sides(axes)
    return fig
