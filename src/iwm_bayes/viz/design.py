"""How much a study of some size would decide."""

from collections.abc import Sequence
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.validation.plan import MIN_STANDARD_ERRORS
from iwm_bayes.viz.palette import LINES, VERMILLION
from iwm_bayes.viz.style import escape_dollar, open_sides


def share_lines(panel: Axes, own: pd.DataFrame, others: Sequence[str]) -> None:
    """Shares by sessions with two standard errors, a line for each of the other conditions."""
    conditions = own.groupby(list(others)) if others else [((), own)]
    for look, (condition, line) in zip(LINES, conditions, strict=False):
        label = ", ".join(f"{escape_dollar(name)} {value}" for name, value in zip(others, condition, strict=True))
        panel.errorbar(
            line["sessions"], line["share"], MIN_STANDARD_ERRORS * line["se"], **look._asdict(), capsize=2, label=label
        )


def assurance_plot(table: pd.DataFrame, conditions: Sequence[str], target: float) -> Figure:
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
        share_lines(panel, own, others)
        panel.set_title("\n".join(wrap(what, 34)), fontsize="x-small")
        panel.set(ylim=(-0.02, 1.02), xticks=sorted(table["sessions"].unique()))
        if (own["says"].fillna("") != "").any():
            panel.axhline(target, color=VERMILLION, linestyle="--", linewidth=1)
    open_sides(*axes.flat)
    for panel in axes.flat[len(questions) :]:
        panel.set_visible(False)
    if others:
        axes.flat[len(questions) - 1].legend(frameon=False, fontsize="x-small")
    figure.supxlabel("sessions", fontsize="small")
    figure.supylabel("share, and two standard errors", fontsize="small")
    return figure
