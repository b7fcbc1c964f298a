"""Plot of a model comparison: the difference in ELPD from the best model."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.comparison.elpd import BEST, DISTINGUISHABLE, NOT_DISTINGUISHABLE
from iwm_bayes.viz.palette import LINES
from iwm_bayes.viz.style import escape_dollar, open_sides


def elpd_plot(table: pd.DataFrame, unit: str) -> Figure:
    """Draw the ELPD difference of each model to the best model, with two standard errors of the difference.

    Parameters
    ----------
    table
        What `elpd.elpd_table` returns: one line per model, the best first.
    unit
        What is predicted, for the label of the axis.
    """
    fig, axes = plt.subplots(figsize=(6.2, 0.4 * len(table) + 1.3), layout="constrained")
    for decision, line in zip((BEST, NOT_DISTINGUISHABLE, DISTINGUISHABLE), LINES, strict=False):
        [positions] = np.nonzero(table["decision"] == decision)
        if not len(positions):
            continue
        models = table.iloc[positions]
        axes.errorbar(
            models["elpd_diff"],
            positions,
            xerr=2.0 * models["dse"],
            color=line.color,
            marker=line.marker,
            linestyle="",
            capsize=3,
            label=decision,
        )
    axes.axvline(0.0, color="0.75", linewidth=0.8, zorder=0)
    axes.set_yticks(range(len(table)), [escape_dollar(name) for name in table["model"]])
    axes.set(xlabel=f"ELPD difference to the best model, ±2 SE (dse)\n{unit}", ylim=(len(table) - 0.5, -0.5))
    axes.legend(frameon=False, fontsize="small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    open_sides(axes)
    return fig
