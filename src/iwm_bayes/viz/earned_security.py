"""Plots of time to earned security: cumulative incidence by arm, and its projection under a scenario."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.estimands.security.by_arm import assessable_intervals
from iwm_bayes.estimands.security.estimands import curves_about
from iwm_bayes.estimands.security.tables import THESE_PEOPLE
from iwm_bayes.viz.palette import BLACK, BLUE, CHANCE_LABEL, LINES, tick_sessions
from iwm_bayes.viz.style import escape_dollar, message_plot, number_at_risk_panel, open_sides


def draw_incidence(axes: Axes, curves: xr.Dataset) -> None:
    """Draw the median and the 90% CrI of the share that is earned secure, as far as it can be assessed, by arm."""
    for index, (arm, line) in enumerate(zip(curves["arm"].values, LINES, strict=False)):
        session, low, median, high = assessable_intervals(curves, str(arm))
        if not len(session):
            continue
        axes.fill_between(session, low, high, step="post", color=line.color, alpha=0.2, linewidth=0)
        axes.step(
            session,
            median,
            where="post",
            **line._asdict(),
            markersize=4,
            markevery=(min(index, len(session) - 1), max(2, len(session) // 6)),
            label=f"{escape_dollar(arm)}, 90% CrI",
        )


def set_session_axes(axes: Axes, session: np.ndarray, xlabel: str, ylabel: str) -> None:
    """Set labels, limits and ticks of a plot of shares (0–1) by session."""
    axes.set(
        xlabel=xlabel,
        ylabel=ylabel,
        ylim=(0, 1),
        xlim=(1, max(session[-1], 2)),
        xticks=tick_sessions(session),
    )
    axes.legend(frameon=False, loc="upper left", fontsize="small")
    open_sides(axes)


def time_to_security_plot(curves: xr.Dataset) -> Figure:
    """Draw the share of people who are earned secure by each session, by arm, with numbers at risk.

    Parameters
    ----------
    curves
        What `by_arm.incidence_by_arm` returns. The dotted line is the share of everyone under uninformative care.
    """
    session, arms = curves["session"].values, [str(arm) for arm in curves["arm"].values]
    fig, (axes, below) = plt.subplots(
        2,
        1,
        figsize=(6, 3.7 + 0.25 * len(arms)),
        sharex=True,
        layout="constrained",
        height_ratios=[3.2, 0.25 * len(arms)],
    )
    draw_incidence(axes, curves)
    chance = curves["chance_level"].dropna("session")
    axes.step(chance["session"], chance, where="post", color=BLACK, linestyle=(0, (1, 3)), label=CHANCE_LABEL)
    xlabel = f"session ({escape_dollar(curves.attrs['figure'])})"
    set_session_axes(axes, session, xlabel, "share of people\ninsecure at baseline")
    axes.tick_params(labelbottom=True)
    ticks = tick_sessions(session)
    at_risk = curves["at_risk"].sel(session=ticks)
    number_at_risk_panel(below, ticks, {arm: at_risk.sel(arm=arm).values for arm in arms}, "number at risk")
    return fig


def time_to_security_plots(curves: xr.Dataset) -> dict[str, Figure]:
    """Draw the time to earned security of these people by figure; none where nobody can be assessed.

    `curves` are those of the estimand `time_to_security`, by figure and about.
    """
    by_figure = {figure: curves_about(curves, figure, THESE_PEOPLE) for figure in map(str, curves["figure"].values)}
    return {figure: time_to_security_plot(own) for figure, own in by_figure.items() if own["last"].any()}


def projection_plot(shares: xr.DataArray, scenario: str) -> Figure:
    """Draw the share of people who are earned secure by each further session under a scenario, with 90% CrI.

    `shares` (sample, session) is what `projection.project` returns.
    """
    defined = shares.dropna("sample", how="all")  # draws in which anyone is insecure when the scenario begins
    if not defined.sizes["sample"]:
        return message_plot("Nobody is insecure when the scenario begins, so there is nothing to project.")
    low, median, high = defined.quantile([0.05, 0.5, 0.95], "sample").values
    session = shares["session"].values
    fig, axes = plt.subplots(figsize=(6, 3.2), layout="constrained")
    axes.fill_between(session, low, high, step="post", color=BLUE, alpha=0.2, linewidth=0, label="90% CrI")
    axes.step(session, median, where="post", color=BLUE, label=f"projection, scenario {escape_dollar(scenario)}")
    set_session_axes(axes, session, "further session", "share of people\ninsecure now")
    return fig
