"""Plot of sample-size planning: assurance by the number of sessions, or of people where this alone varies."""

from collections.abc import Sequence
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.validation.plan import MIN_STANDARD_ERRORS, answer_column
from iwm_bayes.viz.palette import LINES, VERMILLION
from iwm_bayes.viz.style import escape_dollar, open_sides


def draw_shares(panel: Axes, table: pd.DataFrame, size: str, other_columns: Sequence[str]) -> None:
    """Draw shares by `size` with two standard errors, one line per condition of the other columns."""
    groups = table.groupby(list(other_columns)) if other_columns else [((), table)]
    for line, (values, shares) in zip(LINES, groups, strict=False):
        label = ", ".join(f"{escape_dollar(name)} {value}" for name, value in zip(other_columns, values, strict=True))
        error = MIN_STANDARD_ERRORS * shares["se"]
        panel.errorbar(shares[size], shares["share"], error, **line._asdict(), capsize=2, label=label)


def assurance_plot(table: pd.DataFrame, conditions: Sequence[str], target: float) -> Figure:
    """Draw shares by the number of sessions, or of people, with two standard errors.

    There is one panel per outcome and one line per condition. The target is drawn in panels whose outcome has a
    decision.

    Parameters
    ----------
    table
        What `plan.assurance_table` returns, with the column `decision`.
    conditions
        Columns that name the conditions, of which one is `sessions` and one `n_people`.
    target
        Assurance that is asked for, from 0 to 1.
    """
    outcomes = list(dict.fromkeys(table["outcome"]))
    n_columns = int(np.ceil(np.sqrt(len(outcomes))))
    n_rows = -(-len(outcomes) // n_columns)
    fig, axes = plt.subplots(
        n_rows,
        n_columns,
        figsize=(2.6 * n_columns, 2.4 * n_rows),
        sharex=True,
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    size = answer_column(table)
    others = [name for name in conditions if name != size and table[name].nunique() > 1]
    for panel, outcome in zip(axes.flat, outcomes, strict=False):
        lines = table[table["outcome"] == outcome]
        draw_shares(panel, lines, size, others)
        panel.set_title("\n".join(wrap(outcome, 34)), fontsize="x-small")
        panel.set(ylim=(-0.02, 1.02), xticks=sorted(table[size].unique()))
        if (lines["decision"].fillna("") != "").any():
            panel.axhline(target, color=VERMILLION, linestyle="--", linewidth=1)
    open_sides(*axes.flat)
    for panel in axes.flat[len(outcomes) :]:
        panel.set_visible(False)
    if others:
        axes.flat[len(outcomes) - 1].legend(frameon=False, fontsize="x-small")
    fig.supxlabel(size.removeprefix("n_"), fontsize="small")
    fig.supylabel("share (assurance), ±2 SE", fontsize="small")
    return fig
