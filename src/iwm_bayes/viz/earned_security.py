"""Earned security by session: what was, by arm, and what a plan of care would bring."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.types import figure_label
from iwm_bayes.viz.palette import BLACK, BLUE, LINES
from iwm_bayes.viz.style import escape_dollar, message_plot, number_at_risk_panel, open_sides

MAX_TICKS = 7  # at most so many places at which people are counted


def tick_sessions(sessions: np.ndarray) -> np.ndarray:
    """The first session, and others in even steps from it."""
    return sessions[:: -(-len(sessions) // MAX_TICKS)]


def time_to_security_plot(curves: xr.Dataset) -> Figure:
    """Share of people who are earned secure by each session, by arm, with 90 % intervals, chance, and people at risk.

    `curves` is what `arms.curves` returns.
    """
    session, arms = curves["session"].values, [str(arm) for arm in curves["arm"].values]
    figure, (axes, below) = plt.subplots(
        2,
        1,
        figsize=(6, 3.7 + 0.25 * len(arms)),
        sharex=True,
        layout="constrained",
        height_ratios=[3.2, 0.25 * len(arms)],
    )
    low, middle, high = curves["probability"].quantile([0.05, 0.5, 0.95], ("chain", "draw")).values
    for place, (arm, line) in enumerate(zip(arms, LINES, strict=False)):
        axes.fill_between(session, low[place], high[place], step="post", color=line.color, alpha=0.2, linewidth=0)
        axes.step(
            session,
            middle[place],
            where="post",
            color=line.color,
            linestyle=line.linestyle,
            marker=line.marker,
            markersize=4,
            markevery=(place, max(2, len(session) // 6)),
            label=f"{escape_dollar(arm)}, 90 % interval",
        )
    chance = float(curves["chance"])
    axes.axhline(chance, color=BLACK, linestyle=(0, (1, 3)), label="everyone by chance, at the last session")
    axes.set(
        xlabel=f"session ({escape_dollar(figure_label(curves.attrs['figure']))})",
        ylabel="share of those who start insecure",
        ylim=(0, 1),
        xlim=(1, max(session[-1], 2)),
        xticks=tick_sessions(session),
    )
    axes.tick_params(labelbottom=True)
    axes.legend(frameon=False, loc="upper left", fontsize="small")
    open_sides(axes)
    shown = curves["at_risk"].sel(session=tick_sessions(session))
    number_at_risk_panel(
        below, tick_sessions(session), {arm: shown.sel(arm=arm).values for arm in arms}, "people not yet secure"
    )
    return figure


def projection_plot(shares: xr.DataArray, plan: str) -> Figure:
    """Share of people earned secure by each further session under a plan of care: `derive.project`'s, with 90 %."""
    defined = shares.dropna("sample", how="all")  # draws in which anyone is insecure when the plan begins
    if not defined.sizes["sample"]:
        return message_plot("Nobody is insecure when the plan begins: there is nobody left to become secure.")
    low, middle, high = defined.quantile([0.05, 0.5, 0.95], "sample").values
    session = shares["session"].values
    figure, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
    axes.fill_between(session, low, high, step="post", color=BLUE, alpha=0.2, linewidth=0, label="90 % interval")
    axes.step(session, middle, where="post", color=BLUE, label=f"under {escape_dollar(plan)}")
    axes.set(
        xlabel="further session",
        ylabel="share of those insecure now",
        ylim=(0, 1),
        xlim=(1, max(session[-1], 2)),
        xticks=tick_sessions(session),
    )
    axes.legend(frameon=False, loc="upper left", fontsize="small")
    open_sides(axes)
    return figure
