"""Beliefs along the sessions, what happened in them, and what was answered over what a fit foretells."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLACK, GREEN, LINES, VERMILLION
from iwm_bayes.viz.style import escape_dollar, open_sides


def draw_beliefs(panel: Axes, course: xr.Dataset) -> None:
    """Each belief with its 90 % interval."""
    for belief, line in zip(course["belief"].values, LINES, strict=False):
        own = course.sel(belief=belief)
        panel.fill_between(own["session"], own["low"], own["high"], color=line.color, alpha=0.2, linewidth=0)
        panel.plot(own["session"], own["middle"], color=line.color, linestyle=line.linestyle, label=f"{belief}, 90 %")
    panel.set(ylim=(0, 1), ylabel="belief (0..1)")


def draw_events(panel: Axes, course: xr.Dataset) -> None:
    """Outcomes as marks, ruptures and repairs over them; of the group, the mean and the shares of people."""
    several = course.attrs["who"] == "the group"
    panel.plot(
        course["session"],
        course["outcome"],
        "o",
        color=BLACK,
        markersize=3.5,
        markerfacecolor="white",
        label="mean outcome" if several else "outcome",
    )
    for name, marker, colour in (("rupture", "v", VERMILLION), ("repair", "^", GREEN)):
        label = f"share with a {name}" if several else name
        panel.plot(course["session"], course[name], marker, color=colour, markersize=6, label=label, linestyle="none")
    panel.set(ylim=(-0.08, 1.08), yticks=[0, 0.5, 1], ylabel="outcome (0..1)")


def draw_answers(panel: Axes, course: xr.Dataset, response: str) -> None:
    """What was answered, over what the fit's people answer."""
    own = course.sel(response=response)
    low, high = own["predicted_low"], own["predicted_high"]
    panel.fill_between(own["session"], low, high, color="0.82", linewidth=0, label="90 % foretold")
    panel.plot(own["session"], own["predicted"], color="0.45", linewidth=1)
    panel.plot(own["session"], own["answer"], "o", color=BLACK, markersize=3, label="answered")
    most = np.nanmax([own["answer"].max(), high.max(), 1.0])
    panel.set(ylim=(-0.05 * most, 1.05 * most), ylabel=escape_dollar(response).replace("_", " ") + f"\n(0..{most:.0f})")


def trajectory_plot(course: xr.Dataset, figure_met: str) -> Figure:
    """One person or the group, as `trajectories.make_trajectory` gives them: beliefs, events, and each answer below."""
    responses = [str(name) for name in course["response"].values]
    heights = [2.0, 1.0, *[1.2] * len(responses)]
    figure, panels = plt.subplots(
        len(heights),
        1,
        figsize=(6.2, 1.25 * sum(heights) * 0.8 + 0.6),
        sharex=True,
        layout="constrained",
        height_ratios=heights,
    )
    draw_beliefs(panels[0], course)
    draw_events(panels[1], course)
    for panel, response in zip(panels[2:], responses, strict=True):
        draw_answers(panel, course, response)
    for panel in panels[:3]:
        panel.legend(frameon=False, fontsize="x-small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.align_ylabels()
    panels[-1].set_xlabel(f"session ({escape_dollar(figure_met)}); 0 is the start")
    open_sides(*panels)
    return figure
