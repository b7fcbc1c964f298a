"""Plot of the data: number of people, outcomes and responses by session, before any model."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import LINES, Line
from iwm_bayes.viz.style import PAGE_WIDTH, PANEL_WIDTH, escape_dollar, in_house_style, words


def draw_mean_and_range(panel: Axes, values: xr.DataArray, line: Line) -> None:
    """Draw the mean of values (session, person) by session, and the range of the middle 90% of people."""
    recorded = values.dropna("session", how="all")
    if recorded.sizes["session"]:
        low, high = recorded.quantile([0.05, 0.95], "person", skipna=True).values
        panel.fill_between(recorded["session"], low, high, color=line.color, alpha=0.18, linewidth=0)
    panel.plot(recorded["session"], recorded.mean("person"), **line._asdict(), markersize=3)
    highest = float(np.nanmax([*np.ravel(values), 1.0]))
    panel.set_ylim(-0.05 * highest, 1.05 * highest)


@in_house_style
def data_plot(sessions: Mapping[str, xr.Dataset]) -> Figure:
    """Draw the number of people, the mean outcome and the mean of each response by session, one column per figure.

    Parameters
    ----------
    sessions
        What `trajectories.study_data` returns. By figure: `people` and `outcome` (session, person), and
        `answer` (response, session, person).
    """
    responses = list(dict.fromkeys(str(name) for data in sessions.values() for name in data["response"].values))
    heights = [0.6, *[1.0] * (1 + len(responses))]
    width = PANEL_WIDTH if len(sessions) == 1 else max(PAGE_WIDTH, 1.8 * len(sessions))
    fig, panels = plt.subplots(
        len(heights),
        len(sessions),
        figsize=(width, 0.5 + 1.05 * sum(heights)),
        sharey="row",
        sharex="col",
        squeeze=False,
        height_ratios=heights,
    )
    for column, ((name, data), line) in enumerate(zip(sessions.items(), LINES * len(sessions), strict=False)):
        top, *others = panels[:, column]
        top.set_title(escape_dollar(name))
        top.step(data["session"], data["people"].sum("person"), where="mid", color=line.color)
        top.set_ylim(bottom=0)
        variables = [data["outcome"], *(data["answer"].sel(response=response) for response in responses)]
        for panel, values in zip(others, variables, strict=True):
            draw_mean_and_range(panel, values, line)
        panels[-1, column].set_xlabel("Session")
    for panel, label in zip(
        panels[:, 0],
        ("People", "Outcome\n(0–1)", *(words(name).replace(" ", "\n", 1) for name in responses)),
        strict=True,
    ):
        panel.set_ylabel(label, fontsize=8, rotation=0, ha="right", va="center")
    fig.align_ylabels()
    return fig
