"""What Matplotlib and Plotly plots share: colours, line styles, markers, labels, ticks and corners of styles.

Colours can be distinguished with every kind of colour vision: Okabe & Ito (2008), https://jfly.uni-koeln.de/color/.
Line styles and markers can be distinguished in grey. This module does not import Matplotlib.
"""

from typing import Any, NamedTuple

import numpy as np

BLUE, VERMILLION, GREEN, PURPLE, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"
SKY_BLUE, ORANGE = "#56B4E9", "#E69F00"  # too light for words
DARK_GREY, GREY, LIGHT_GREY = "#555555", "#9a9a9a", "#ececec"  # words, people, areas
MAX_TICKS = 7  # session labels below a time-to-security plot


class Line(NamedTuple):
    """The appearance of one of several lines; no two share a colour, a line style or a marker."""

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


def lines_for(count: int) -> tuple[Line, ...]:
    """Return the appearance of so many lines; beyond the number of `LINES` they begin again."""
    return tuple(LINES[index % len(LINES)] for index in range(count))


CHANCE_LABEL = "uninformative care (chance level)"
BELIEF_LABELS = {"availability": "availability", "worth": "self-worth"}
ACTED_ON = {**BELIEF_LABELS, "expected": "expectation"}  # beliefs that acts follow

# Corner of each attachment style in the attachment space, (availability, self-worth): preoccupied is low self-worth,
# dismissing is low availability. Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226.
STYLE_CORNERS = {
    "dismissing": (0.02, 0.98),
    "secure": (0.98, 0.98),
    "fearful": (0.02, 0.02),
    "preoccupied": (0.98, 0.02),
}


def tick_sessions(sessions: np.ndarray) -> np.ndarray:
    """Return the first session and others in even steps from it, (tick,), at most MAX_TICKS."""
    return sessions[:: -(-len(sessions) // MAX_TICKS)]
