"""Can a theory make what people did?"""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLUE, VERMILLION
from iwm_bayes.viz.style import escape_dollar


def ppc_plot(checks: Mapping[str, pd.DataFrame]) -> Figure:
    """Predictive checks by theory: what was seen (line, cross) against 95 % of what a theory's people do (bars).

    Each effect on a scale of its own: from the least to the most that anything says of it.
    """
    first = next(iter(checks.values()))
    figure, axes = plt.subplots(
        1, len(checks), figsize=(2.2 + 2.2 * len(checks), 0.24 * len(first) + 1.2), sharey=True, layout="constrained"
    )
    ends = pd.concat([table[["low", "high", "data"]].reset_index(drop=True) for table in checks.values()], axis=1)
    least, most = ends.min(axis=1), ends.max(axis=1)
    width = (most - least).where(most > least, 1.0)
    places = range(len(first))
    for panel, (name, table) in zip(np.atleast_1d(axes), checks.items(), strict=True):
        low, high, data = (((table[column] - least) / width).to_numpy() for column in ("low", "high", "data"))
        missed = (table["note"] != "").to_numpy()
        for colour, which, label in ((BLUE, ~missed, "95 %, holds"), (VERMILLION, missed, "95 %, missed")):
            where = np.flatnonzero(which)
            panel.hlines(where, low[where], high[where], color=colour, linewidth=4, label=label, linestyles="-")
        panel.plot(data[~missed], np.flatnonzero(~missed), "|", color="black", markersize=9, label="seen")
        panel.plot(data[missed], np.flatnonzero(missed), "X", color="black", markersize=6, label="seen, missed")
        panel.set(title=escape_dollar(name), xticks=[], xlabel="least to most")
        panel.spines[["top", "right", "left"]].set_visible(False)
    np.atleast_1d(axes)[0].set_yticks(places, first["response"] + ": " + first["effect"], fontsize="x-small")
    np.atleast_1d(axes)[0].invert_yaxis()
    handles, labels = np.atleast_1d(axes)[-1].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize="x-small", loc="outside lower center", ncols=4)
    return figure
