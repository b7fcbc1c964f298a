"""Plot of predictive checks: observed test statistics and predictive intervals."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLUE, VERMILLION
from iwm_bayes.viz.style import escape_dollar

ENDS = ["pi95_low", "pi95_high", "observed"]


def draw_checks(panel: Axes, relative: pd.DataFrame, outside: np.ndarray) -> None:
    """Draw predictive intervals and observed values, scaled to 0–1, one line per test statistic.

    `relative` has the columns ENDS, and `outside` (statistic,) says which observed values are outside their interval.
    """
    for color, mask, label in (
        (BLUE, ~outside, "95% predictive interval"),
        (VERMILLION, outside, "interval without the observed value"),
    ):
        lines, positions = relative[mask], np.flatnonzero(mask)
        panel.hlines(positions, lines["pi95_low"], lines["pi95_high"], color=color, linewidth=4, label=label)
    observed = relative["observed"].to_numpy()
    inside = np.flatnonzero(~outside)
    panel.plot(observed[inside], inside, "|", color="black", markersize=9, label="observed")
    panel.plot(
        observed[outside], np.flatnonzero(outside), "X", color="black", markersize=6, label="observed, outside 95%"
    )


def ppc_plot(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw predictive checks of one or several models, one panel per model.

    Each test statistic has its own scale, from the lowest to the highest of all intervals and observed values.

    Parameters
    ----------
    tables
        By model: what `predictive_checks.ppc_table` returns, with the same test statistics in the same order.
    """
    first = next(iter(tables.values()))
    fig, axes = plt.subplots(
        1, len(tables), figsize=(2.2 + 2.2 * len(tables), 0.24 * len(first) + 1.2), sharey=True, layout="constrained"
    )
    panels = np.atleast_1d(axes)
    ends = pd.concat([table[ENDS].reset_index(drop=True) for table in tables.values()], axis=1)
    lowest, highest = ends.min(axis=1), ends.max(axis=1)
    width = (highest - lowest).where(highest > lowest, 1.0)
    for panel, (name, table) in zip(panels, tables.items(), strict=True):
        relative = table[ENDS].reset_index(drop=True).sub(lowest, axis=0).div(width, axis=0)
        draw_checks(panel, relative, (table["status"] != "").to_numpy())
        panel.set(title=escape_dollar(name), xticks=[], xlabel="lowest to highest")
        panel.spines[["top", "right", "left"]].set_visible(False)
    labels = [escape_dollar(f"{line.response}: {line.statistic}") for line in first.itertuples()]
    panels[0].set_yticks(range(len(first)), labels, fontsize="x-small")
    panels[0].invert_yaxis()
    fig.legend(
        *panels[-1].get_legend_handles_labels(), frameon=False, fontsize="x-small", loc="outside lower center", ncols=2
    )
    return fig
