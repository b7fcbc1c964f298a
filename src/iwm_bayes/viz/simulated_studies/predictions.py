"""Plots of prior predictions: each experiment by model, and all of them in one matrix."""

from collections.abc import Mapping
from itertools import cycle
from textwrap import wrap
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from iwm_bayes.validation.prior_predictions import MAX_SHARE_RIVAL, MIN_SHARE_CLAIMED
from iwm_bayes.viz.palette import BLACK, BLUE, GREEN, LIGHT_GREY, ORANGE, PURPLE, SKY_BLUE, VERMILLION, Line
from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, escape_dollar, in_house_style, spread_apart

MAX_MARKERS = 6  # along one curve
MARKERS = ("o", "s", "^", "D", "v")
LABEL_HEIGHT = 0.075  # of the name of a curve, as a share of the height of the axes
COLORS = {"shows": (BLUE, GREEN, SKY_BLUE, BLACK), "does not": (VERMILLION, ORANGE, PURPLE)}  # cold, warm
LINE_STYLES = {"shows": "-", "does not": "--"}
CURVE_LABELS = {"shows": "predicts the effect", "does not": "rival: must not show it"}


@in_house_style
def prediction_plot(table: pd.DataFrame, question: str) -> Figure:
    """Draw the share of each model's prior that shows an effect, ±2 SE, and the range that the claim requires.

    `table` is what `prior_predictions.prediction_lines` returns, and `question` is the title.
    """
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, 1.2 + 0.35 * len(table)))
    for claim, color, marker, low, high in (
        ("shows", BLUE, "o", MIN_SHARE_CLAIMED, 1.0),
        ("does not", VERMILLION, "s", 0.0, MAX_SHARE_RIVAL),
    ):
        [positions] = np.nonzero(table["claim"] == claim)
        share, error = table["share"].to_numpy()[positions], 2.0 * table["se"].to_numpy()[positions]
        axes.hlines(positions, low, high, color=color, alpha=0.25, linewidth=8)
        axes.errorbar(share, positions, xerr=error, color=color, marker=marker, linestyle="", capsize=3)
    labels = table["model"].map(escape_dollar) + table["claim"].map({"shows": " must", "does not": " must not"})
    axes.set_yticks(range(len(table)), labels)
    axes.invert_yaxis()
    axes.set(
        xlim=(-0.03, 1.03),
        xlabel="Share of prior draws that show the effect",
        title="\n".join(wrap(escape_dollar(question), 60)),
    )
    return fig


@in_house_style
def prediction_matrix_plot(table: pd.DataFrame) -> Figure:
    """Draw the prediction matrix: the percentage of prior draws that show each effect (rows) in each model (columns).

    `table` is what `prediction_matrix.prediction_matrix` returns: one line per experiment and model. Models that do
    not do as claimed have a frame.
    """
    predictions, models = (list(dict.fromkeys(table[name])) for name in ("prediction", "model"))
    fig, axes = plt.subplots(figsize=(max(PANEL_WIDTH, 2.4 + 0.46 * len(models)), 1.6 + 0.34 * len(predictions)))
    shares = np.full((len(predictions), len(models)), np.nan)
    for line in table.to_dict("records"):
        row, column = predictions.index(line["prediction"]), models.index(line["model"])
        shares[row, column] = share = line["share"]
        text = axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=SMALL)
        text.set_color("white" if share > 0.55 else "black")
        text.set(fontweight="bold") if line["claim"] == "shows" else text.set(fontstyle="italic")
        if not line["kept"]:
            corner = (column - 0.45, row - 0.45)
            axes.add_patch(Rectangle(corner, 0.9, 0.9, fill=False, color=VERMILLION, linewidth=1.6))
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.spines[:].set_visible(False)
    columns, rows = [escape_dollar(name) for name in models], [escape_dollar(name) for name in predictions]
    axes.set_xticks(range(len(columns)), columns, rotation=55, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(rows)), [name.replace("_", " ") for name in rows], fontsize=8)
    explanation = "% of prior draws that show the effect\n(bold: claimed, italic: denied,\nframed: not as claimed)"
    axes.set_xlabel(explanation, fontsize=8)
    return fig


def draw_curve(axes: Axes, curve: pd.DataFrame, line: Line, index: int) -> None:
    """Draw the median of one model over the band of the middle half.

    Markers are few, and begin elsewhere on every line, so that lines that coincide are all seen.
    """
    every = -(-len(curve) // MAX_MARKERS)
    axes.fill_between(curve["x"], curve["low"], curve["high"], color=line.color, alpha=0.14, linewidth=0)
    axes.plot(curve["x"], curve["median"], **line._asdict(), markersize=4, markevery=(index % every, every))


def label_ends(axes: Axes, ends: Mapping[str, tuple[float, float, str]]) -> None:
    """Write the name of each curve at its right end (x, y, colour), and keep the names apart."""
    low, high = axes.get_ylim()
    places = spread_apart([(y - low) / (high - low) for _, y, _ in ends.values()], LABEL_HEIGHT, 0.0, 1.0)
    for (name, (x, y, color)), place in zip(ends.items(), places, strict=True):
        label = escape_dollar(name)
        leader = {"arrowstyle": "-", "color": color, "linewidth": 0.8, "relpos": (0.0, 0.5)}  # to its left end
        style: dict[str, Any] = {"fontsize": SMALL, "va": "center", "annotation_clip": False, "arrowprops": leader}
        axes.annotate(label, (x, y), (1.06, float(place)), "data", "axes fraction", **style)


@in_house_style
def prediction_curves_plot(curves: pd.DataFrame, labels: tuple[str, str]) -> Figure:
    """Draw what each model predicts in one experiment: the median over its prior, and the band of the middle half.

    Models that predict the effect are solid lines in cold colours, rivals are dashed lines in warm colours.

    Parameters
    ----------
    curves
        The lines of one prediction of what `prediction_matrix.prediction_matrix` returns as its curves.
    labels
        What the axes show: `Prediction.axes`.
    """
    models = list(dict.fromkeys(zip(curves["claim"], curves["model"], strict=True)))
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH + 1.5, max(2.7, 0.9 + 0.24 * len(models))))
    axes.axhline(0.0, color=LIGHT_GREY, linewidth=1, zorder=0)
    ends: dict[str, tuple[float, float, str]] = {}
    for claim, colors in COLORS.items():
        names = [model for its_claim, model in models if its_claim == claim]
        for model, color, marker in zip(names, cycle(colors), cycle(MARKERS), strict=False):
            own = curves[curves["model"] == model]
            draw_curve(axes, own, Line(color, LINE_STYLES[claim], marker), len(ends))
            ends[model] = (float(own["x"].iloc[-1]), float(own["median"].iloc[-1]), color)
        if names:
            axes.plot([], [], color=colors[0], linestyle=LINE_STYLES[claim], label=CURVE_LABELS[claim])
    axes.margins(x=0.02)
    label_ends(axes, ends)
    across, up = (escape_dollar(label[:1].upper() + label[1:]) for label in labels)
    axes.set(xlabel=across, ylabel="\n".join(wrap(up, 34)))
    fig.legend(loc="outside upper left", ncols=2)
    return fig
