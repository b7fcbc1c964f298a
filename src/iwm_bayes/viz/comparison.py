"""Theories beside each other: how much worse each foretells than the best."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import LINES
from iwm_bayes.viz.style import escape_dollar, open_sides


def elpd_plot(ranking: pd.DataFrame, unit: str) -> Figure:
    """Log score less that of the best, with two standard errors: `compare.ranked`'s lines, the best first."""
    figure, axes = plt.subplots(figsize=(6.2, 0.4 * len(ranking) + 1.3), layout="constrained")
    kinds = ("best", "not told apart", "worse")
    for kind, line in zip(kinds, LINES, strict=False):
        [places] = np.nonzero(ranking["says"] == kind)
        if not len(places):
            continue
        own = ranking.iloc[places]
        axes.errorbar(
            own["difference"],
            places,
            xerr=2.0 * own["se"],
            color=line.color,
            marker=line.marker,
            linestyle="",
            capsize=3,
            label=kind,
        )
    axes.axvline(0.0, color="0.75", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(ranking)), [escape_dollar(name) for name in ranking["theory"]])
    axes.set(xlabel=f"log score less the best's (nats), two standard errors\n{unit}", ylim=(len(ranking) - 0.5, -0.5))
    axes.legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    open_sides(axes)
    return figure
