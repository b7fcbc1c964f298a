"""Figures for paper: one function from a Dataset to a figure, no statistics beyond means and intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from iwm_bayes.design import SURE
from iwm_bayes.predict import CLAIMED, DENIED

BLUE, ORANGE = "#0072B2", "#D55E00"  # Okabe & Ito: told apart by every kind of colour vision, and in grey


def earned_curve(security: xr.Dataset) -> Figure:
    """Share of people who are earned secure by each session, with its 90 % interval and the chance level."""
    probability, session = security["probability"], security["session"]
    low, middle, high = probability.quantile([0.05, 0.5, 0.95], ("chain", "draw")).values
    figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
    axes.fill_between(session, low, high, step="post", color=BLUE, alpha=0.25, linewidth=0, label="90 % interval")
    axes.step(session, middle, where="post", color=BLUE, label="earned secure")
    chance = float(security["chance"].mean())
    axes.axhline(chance, color=ORANGE, linestyle="--", label="by chance, at the last session")
    axes.set(
        xlabel=f"session ({security.attrs['figure']})",
        ylabel="share of those who start insecure",
        ylim=(0, 1),
        xlim=(1, security.sizes["session"]),
    )
    axes.legend(frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def checks_figure(checks: Mapping[str, pd.DataFrame]) -> Figure:
    """Predictive checks by theory: what was seen (line) against 95 % of what a theory's people do (bars).

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
        for colour, which, label in ((BLUE, ~missed, "95 %, holds"), (ORANGE, missed, "95 %, missed")):
            where = np.flatnonzero(which)
            panel.hlines(where, low[where], high[where], color=colour, linewidth=4, label=label, linestyles="-")
        panel.plot(data, places, "|", color="black", markersize=9, label="seen")
        panel.set(title=name, xticks=[], xlabel="least to most")
        panel.spines[["top", "right", "left"]].set_visible(False)
    np.atleast_1d(axes)[0].set_yticks(places, first["response"] + ": " + first["effect"], fontsize="x-small")
    np.atleast_1d(axes)[0].invert_yaxis()
    np.atleast_1d(axes)[-1].legend(frameon=False, fontsize="x-small", loc="lower right")
    return figure


def shares_figure(table: pd.DataFrame, question: str) -> Figure:
    """The share of each theory's prior that shows an effect, with two standard errors, and where it must lie."""
    figure, axes = plt.subplots(figsize=(6, 1.2 + 0.35 * len(table)), layout="constrained")
    for claim, colour, marker, low, high in (
        ("shows", BLUE, "o", CLAIMED, 1.0),
        ("does not", ORANGE, "s", 0.0, DENIED),
    ):
        [places] = np.nonzero(table["claim"] == claim)
        share, error = table["share"].to_numpy()[places], 2.0 * table["se"].to_numpy()[places]
        axes.hlines(places, low, high, color=colour, alpha=0.25, linewidth=8)
        axes.errorbar(share, places, xerr=error, color=colour, marker=marker, linestyle="", capsize=3)
    labels = table["theory"] + table["claim"].map({"shows": " must", "does not": " must not"})
    axes.set_yticks(range(len(table)), labels)
    axes.invert_yaxis()
    axes.set(xlim=(-0.03, 1.03), xlabel="share of prior draws that show the effect", title=question)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def save(figure: Figure, *paths: Path) -> None:
    """Write a figure to every path and let it go."""
    for path in paths:
        figure.savefig(path)
    plt.close(figure)


def calibration_figure(
    places: pd.DataFrame, says: pd.Series, band: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> Figure:
    """Of every quantity (a column of places, 0..1), how far their distribution is from even, and 95 % of even ones.

    `says` is what was found of each quantity, by name; `band` the shares (place, low, high) of even places.
    """
    grid, low, high = band
    columns = 4
    lines = -(-len(places.columns) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(9, 1.5 * lines + 0.5), sharex=True, sharey=True, layout="constrained", squeeze=False
    )
    for panel, name in zip(axes.flat, places.columns, strict=False):
        share = (places[name].to_numpy()[:, None] <= grid).mean(axis=0)
        panel.fill_between(grid, low - grid, high - grid, color="0.85", linewidth=0)
        panel.plot(grid, share - grid, color=ORANGE if says[name] else BLUE)
        panel.set_title(f"{name}{': ' if says[name] else ''}{says[name]}", fontsize="x-small")
        panel.spines[["top", "right"]].set_visible(False)
    for panel in axes.flat[len(places.columns) :]:
        panel.set_visible(False)
    figure.supxlabel("place of the truth among its draws", fontsize="small")
    figure.supylabel("share at or below, less what is even", fontsize="small")
    return figure


def recovery_figure(table: pd.DataFrame) -> Figure:
    """Correlation of true and found values by sessions, one panel per parameter and one line per number of people."""
    parameters = list(dict.fromkeys(table["parameter"]))
    figure, axes = plt.subplots(
        1, len(parameters), figsize=(2.0 * len(parameters), 2.6), sharey=True, layout="constrained", squeeze=False
    )
    for panel, parameter in zip(axes.flat, parameters, strict=True):
        own = table[table["parameter"] == parameter]
        for marker, (people, line) in zip("os^Dvx*P", own.groupby("people"), strict=False):
            panel.plot(line["sessions"], line["r"], color=BLUE, marker=marker, label=f"{people} people")
        panel.set_title(parameter, fontsize="x-small")
        panel.set(xlabel="sessions", ylim=(0, 1))
        panel.spines[["top", "right"]].set_visible(False)
    axes.flat[0].set_ylabel("r of truth and estimate")
    axes.flat[-1].legend(frameon=False, fontsize="x-small")
    return figure


def confusion_figure(confused: pd.DataFrame) -> Figure:
    """Which theory (column) wins the studies that each made (line), as shares."""
    size = 1.6 + 0.6 * len(confused.columns)
    figure, axes = plt.subplots(figsize=(size, size), layout="constrained")
    shares = confused.to_numpy(dtype=float)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for (line, column), share in np.ndenumerate(shares):
        axes.text(column, line, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.5 else "black")
    axes.set_xticks(range(len(confused.columns)), list(confused.columns), rotation=45, ha="right")
    axes.set_yticks(range(len(confused)), list(confused.index))
    axes.set(xlabel="won by", ylabel="made by")
    return figure


def assurance_figure(table: pd.DataFrame, conditions: Sequence[str], target: float) -> Figure:
    """Shares of studies or people by sessions, with two standard errors: a panel per question, a line per condition.

    `table` is that of `design.shares` with what each line `says` of the target; it is drawn where anything is said.
    """
    questions = list(dict.fromkeys(table["what"]))
    columns = int(np.ceil(np.sqrt(len(questions))))
    lines = -(-len(questions) // columns)
    figure, axes = plt.subplots(
        lines,
        columns,
        figsize=(2.6 * columns, 2.4 * lines),
        sharex=True,
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    others = [name for name in conditions if name != "sessions" and table[name].nunique() > 1]
    for panel, what in zip(axes.flat, questions, strict=False):
        own = table[table["what"] == what]
        for marker, (condition, line) in zip("os^Dvx*P", own.groupby(others) if others else [((), own)], strict=False):
            label = ", ".join(f"{name} {value}" for name, value in zip(others, condition, strict=True))
            error = SURE * line["se"]
            panel.errorbar(line["sessions"], line["share"], error, color=BLUE, marker=marker, capsize=2, label=label)
        panel.set_title("\n".join(wrap(what, 34)), fontsize="x-small")
        panel.set(ylim=(-0.02, 1.02), xticks=sorted(table["sessions"].unique()))
        if (own["says"].fillna("") != "").any():
            panel.axhline(target, color=ORANGE, linestyle="--", linewidth=1)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in axes.flat[len(questions) :]:
        panel.set_visible(False)
    if others:
        axes.flat[len(questions) - 1].legend(frameon=False, fontsize="x-small")
    figure.supxlabel("sessions", fontsize="small")
    figure.supylabel("share, and two standard errors", fontsize="small")
    return figure
