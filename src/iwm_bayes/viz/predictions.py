"""What theories predict in experiments: each effect by theory, and all of them in one matrix."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from iwm_bayes.validation.prior_predictions import MAX_SHARE_RIVAL, MIN_SHARE_CLAIMED
from iwm_bayes.viz.palette import BLUE, VERMILLION
from iwm_bayes.viz.style import open_sides


def prediction_plot(table: pd.DataFrame, question: str) -> Figure:
    """The share of each theory's prior that shows an effect, with two standard errors, and where it must lie."""
    figure, axes = plt.subplots(figsize=(6, 1.2 + 0.35 * len(table)), layout="constrained")
    for claim, colour, marker, low, high in (
        ("shows", BLUE, "o", MIN_SHARE_CLAIMED, 1.0),
        ("does not", VERMILLION, "s", 0.0, MAX_SHARE_RIVAL),
    ):
        [places] = np.nonzero(table["claim"] == claim)
        share, error = table["share"].to_numpy()[places], 2.0 * table["se"].to_numpy()[places]
        axes.hlines(places, low, high, color=colour, alpha=0.25, linewidth=8)
        axes.errorbar(share, places, xerr=error, color=colour, marker=marker, linestyle="", capsize=3)
    labels = table["theory"] + table["claim"].map({"shows": " must", "does not": " must not"})
    axes.set_yticks(range(len(table)), labels)
    axes.invert_yaxis()
    axes.set(xlim=(-0.03, 1.03), xlabel="share of prior draws that show the effect", title=question)
    open_sides(axes)
    return figure


def prediction_matrix_plot(table: pd.DataFrame) -> Figure:
    """The prediction matrix: experiments down, theories across; the share of a prior that shows the effect, 0..100 %.

    Lines: prediction, theory, claim ("shows" or "does not"), share, kept. Framed: not as was claimed.
    """
    predictions, theories = (list(dict.fromkeys(table[name])) for name in ("prediction", "theory"))
    figure, axes = plt.subplots(
        figsize=(2.4 + 0.46 * len(theories), 1.6 + 0.34 * len(predictions)), layout="constrained"
    )
    shares = np.full((len(predictions), len(theories)), np.nan)
    lines = zip(table["prediction"], table["theory"], table["claim"], table["share"], table["kept"], strict=True)
    for prediction, theory, claim, share, kept in lines:
        line, column = predictions.index(prediction), theories.index(theory)
        shares[line, column] = share
        text = axes.text(column, line, f"{100 * share:.0f}", ha="center", va="center")
        text.set(color="white" if share > 0.55 else "black", fontsize="x-small")
        text.set(fontweight="bold") if claim == "shows" else text.set(fontstyle="italic")
        if not kept:
            axes.add_patch(
                Rectangle((column - 0.45, line - 0.45), 0.9, 0.9, fill=False, color=VERMILLION, linewidth=1.6)
            )
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(theories)), theories, rotation=55, ha="right", rotation_mode="anchor", fontsize="small")
    axes.set_yticks(range(len(predictions)), [name.replace("_", " ") for name in predictions], fontsize="small")
    axes.set_xlabel(
        "% of prior draws that show it\n(bold: claimed, italic: denied,\nframed: not as was said)", fontsize="small"
    )
    return figure
