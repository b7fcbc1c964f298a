"""Plot of reciprocity: the probability by exchange that one member, the other and both are secure."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from iwm_bayes.viz.palette import lines_for, tick_sessions
from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, escape_dollar, in_house_style

BOTH_WIDTH = 2.4  # points: the line of both members, which is the answer


@in_house_style
def reciprocity_plot(data: xr.Dataset) -> Figure:
    """Draw the share of dyads in which each member and both are secure by exchange, with 90% CrI.

    Parameters
    ----------
    data
        What `reciprocity_data` returns.
    """
    who = [str(name) for name in data["who"].values]
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, 3.2))
    for name, line in zip(who, lines_for(len(who)), strict=True):
        values = data.sel(who=name)
        style = {"color": line.color, "linestyle": line.linestyle}
        width = BOTH_WIDTH if name == who[-1] else 1.4
        axes.fill_between(values["exchange"], values["low"], values["high"], color=line.color, alpha=0.15, linewidth=0)
        axes.plot(values["exchange"], values["median"], linewidth=width, label=f"{escape_dollar(name)}", **style)
    exchange = data["exchange"].values
    axes.set(xlabel="Exchange", ylabel="Secure at an exchange (share of dyads)")
    axes.set(ylim=(0, 1), xlim=(exchange[0], exchange[-1]))
    axes.set_xticks(tick_sessions(exchange))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_title("Reciprocity: who is secure", pad=22)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(who), borderpad=0, fontsize=SMALL)
    return fig
