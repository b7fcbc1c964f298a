"""How pictures look, on paper and on a page: colours that every kind of colour vision tells apart, lines that differ
in grey, and where the four styles stand in the belief plane.

Colours of Okabe & Ito (2008), https://jfly.uni-koeln.de/color/; styles of Bartholomew & Horowitz (1991),
doi:10.1037/0022-3514.61.2.226: preoccupied is low worth, dismissing low availability.
"""

from typing import Any, NamedTuple

BLUE, VERMILLION, GREEN, PURPLE, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"


class Line(NamedTuple):
    """How one of several is drawn; no two share a colour, a line style or a marker."""

    color: str
    linestyle: Any
    marker: str


LINES = (
    Line(BLUE, "-", "o"),
    Line(VERMILLION, "--", "s"),
    Line(GREEN, "-.", "^"),
    Line(PURPLE, ":", "D"),
    Line(BLACK, (0, (5, 1, 1, 1, 1, 1)), "v"),
)

# (availability, worth) of the corner in which each stands
STYLE_CORNERS = {
    "dismissing": (0.02, 0.98),
    "secure": (0.98, 0.98),
    "fearful": (0.02, 0.02),
    "preoccupied": (0.98, 0.02),
}
