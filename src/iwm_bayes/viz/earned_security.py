"""Plots of time to earned security: cumulative incidence by arm, and its projection under a scenario."""

from textwrap import wrap
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from iwm_bayes.estimands.security.curves import time_to_security_data
from iwm_bayes.estimands.security.estimands import curves_about
from iwm_bayes.estimands.security.tables import THESE_PEOPLE
from iwm_bayes.viz.palette import BLUE, CHANCE_LABEL, DARK_GREY, LIGHT_GREY, Line, lines_for, tick_sessions
from iwm_bayes.viz.style import (
    PANEL_WIDTH,
    SMALL,
    escape_dollar,
    free_place,
    in_house_style,
    message_plot,
    session_label,
    spread_apart,
)

ROW = 0.17  # inches: a line of numbers at risk
MIN_ZONE = 0.16  # share of the sessions that cannot be assessed, from which words fit into it without a turn
LABEL_LINE = 0.06  # of the height of the panel: a line of a label
NEVER = "Nobody can be assessed, so there is no time to earned security to plot."

type Span = tuple[float, float]  # low and high end of a label, as shares of the height of the panel


def draw_arm(axes: Axes, own: xr.Dataset, line: Line, index: int) -> None:
    """Draw the median and the 90% CrI of the share that is earned secure in an arm, and its median time."""
    known = own.sel(session=slice(1, int(own["last"])))
    session = known["session"].values
    edges = np.append(session, session[-1] + 0.5)  # the last share is seen, too
    low, median, high = (np.append(known[name], known[name][-1]) for name in ("low", "median", "high"))
    axes.fill_between(edges, low, high, step="post", color=line.color, alpha=0.2, linewidth=0)
    markers = (min(2 * index, len(session) - 1), max(3, len(session) // 5))
    marker = line.marker if index or len(session) == 1 else ""
    style = {"color": line.color, "linestyle": line.linestyle, "marker": marker}
    label = "median, 90% CrI" if not index else None
    axes.step(edges, median, where="post", linewidth=2, markersize=4, markevery=markers, label=label, **style)
    until = float(own["median_sessions"])
    if np.isfinite(until):
        axes.vlines(until, 0, 0.5, color=line.color, linestyle=":", linewidth=1)
        axes.hlines(0.5, session[0], until, color=line.color, linestyle=":", linewidth=1)


def session_count(value: float) -> str:
    """Return a number of sessions in words; one that is not reached has none."""
    return f"{value:.0f}" if np.isfinite(value) else "not reached"


def median_words(own: xr.Dataset, arm: str) -> str:
    """Return the median number of sessions of an arm with its interval, in words."""
    middle, low, high = (float(own[f"median_sessions{end}"]) for end in ("", "_low", "_high"))
    name = f"{arm}: " if arm else ""
    if not np.isfinite(middle):
        return f"{name}median not reached"
    return f"{name}median session {middle:.0f} (90% CrI {low:.0f}–{session_count(high)})"


def write_medians(axes: Axes, data: xr.Dataset, names: dict[str, str]) -> list[Span]:
    """Write the median of each arm at the top left, or at the bottom right of early curves; return where."""
    session = data["session"].values
    early = data["median"].sel(session=session[int(0.6 * (len(session) - 1))]).max() > 0.72
    arms = list(names.items())
    for line_number, ((arm, name), line) in enumerate(zip(arms, lines_for(len(arms)), strict=True)):
        place = (0.98, 0.30 + 0.075 * (len(arms) - 1 - line_number)) if early else (0.02, 0.98 - 0.075 * line_number)
        end = int(data["last"].max()) / session[-1]
        x = place[0] * end if early else place[0]
        text = axes.text(x, place[1], median_words(data.sel(arm=arm), name), transform=axes.transAxes, fontsize=SMALL)
        text.set(color=line.color, ha="right" if early else "left", va="top", zorder=5)
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6})
    top = 0.30 + 0.075 * (len(arms) - 1) if early else 0.98
    return [(top - 0.075 * len(arms), top)]


def write_ends(axes: Axes, data: xr.Dataset, names: dict[str, str]) -> list[Span]:
    """Write the last share of each arm, and the last chance level, at the end of its line; return where."""
    lasts = [int(data["last"].sel(arm=arm)) for arm in names]
    ends = [(last, float(data["median"].sel(arm=arm, session=last))) for arm, last in zip(names, lasts, strict=True)]
    named = [
        "\n".join([f"{share:.0%}", *wrap(name, 13)]) for (_, share), name in zip(ends, names.values(), strict=True)
    ]
    styles: list[dict[str, Any]] = [{"color": line.color, "fontweight": "bold"} for line in lines_for(len(ends))]
    if "chance_level" in data:
        chance = data["chance_level"].dropna("session")
        ends.append((int(chance["session"][-1]), float(chance[-1])))
        named.append(f"{float(chance[-1]):.0%} chance")
        styles.append({"color": DARK_GREY, "fontsize": SMALL})
    extents = [LABEL_LINE * (text.count("\n") + 1) for text in named]
    margin = max(extents) / 2
    heights = spread_apart([share for _, share in ends], 2 * margin + 0.02, margin, 1 - margin)
    for (last, _), text, style, height in zip(ends, named, styles, heights, strict=True):
        axes.text(last + 0.7, height, text, va="center", linespacing=1.0, **style)
    return [(height - extent / 2, height + extent / 2) for height, extent in zip(heights, extents, strict=True)]


def not_assessable_words(data: xr.Dataset, last: int) -> str:
    """Return why sessions after the last one cannot be assessed."""
    duration = int(data.attrs.get("duration", 0))
    few_left = last + duration > int(data["session"][-1])
    return f"fewer than {duration} sessions left" if few_left else "too few people left at risk"


def draw_not_assessable(axes: Axes, data: xr.Dataset, taken: list[Span]) -> None:
    """Draw the sessions that cannot be assessed in grey, with the reason where no label is."""
    last, end = int(data["last"].max()), int(data["session"][-1])
    if last >= end:
        return
    axes.axvspan(last + 0.5, end + 0.5, color=LIGHT_GREY, linewidth=0, zorder=0)
    share = (end - last) / max(end - 1, 1)
    text = wrap(
        f"not assessable: {not_assessable_words(data, last)}", 60 if share < MIN_ZONE else max(12, int(50 * share))
    )
    place: dict[str, Any] = (
        {"rotation": 90, "y": 0.5} if share < MIN_ZONE else {"y": free_place(taken, LABEL_LINE * len(text))}
    )
    x = (last + end + 1) / 2
    axes.text(x, s="\n".join(text), color=DARK_GREY, fontsize=SMALL - 0.5, ha="center", va="center", **place)


def number_at_risk_panel(panel: Axes, data: xr.Dataset, names: dict[str, str]) -> None:
    """Draw the number at risk of each arm at some sessions, below the curves."""
    ticks = tick_sessions(data["session"].values)
    for row, ((arm, _), line) in enumerate(zip(names.items(), lines_for(len(names)), strict=True)):
        for session, number in zip(ticks, data["at_risk"].sel(arm=arm, session=ticks).values, strict=True):
            panel.text(session, row, f"{number:.0f}", ha="center", va="center", fontsize=8, color=line.color)
    panel.set_yticks(range(len(names)), list(names.values()), fontsize=SMALL)
    panel.set(ylim=(len(names) - 0.5, -0.5))
    panel.set_title("Number at risk", fontsize=SMALL, fontweight="normal", color=DARK_GREY, pad=2)
    panel.tick_params(length=0, labelbottom=False, pad=12)
    panel.spines[:].set_visible(False)


@in_house_style
def time_to_security_plot(data: xr.Dataset) -> Figure:
    """Draw the share of people who are earned secure by each session, by arm, with numbers at risk.

    Parameters
    ----------
    data
        What `time_to_security_data` returns. A thin dotted line is the share under uninformative care, by session.
        Dotted lines lead to the median of an arm. Sessions that cannot be assessed are grey.
    """
    if not data:
        return message_plot(NEVER)
    arms = [str(arm) for arm in data["arm"].values]
    names = {arm: escape_dollar(arm) if len(arms) > 1 else "" for arm in arms}
    table = ROW * (len(arms) + 1)
    fig, (axes, below) = plt.subplots(
        2, 1, figsize=(PANEL_WIDTH, 3.2 + table), sharex=True, height_ratios=[2.6, ROW * len(arms)]
    )
    for index, (arm, line) in enumerate(zip(arms, lines_for(len(arms)), strict=True)):
        draw_arm(axes, data.sel(arm=arm), line, index)
    if "chance_level" in data:
        chance = data["chance_level"].dropna("session")
        label = CHANCE_LABEL
        axes.step(chance["session"], chance, where="post", color=DARK_GREY, linestyle=(0, (1, 1.5)), label=label)
    taken = [*write_ends(axes, data, names), *write_medians(axes, data, names)]
    draw_not_assessable(axes, data, taken)
    session = data["session"].values
    axes.set(xlabel=session_label(data.attrs["figure"]), ylabel="Earned secure, of people insecure at baseline")
    axes.set(ylim=(0, 1), xlim=(1, max(session[-1], 2) + 0.5), xticks=tick_sessions(session))
    axes.set_title("Cumulative incidence of earned security", pad=20)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.tick_params(labelbottom=True)
    axes.legend(
        loc="lower right",  # long names of arms leave room on the left
        bbox_to_anchor=(1, 1.0),
        ncols=2,
        borderpad=0,
        handlelength=2,
        columnspacing=1.2,
        fontsize=SMALL,
    )
    number_at_risk_panel(below, data, names)
    return fig


def time_to_security_plots(curves: xr.Dataset) -> dict[str, Figure]:
    """Draw the time to earned security of these people by figure; none where nobody can be assessed.

    `curves` are those of the estimand `time_to_security`, by figure and about.
    """
    names = map(str, curves["figure"].values)
    by_figure = {figure: time_to_security_data(curves_about(curves, figure, THESE_PEOPLE)) for figure in names}
    return {figure: time_to_security_plot(data) for figure, data in by_figure.items() if data}


@in_house_style
def projection_plot(shares: xr.DataArray, scenario: str) -> Figure:
    """Draw the share of people who are earned secure by each further session under a scenario, with 90% CrI.

    `shares` (sample, session) is what `projection.project` returns.
    """
    defined = shares.dropna("sample", how="all")  # draws in which anyone is insecure when the scenario begins
    if not defined.sizes["sample"]:
        return message_plot("Nobody is insecure when the scenario begins, so there is nothing to project.")
    low, median, high = defined.quantile([0.05, 0.5, 0.95], "sample").values
    session = shares["session"].values
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, 3.0))
    axes.fill_between(session, low, high, step="post", color=BLUE, alpha=0.2, linewidth=0, label="90% CrI")
    axes.step(session, median, where="post", color=BLUE, label=f"scenario {escape_dollar(scenario)}")
    axes.set(xlabel="Further session", ylabel="Share of people insecure now", ylim=(0, 1))
    axes.set(xlim=(1, max(session[-1], 2)), xticks=tick_sessions(session))
    axes.set_title("Projection of earned security")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.legend(loc="upper left")
    return fig
