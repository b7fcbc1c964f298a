"""Plot of the attachment space: availability across, self-worth upwards, and an attachment style in each quarter.

Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226: preoccupied is low self-worth, dismissing is low
availability.
"""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from iwm_bayes.viz.palette import DARK_GREY, GREEN, GREY, LINES, STYLE_CORNERS, lines_for
from iwm_bayes.viz.style import PANEL_WIDTH, SMALL, escape_dollar, in_house_style, message_plot

LEGEND_WIDTH, LEGEND_GAP = 66, 8  # letters in a row of the legend, and of each marker
NEVER_INSECURE = "*"  # marker of people who were not insecure at baseline; lines of arms have others
MAX_PEOPLE = 100  # more arrows hide each other


def draw_quarters(axes: Axes, styles: Mapping[str, tuple[float, float]]) -> None:
    """Draw the midlines of the attachment space, and the names of styles at their corners."""
    axes.axhline(0.5, color="0.8", linewidth=0.8, zorder=0)
    axes.axvline(0.5, color="0.8", linewidth=0.8, zorder=0)
    for style, (availability, worth) in styles.items():
        horizontal, vertical = "left" if availability < 0.5 else "right", "bottom" if worth < 0.5 else "top"
        color = GREEN if style == "secure" else DARK_GREY
        axes.text(availability, worth, style, color=color, fontstyle="italic", ha=horizontal, va=vertical, zorder=5)


def shown_people(people: xr.Dataset, most: int = MAX_PEOPLE) -> xr.Dataset:
    """Return people in even steps of their order, at most so many."""
    return people.isel(person=slice(None, None, -(-people.sizes["person"] // most)))


def draw_arrows(axes: Axes, people: xr.Dataset, color: str, marker: str, filled: bool) -> None:
    """Draw an arrow for every person, from a marker at the first session, which may be filled."""
    across, up = (people[name].transpose("when", "person").values for name in ("availability", "self_worth"))
    axes.quiver(
        across[0], up[0], across[1] - across[0], up[1] - up[0], color=color, angles="xy", scale_units="xy", scale=1,
        width=0.0033 if filled else 0.0026, headwidth=5.5, headlength=6.5, headaxislength=6, zorder=2 + filled,
    )  # fmt: skip
    inside = color if filled else "white"
    size = 6 if marker == NEVER_INSECURE else 4
    axes.plot(across[0], up[0], marker, color=color, markersize=size, markerfacecolor=inside, zorder=4)


def legend_entry(color: str, marker: str, filled: bool, label: str, linestyle: Any = "-") -> Line2D:
    """Return an entry of the legend: a line with a marker."""
    style: dict[str, Any] = {
        "marker": marker,
        "markerfacecolor": color if filled else "white",
        "markersize": 4.5,
        "linewidth": 1.2,
    }
    return Line2D([], [], color=color, label=label, linestyle=linestyle, **style)


def never_insecure(people: xr.Dataset) -> np.ndarray:
    """Return who is not insecure at baseline, so that earned security does not apply, (person,)."""
    is_judged = "earned_secure" in people
    return ~people["insecure"].values if is_judged else np.zeros(people.sizes["person"], dtype=bool)


def legend_entries(people: xr.Dataset, arms: list[str]) -> list[Line2D]:
    """Return what the colours and markers mean."""
    first, judged = LINES[0], "earned_secure" in people
    color = DARK_GREY if arms else GREY
    others = [legend_entry(color, NEVER_INSECURE, False, "not insecure at baseline", "")]
    others = others if never_insecure(people).any() else []
    if not arms:
        main = legend_entry(first.color, first.marker, judged, "earned secure" if judged else "one person")
        return [main, legend_entry(GREY, first.marker, False, "not (yet) earned secure"), *others] if judged else [main]
    lines = zip(arms, lines_for(len(arms)), strict=True)
    entries = [legend_entry(line.color, line.marker, False, escape_dollar(arm)) for arm, line in lines]
    return [*entries, legend_entry(DARK_GREY, "o", True, "filled: earned secure", ""), *others] if judged else entries


def draw_people(axes: Axes, people: xr.Dataset, arms: list[str]) -> None:
    """Draw people by arm, and by whether they are earned secure, not yet, or were never insecure."""
    everyone = np.ones(people.sizes["person"], dtype=bool)
    secure = people["earned_secure"].values if "earned_secure" in people else ~everyone
    unjudged, never = "earned_secure" not in people, never_insecure(people)
    names = arms or [""]
    for arm, line in zip(names, lines_for(len(names)), strict=True):
        own = people["arm"].values.astype(str) == arm if arm else everyone
        color = line.color if arm or unjudged else GREY
        draw_arrows(axes, people.isel(person=own & never), color, NEVER_INSECURE, False)
        draw_arrows(axes, people.isel(person=own & ~secure & ~never), color, line.marker, False)
        draw_arrows(axes, people.isel(person=own & secure), line.color, line.marker, True)


@in_house_style
def attachment_space_plot(people: xr.Dataset, styles: Mapping[str, tuple[float, float]] = STYLE_CORNERS) -> Figure:
    """Draw every person from their first to their last session in the attachment space.

    Parameters
    ----------
    people
        What `attachment_space_data` returns. A marker is at the first session and an arrowhead at the last: filled if
        the person is earned secure by then, and a star if they were not insecure at baseline.
    styles
        Corners of the attachment styles, by name; empty to leave styles out.
    """
    if not people:
        return message_plot("This model has no self-worth, so there is no attachment space to plot.")
    fig, axes = plt.subplots(figsize=(PANEL_WIDTH, PANEL_WIDTH + 0.1))
    if "secure_at_or_above" in people.attrs:
        corner = people.attrs["secure_at_or_above"]
        axes.add_patch(Rectangle((corner, corner), 1 - corner, 1 - corner, color=GREEN, alpha=0.1, linewidth=0))
    draw_quarters(axes, styles)
    shown = shown_people(people)
    arms = [str(arm) for arm in np.unique(people["arm"].values)] if "arm" in people else []
    draw_people(axes, shown, arms)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set(xlabel=f"Availability of {escape_dollar(people.attrs['figure'])} (0–1)", ylabel="Self-worth (0–1)")
    some = f" ({shown.sizes['person']} of {people.sizes['person']} people)" if shown.sizes != people.sizes else ""
    entries = legend_entries(people, arms)
    letters = sum(len(str(entry.get_label())) + LEGEND_GAP for entry in entries)
    rows = 1 if letters < LEGEND_WIDTH else -(-len(entries) // 2)
    axes.set_title(f"Each person, first to last session{some}", pad=8 + 12 * rows)
    style = {"borderpad": 0, "fontsize": SMALL, "columnspacing": 1.2}
    axes.legend(handles=entries, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3 if rows == 1 else 2, **style)
    return fig
