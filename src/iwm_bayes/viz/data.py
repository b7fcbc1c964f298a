"""Plot of the data: number of people, outcomes and responses by session, before any model."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import Line, lines_for
from iwm_bayes.viz.style import PAGE_WIDTH, PANEL_WIDTH, escape_dollar, in_house_style, words


def draw_mean_and_range(panel: Axes, values: xr.DataArray, line: Line, highest: float) -> None:
    """Draw the mean of values (session, person) by session, and the range of the middle 90% of people."""
    recorded = values.dropna("session", how="all")
    if recorded.sizes["session"]:
        low, high = recorded.quantile([0.05, 0.95], "person", skipna=True).values
        panel.fill_between(recorded["session"], low, high, color=line.color, alpha=0.18, linewidth=0)
    panel.plot(recorded["session"], recorded.mean("person"), **line._asdict(), markersize=3)
    panel.set_ylim(-0.05 * highest, 1.05 * highest)


def highest_of_all(sessions: Mapping[str, xr.Dataset], responses: Sequence[str]) -> list[float]:
    """Return the upper end of each row of panels, the outcome's first: 1, or the highest value with any figure."""
    by_figure = [
        [data["outcome"], *(data["answer"].sel(response=name) for name in responses)] for data in sessions.values()
    ]
    return [float(np.nanmax([1.0, *(own.max() for own in row)])) for row in zip(*by_figure, strict=True)]


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
    highest = highest_of_all(sessions, responses)
    for column, ((name, data), line) in enumerate(zip(sessions.items(), lines_for(len(sessions)), strict=True)):
        top, *others = panels[:, column]
        top.set_title(escape_dollar(name))
        top.step(data["session"], data["people"].sum("person"), where="mid", color=line.color)
        top.set_ylim(bottom=0)
        variables = [data["outcome"], *(data["answer"].sel(response=response) for response in responses)]
        for panel, values, most in zip(others, variables, highest, strict=True):
            draw_mean_and_range(panel, values, line, most)
        panels[-1, column].set_xlabel("Session")
    for panel, label in zip(
        panels[:, 0],
        ("People", "Outcome\n(0–1)", *(words(name).replace(" ", "\n", 1) for name in responses)),
        strict=True,
    ):
        panel.set_ylabel(label, fontsize=8, rotation=0, ha="right", va="center")
    fig.align_ylabels()
    return fig
