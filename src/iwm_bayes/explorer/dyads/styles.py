"""Attachment styles as values of the sliders of a member: what is believed at first, and how readily one acts.

Beliefs are those of Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226: an anxious (preoccupied) member
doubts the self, an avoidant (dismissing) one the other, and a fearful one both. Acts are those of Mikulincer, Shaver &
Pereg (2003), doi:10.1023/A:1024515519160: anxious people act more than they expect (hyperactivation), avoidant people
less (deactivation). In a model without self-worth, an anxious member doubts that the other is available, and a fearful
one cannot be distinguished. The numbers are a choice.
"""

from collections.abc import Mapping
from typing import NamedTuple

from iwm_bayes.explorer.dyads.members import Acts, shown_parameters
from iwm_bayes.explorer.initial_beliefs import settable_beliefs
from iwm_bayes.types import ModelSpec

HIGH, DOUBTED, LOW = 0.75, 0.35, 0.25


class Style(NamedTuple):
    """What a style is made of."""

    availability: float
    worth: float
    activation: float  # of the range of the readiness to act: 1 is its upper end, -1 its lower end, 0 its middle


STYLES: Mapping[str, Style] = {
    "secure": Style(HIGH, HIGH, 0.0),
    "anxious": Style(HIGH, LOW, 1.0),
    "avoidant": Style(LOW, HIGH, -1.0),
    "fearful": Style(LOW, LOW, 0.0),
}
WITHOUT_WORTH: Mapping[str, Style] = {
    "secure": STYLES["secure"],
    "anxious": Style(DOUBTED, HIGH, 1.0),
    "avoidant": STYLES["avoidant"],
}


def style_values(model: ModelSpec, acts: Acts) -> dict[str, dict[str, float]]:
    """Return the values of sliders by style and name; none if the model fixes the belief about the other."""
    settable, declared = settable_beliefs(model), shown_parameters(model, acts)
    if "availability" not in settable:
        return {}
    bias = f"{acts.bid}_bias"
    values = {}
    for name, style in (STYLES if "worth" in settable else WITHOUT_WORTH).items():
        values[name] = {f"initial_{belief}": getattr(style, belief) for belief in settable}
        if bias in declared:
            low, high = declared[bias].prior_90
            values[name][bias] = (low + high) / 2.0 + style.activation * (high - low) / 2.0
    return values
