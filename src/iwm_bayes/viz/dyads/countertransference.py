"""Plot of countertransference: how far what a carer does follows the style of the other member, dyad by dyad."""

from string import ascii_uppercase

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import DARK_GREY, GREY, LINES
from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, escape_dollar, in_house_style, words


def carer_marks(carers: list[str]) -> dict[str, tuple[str, str]]:
    """Return the letter and the colour of each carer; dots where there are more than letters, or one each."""
    if len(carers) > len(ascii_uppercase):
        return {carer: (LINES[0].marker, LINES[0].color) for carer in carers}
    return {
        carer: (f"${letter}$", LINES[index % len(LINES)].color)
        for index, (carer, letter) in enumerate(zip(carers, ascii_uppercase, strict=False))
    }


@in_house_style
def countertransference_plot(data: xr.Dataset) -> Figure:
    """Draw a parameter of the carer over the other's style, one mark per dyad; dyads of one carer have one letter.

    Parameters
    ----------
    data
        What `countertransference_data` returns.
    """
    carers = sorted(set(map(str, data["carer"].values)))
    alone = len(carers) == data.sizes["person"]  # every carer has one dyad: letters would say nothing
    marks = {carer: (LINES[0].marker, LINES[0].color) for carer in carers} if alone else carer_marks(carers)
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, 3.3))
    if data.attrs["signed"]:
        axes.axhline(0, color=DARK_GREY, linewidth=0.8)
    axes.vlines(data["style"], data["ci90_low"], data["ci90_high"], color=GREY, linewidth=0.5, alpha=0.6)
    for carer, (marker, color) in marks.items():
        own = data.isel(person=np.flatnonzero(data["carer"].values.astype(str) == carer))
        axes.plot(own["style"], own["median"], linestyle="", marker=marker, color=color, markersize=5 if alone else 6)
    style, parameter = words(data.attrs["style"]), words(data.attrs["parameter"])
    axes.set(xlabel=style, ylabel=parameter)
    low, r, high = (f"{data.attrs[name]:.2f}".replace("-", "−") for name in ("r_low", "r", "r_high"))
    axes.set_title(f"r = {r} (90% CrI {low} to {high})")
    letters = "" if alone else f"; each letter is one {escape_dollar(data.attrs['role'])}"
    fig.supxlabel(f"One mark per dyad, with its 90% CrI{letters}", fontsize=SMALL, color=DARK_GREY)
    return fig
