"""Plot of simulation-based calibration (SBC): how far ranks of true values are from a uniform distribution."""

import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import BLUE, VERMILLION
from iwm_bayes.viz.style import escape_dollar, in_house_style, outer_labels, panel_grid


@in_house_style
def sbc_ranks_plot(table: pd.DataFrame, columns: int = 4) -> Figure:
    """Draw how far the distribution of ranks is from a uniform distribution, one panel per quantity.

    The line is the share of ranks up to a point minus the point, which is 0 if ranks are uniform.

    Parameters
    ----------
    table
        What `sbc_ranks_data` returns. The grey band contains the lines of 95% of calibrated quantities.
    columns
        Number of panels side by side.
    """
    quantities = dict(list(table.groupby("quantity", sort=False)))
    fig, panels = panel_grid(len(quantities), columns, 1.35)
    reach = 1.1 * float(table[["difference", "low", "high"]].abs().to_numpy().max())
    for panel, (name, own) in zip(panels, quantities.items(), strict=True):
        status = own["status"].iloc[0]
        color, linestyle = (VERMILLION, "--") if status else (BLUE, "-")
        panel.fill_between(own["rank"], own["low"], own["high"], color="0.87", linewidth=0)
        panel.plot(own["rank"], own["difference"], color=color, linestyle=linestyle)
        title = f"{escape_dollar(name)}: {status}" if status else escape_dollar(name)
        panel.set_title(title, fontsize=6.5, fontweight="normal")
        panel.set(xlim=(0, 1), xticks=[0, 0.5, 1], ylim=(-reach, reach))
    outer_labels(panels, min(columns, len(panels)))
    fig.supxlabel("Relative rank of the true value among posterior draws", fontsize=8.5)
    fig.supylabel("Share − uniform", fontsize=8.5)
    return fig
