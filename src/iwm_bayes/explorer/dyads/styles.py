"""Attachment styles as values of the sliders of a member: what is believed at first, and how readily one acts.

Beliefs are those of Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226: an anxious (preoccupied) member
doubts the self, an avoidant (dismissing) one the other, and a fearful one both. Anxious people bid more under distress
(hyperactivation) and avoidant people less (deactivation): Mikulincer, Shaver & Pereg (2003),
doi:10.1023/A:1024515519160. As carers, anxious people are pulled by bids, and avoidant people pushed away: Collins &
Feeney (2000), doi:10.1037/0022-3514.78.6.1053. In a model in which acts do not depend on distress, they are more or
less ready to act. In a model without self-worth, an anxious member doubts that the other is available, and a fearful
one cannot be distinguished. The sizes are a choice, as in `experiments/styles_of_dyads.py`.
"""

from collections.abc import Mapping
from typing import NamedTuple

from iwm_bayes.explorer.dyads.members import Acts, shown_parameters
from iwm_bayes.explorer.initial_beliefs import settable_beliefs
from iwm_bayes.types import ModelSpec

HIGH, DOUBTED, LOW = 0.7, 0.35, 0.3
STRATEGY = 1.5  # log-odds of a bid, and of care


class Style(NamedTuple):
    """What a style is made of."""

    availability: float
    worth: float
    activation: float  # log-odds of a bid under distress, of acting at all, and of care that bids pull


STYLES: Mapping[str, Style] = {
    "secure": Style(HIGH, HIGH, 0.0),
    "anxious": Style(HIGH, LOW, STRATEGY),
    "avoidant": Style(LOW, HIGH, -STRATEGY),
    "fearful": Style(LOW, LOW, 0.0),
}
WITHOUT_WORTH: Mapping[str, Style] = {
    "secure": STYLES["secure"],
    "anxious": STYLES["anxious"]._replace(availability=DOUBTED),
    "avoidant": STYLES["avoidant"],
}


def style_values(model: ModelSpec, acts: Acts) -> dict[str, dict[str, float]]:
    """Return the values of sliders by style and name; none if the model fixes the belief about the other."""
    settable, declared = settable_beliefs(model), shown_parameters(model, acts)
    if "availability" not in settable:
        return {}
    strategy = f"{acts.bid}_activation"
    moved = [name for name in (strategy if strategy in declared else f"{acts.bid}_bias", "pull") if name in declared]
    return {
        name: {f"initial_{belief}": getattr(style, belief) for belief in settable}
        | dict.fromkeys(moved, style.activation)
        for name, style in (STYLES if "worth" in settable else WITHOUT_WORTH).items()
    }
