"""The data in a picture: what people met and what they answered, by figure, before any theory."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import LINES
from iwm_bayes.viz.style import escape_dollar, open_sides


def data_plot(lives: Mapping[str, xr.Dataset]) -> Figure:
    """By figure: people present, the mean outcome and each answer's mean by session, with the middle 90 % of people.

    `lives` hold people (session, person), outcome (session, person) and answer (response, session, person).
    """
    responses = list(dict.fromkeys(str(name) for life in lives.values() for name in life["response"].values))
    heights = [0.6, *[1.0] * (1 + len(responses))]
    figure, panels = plt.subplots(
        len(heights),
        len(lives),
        figsize=(1.6 + 3.0 * len(lives), 0.5 + 1.25 * sum(heights)),
        sharey="row",
        sharex="col",
        layout="constrained",
        squeeze=False,
        height_ratios=heights,
    )
    for column, ((name, life), line) in enumerate(zip(lives.items(), LINES * len(lives), strict=False)):
        top, *others = panels[:, column]
        top.set_title(escape_dollar(name))
        top.step(life["session"], life["people"].sum("person"), where="mid", color=line.color)
        top.set_ylim(bottom=0)
        shown = [life["outcome"], *(life["answer"].sel(response=response) for response in responses)]
        for panel, values in zip(others, shown, strict=True):
            there = values.dropna("session", how="all")
            if there.sizes["session"]:
                low, high = there.quantile([0.05, 0.95], "person", skipna=True).values
                panel.fill_between(there["session"], low, high, color=line.color, alpha=0.18, linewidth=0)
            panel.plot(
                there["session"],
                there.mean("person"),
                color=line.color,
                linestyle=line.linestyle,
                marker=line.marker,
                markersize=3,
            )
            most = float(np.nanmax([*np.ravel(values), 1.0]))
            panel.set_ylim(-0.05 * most, 1.05 * most)
        panels[-1, column].set_xlabel("session")
    for panel, label in zip(panels[:, 0], ("people", "outcome (0..1)", *responses), strict=True):
        panel.set_ylabel(escape_dollar(label).replace("_", "\n"), fontsize="small", rotation=0, ha="right", va="center")
    figure.align_ylabels()
    open_sides(*panels.flat)
    return figure
