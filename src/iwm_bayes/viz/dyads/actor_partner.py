"""Plot of actor and partner effects: what a belief of one member does to the acts of both."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.viz.palette import ACTED_ON, DARK_GREY, Line, lines_for
from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, escape_dollar, in_house_style

ROW = 0.62  # inches
SPREAD = 0.16  # of a row: dots of dyads lie in a band below the interval


def effect_label(one: xr.Dataset, role: str, other: str) -> str:
    """Return what an effect is of, on what, in two lines."""
    act = str(one["act"].values).replace("_", " ")
    belief, whose = str(one["belief"].values), str(one["whose_act"].values)
    on = f"own {act}" if whose == role else f"{whose}'s next {act}"
    own = f"{role}'s trust in the {other}" if belief in ("availability", "expected") else f"{role}'s {ACTED_ON[belief]}"
    return escape_dollar(f"{str(one['effect'].values).capitalize()}: {own}\n→ {on}")


def draw_effect(axes: Axes, one: xr.Dataset, row: int, line: Line) -> None:
    """Draw an effect: median, 50% and 90% CrI, and below them a dot for each dyad."""
    of_dyad = one["of_dyad"].values
    band = row + 0.3 + SPREAD * np.sin(2.0 * np.arange(len(of_dyad)))  # scattered in a way that is always the same
    axes.plot(of_dyad, band, ".", color=line.color, alpha=0.35, markersize=3, markeredgewidth=0)
    axes.hlines(row, one["ci90_low"], one["ci90_high"], color=line.color, linewidth=1.0)
    axes.hlines(row, one["ci50_low"], one["ci50_high"], color=line.color, linewidth=3.0)
    axes.plot(one["median"], row, line.marker, color=line.color, markersize=6)
    axes.annotate(
        f"{float(one['median']):.2g}".replace("-", "−"),
        (float(one["median"]), row),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        fontsize=SMALL,
        color=line.color,
    )


@in_house_style
def actor_partner_plot(data: xr.Dataset) -> Figure:
    """Draw actor and partner effects of both members with 50% and 90% CrI; a small dot is one dyad.

    Parameters
    ----------
    data
        What `actor_partner_data` returns.
    """
    roles = [str(role) for role in data["role"].values]
    lines = dict(zip(roles, lines_for(len(roles)), strict=True))
    shown = [
        (role, effect)
        for effect in map(str, data["effect"].values)
        for role in roles
        if np.isfinite(data["median"].sel(role=role, effect=effect))
    ]
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH + 0.6, ROW * len(shown) + 1.1))
    axes.axvline(0, color=DARK_GREY, linewidth=0.8)
    for row, (role, effect) in enumerate(shown):
        draw_effect(axes, data.sel(role=role, effect=effect), row, lines[role])
    others = dict(zip(roles, reversed(roles), strict=True))
    labels = [effect_label(data.sel(role=role, effect=effect), role, others[role]) for role, effect in shown]
    axes.set_yticks(range(len(shown)), labels, fontsize=SMALL + 0.5)
    axes.set(ylim=(len(shown) - 0.3, -0.6), xlabel="Change of the expected act (0–1)\nper 0.1 of the belief (0–1)")
    axes.set_title("Actor and partner effects")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    return fig
