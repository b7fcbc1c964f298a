"""Plots of answers by session under their posterior predictive distribution: of the group, and of single people."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from iwm_bayes.estimands.learning_curves import COMMON
from iwm_bayes.viz.palette import BLACK, BLUE, GREY, VERMILLION, tick_sessions
from iwm_bayes.viz.style import (
    PAGE_WIDTH,
    PANEL_WIDTH,
    SMALL,
    in_house_style,
    outer_labels,
    panel_grid,
    session_label,
    words,
)

MAX_PEOPLE = 100  # thin lines of people
MAX_NARROW = 3  # columns of small panels that fit a phone
BANDS = ((0, 4, 0.16, "90% predictive"), (1, 3, 0.3, "50% predictive"))  # levels, opacity, label


def axis_end(scale: float, *values: xr.DataArray) -> float:
    """Return the upper end of an axis of answers: that of their scale, or the highest value where it is beyond."""
    return max(scale, *(float(own.max()) for own in values))


def response_title(data: xr.Dataset) -> str:
    """Return the title of the panel of a response: its name and scale."""
    if bool(data["is_proportion"]):
        return f"{words(data['response'].item())} (proportion)"
    return f"{words(data['response'].item())} (0–{float(data['highest']):.0f})"


def draw_response(panel: Axes, own: xr.Dataset) -> str:
    """Draw observed answers and predictive bands of one response; return how people are shown, for the legend."""
    session, bands, people = own["session"].values, own["predicted"].values, own.sizes["person"]
    for low, high, opacity, label in BANDS:
        panel.fill_between(session, bands[:, low], bands[:, high], color=BLUE, alpha=opacity, linewidth=0, label=label)
    note = ""
    if not bool(own["is_proportion"]):
        shown = own["observed"].isel(person=slice(None, None, -(-people // MAX_PEOPLE))).transpose("person", "session")
        lines = [np.column_stack([session, answers]) for answers in shown.values]
        note = f"person ({len(lines)} of {people})" if len(lines) < people else "person"
        panel.add_collection(LineCollection(lines, colors=GREY, linewidths=0.4, alpha=0.6, zorder=1, label=note))
    panel.plot(session, own["predicted_mean"], color=BLUE, linewidth=2, label="predicted mean")
    panel.plot(session, own["observed_mean"], "o", color=BLACK, markersize=3.2, label="observed mean")
    highest = axis_end(float(own["highest"]), own["observed"], own["predicted"])
    panel.set(ylim=(-0.03 * highest, 1.03 * highest), xlim=(session[0] - 0.5, session[-1] + 0.5))
    panel.set(xticks=tick_sessions(session))
    panel.set_title(response_title(own))
    return note


@in_house_style
def learning_curves_plot(data: xr.Dataset, columns: int = 3) -> Figure:
    """Draw answers by session under their posterior predictive distribution, one panel per response.

    Parameters
    ----------
    data
        What `learning_curves_data` returns. Bands are those of single answers; of answers of 0 or 1, those of the
        group's proportion. Dotted lines are at sessions in which nearly all people had a rupture.
    columns
        Number of panels side by side.
    """
    fig, panels = panel_grid(data.sizes["response"], columns, 2.7, sharex=True)
    common = data["session"].values[data["rupture_share"].values >= COMMON]
    for panel, name in zip(panels, data["response"].values, strict=True):
        draw_response(panel, data.sel(response=name))
        for index, session in enumerate(common):
            label = "rupture of nearly all" if not index else None
            panel.axvline(session, color=VERMILLION, linestyle=":", linewidth=0.9, zorder=0, label=label)
        panel.tick_params(labelbottom=True)
        panel.set_xlabel(session_label(data.attrs["figure"]))
    entries = {
        label: handle for panel in panels for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    order = sorted(
        entries, key=lambda label: ("observed mean", "predicted mean").index(label) if "mean" in label else 2
    )
    columns_of_legend = len(entries) if min(columns, len(panels)) > 1 else 2
    fig.legend([entries[label] for label in order], order, loc="outside lower center", ncols=columns_of_legend)
    return fig


def draw_person(panel: Axes, own: xr.Dataset, highest: float) -> None:
    """Draw one person's answers, what the model predicts, and ticks at unresponsive sessions."""
    session = own["session"].values
    panel.set_autoscale_on(False)
    panel.set(ylim=(-0.1 * highest, 1.05 * highest), xlim=(session[0] - 0.5, session[-1] + 0.5))
    panel.set(yticks=[0, 0.5 * highest, highest], xticks=tick_sessions(session)[::2])
    panel.fill_between(session, own["low"], own["high"], color=BLUE, alpha=0.2, linewidth=0)
    panel.plot(session, own["median"], color=BLUE, linewidth=1.3)
    panel.plot(session, own["observed"], ".", color=BLACK, markersize=3.5)
    unresponsive = session[own["unresponsive"].values]
    panel.vlines(unresponsive, -0.1 * highest, 0.0, color=VERMILLION, linewidth=1.1)
    panel.set_title(str(own["person"].item()).capitalize(), fontsize=SMALL, fontweight="normal", pad=2)
    r = float(own["r"])
    if np.isfinite(r):
        panel.text(0.98, 0.09, f"r = {r:.2f}", transform=panel.transAxes, ha="right", fontsize=SMALL - 0.5, color="0.3")


@in_house_style
def individual_fits_plot(data: xr.Dataset, columns: int = 6) -> Figure:
    """Draw the answers of some people by session over what the model predicts for them, one panel per person.

    Parameters
    ----------
    data
        What `individual_fits_data` returns.
    columns
        Number of panels side by side; up to three fit a phone.
    """
    people = data.sizes["person"]
    width = PANEL_WIDTH if min(columns, people) <= MAX_NARROW else PAGE_WIDTH
    fig, panels = panel_grid(people, columns, 1.3 if people > 1 else 2.4, width=width, layout="none")
    tall = fig.get_figheight()  # panels are alike, so that their places are known without a layout
    fig.subplots_adjust(0.55 / width, 0.66 / tall, 1 - 0.08 / width, 1 - 0.2 / tall, wspace=0.1, hspace=0.3)
    highest = axis_end(data.attrs["highest"], data["observed"], data["high"])
    for panel, name in zip(panels, data["person"].values, strict=True):
        draw_person(panel, data.sel(person=name), highest)
    outer_labels(panels, columns)
    response, total = words(data.attrs["response"]), data.attrs["people"]
    some = f" ({people} of {total} people)" if people < total else ""
    explained = "Dots: answers. Line, band: median, 90% predictive. Ticks: unresponsive sessions."
    fig.supylabel(f"{response} (0–{data.attrs['highest']:.0f})", fontsize=8.5, x=0.02 / width, ha="left")
    fig.text(0.5, 0.36 / tall, session_label(data.attrs["figure"]) + some, fontsize=8.5, ha="center", va="center")
    fig.text(0.5, 0.15 / tall, explained, fontsize=SMALL, ha="center", va="center")
    return fig
