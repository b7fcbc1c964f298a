"""Plots of model recovery: the confusion and the inversion matrix of generating and selected models."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, escape_dollar, in_house_style

CELL = 0.42  # inches


def draw_matrix(table: pd.DataFrame, title: str) -> Figure:
    """Draw a matrix of shares (0–1) with the value of each cell; a cell without a value is empty."""
    rows, columns = table.shape
    size = (max(PANEL_WIDTH, 1.9 + CELL * columns), 1.7 + CELL * rows)
    fig, axes = plt.subplots(figsize=size)
    shares = table.to_numpy(dtype=float)
    axes.imshow(shares, vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share):
            color = "white" if share > 0.5 else "black"
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color=color, fontsize=SMALL)
    labels = [escape_dollar(name) for name in table.columns]
    axes.set_xticks(range(columns), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(rows), [escape_dollar(name) for name in table.index])
    axes.set(xlabel="Selected model", ylabel="Generating model")
    axes.set_title(title)
    axes.spines[:].set_visible(False)
    return fig


@in_house_style
def confusion_plot(table: pd.DataFrame) -> Figure:
    """Draw the share of studies of each generating model (rows) for which each model is selected (columns)."""
    return draw_matrix(table, "Confusion: each row sums to 1")


@in_house_style
def inversion_plot(table: pd.DataFrame) -> Figure:
    """Draw the share of studies with a selected model (columns) that each model generated (rows)."""
    return draw_matrix(table, "Inversion: each column sums to 1")
