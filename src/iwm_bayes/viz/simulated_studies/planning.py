"""Plot of sample-size planning: assurance by the number of sessions, or of people where this alone varies."""

from collections.abc import Sequence
from textwrap import wrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iwm_bayes.validation.planning.assurance import MIN_STANDARD_ERRORS, answer_column
from iwm_bayes.viz.palette import VERMILLION, lines_for
from iwm_bayes.viz.style import SMALL, escape_dollar, in_house_style, outer_labels, panel_grid


def draw_shares(panel: Axes, table: pd.DataFrame, size: str, other_columns: Sequence[str]) -> None:
    """Draw shares by `size` with two standard errors, one line per condition of the other columns."""
    groups = list(table.groupby(list(other_columns))) if other_columns else [((), table)]
    for line, (values, shares) in zip(lines_for(len(groups)), groups, strict=True):
        label = ", ".join(
            f"{escape_dollar(name).removeprefix('n_')} {value}"
            for name, value in zip(other_columns, values, strict=True)
        )
        error = MIN_STANDARD_ERRORS * shares["se"]
        panel.errorbar(shares[size], shares["share"], error, **line._asdict(), markersize=4, capsize=2, label=label)


@in_house_style
def planning_curve_plot(table: pd.DataFrame, target: float, columns: int = 3) -> Figure:
    """Draw shares by the number of sessions, or of people, with two standard errors.

    There is one panel per outcome and one line per condition. The target is drawn in panels whose outcome has a
    decision.

    Parameters
    ----------
    table
        What `plan.planning_curve_data` returns.
    target
        Assurance that is asked for, from 0 to 1.
    columns
        Number of panels side by side.
    """
    outcomes = list(dict.fromkeys(table["outcome"]))
    columns = min(columns, len(outcomes))
    fig, panels = panel_grid(len(outcomes), columns, 2.4)
    size, conditions = answer_column(table), table.attrs["conditions"]
    others = [name for name in conditions if name != size and table[name].nunique() > 1]
    for panel, outcome in zip(panels, outcomes, strict=True):
        lines = table[table["outcome"] == outcome]
        draw_shares(panel, lines, size, others)
        panel.set_title("\n".join(wrap(escape_dollar(outcome), 34)), fontsize=8)
        panel.set(ylim=(-0.02, 1.02), xticks=sorted(table[size].unique()))
        if (lines["decision"].fillna("") != "").any():
            panel.axhline(target, color=VERMILLION, linestyle="--", linewidth=1)
    outer_labels(panels, columns)
    if others:
        fig.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=SMALL)
    fig.supxlabel(size.removeprefix("n_").capitalize(), fontsize=8.5)
    fig.supylabel("Share (assurance), ±2 SE", fontsize=8.5)
    return fig
