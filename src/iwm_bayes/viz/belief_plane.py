"""The belief plane: availability across, worth upwards, and the four styles in its quarters.

Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226: preoccupied is low worth, dismissing low availability.
"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLACK, LINES, STYLE_CORNERS
from iwm_bayes.viz.style import escape_dollar, message_plot, open_sides
from iwm_bayes.viz.trajectories import ellipse_outline


def attachment_space_plot(paths: Mapping[str, xr.Dataset]) -> Figure:
    """The way of the group, or of people, through the plane, each with ellipses that hold 90 %, by name.

    `paths` are of `trajectories.joint_beliefs`. The start is hollow, the end filled; an ellipse at both and half-way.
    """
    if any(path.sizes["belief"] < 2 for path in paths.values()):
        return message_plot("This theory holds no belief about worth: there is no plane to draw.")
    figure, axes = plt.subplots(figsize=(4.8, 4.8), layout="constrained")
    axes.axhline(0.5, color="0.75", linewidth=0.8)
    axes.axvline(0.5, color="0.75", linewidth=0.8)
    for style, (across, up) in STYLE_CORNERS.items():
        sideways, upright = "left" if across < 0.5 else "right", "bottom" if up < 0.5 else "top"
        axes.text(across, up, style, color="0.35", fontstyle="italic", ha=sideways, va=upright)
    for (name, path), line in zip(paths.items(), LINES, strict=False):
        way = path[["mean", "covariance"]].dropna("session")
        across, up = way["mean"].transpose("belief", "session").values
        axes.plot(across, up, color=line.color, linestyle=line.linestyle, linewidth=1.4, label=escape_dollar(name))
        axes.plot(across[1:-1], up[1:-1], line.marker, color=line.color, markersize=2.5)
        axes.plot(across[0], up[0], line.marker, color=line.color, markersize=8, markerfacecolor="white")
        axes.plot(across[-1], up[-1], line.marker, color=line.color, markersize=8)
        for place in sorted({0, len(across) // 2, len(across) - 1}):
            around = ellipse_outline(way["mean"].values[place], way["covariance"].values[place])
            axes.fill(*around, color=line.color, alpha=0.15, linewidth=0)
            axes.plot(*around, color=line.color, linewidth=0.7, linestyle=line.linestyle)
    axes.plot([], [], "o", color=BLACK, markerfacecolor="white", label="start (end: filled)")
    axes.set(
        xlim=(0, 1),
        ylim=(0, 1),
        aspect="equal",
        xlabel="availability: will this figure be there? (0..1)",
        ylabel="worth: am I someone others respond to? (0..1)",
    )
    axes.legend(frameon=False, fontsize="small", loc="lower right", bbox_to_anchor=(1.0, 0.05))
    open_sides(axes)
    return figure
