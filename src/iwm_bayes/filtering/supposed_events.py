"""Events that did not happen, and are asked about: what would be believed of another figure, or after one more session.

They have the terms of the event from which they are made, such as its covariates, and no innovations: nothing moves by
itself.
"""

import numpy as np

from iwm_bayes.ops import broadcast_figures
from iwm_bayes.types import Event


def at_once(event: Event) -> Event:
    """Return an event directly after this one, with the same figure, which was then met."""
    no_time = np.zeros_like(event.outcome)
    return event._replace(
        met=np.maximum(event.met, event.figure), since_figure=no_time, since_any=no_time, innovations={}
    )


def event_with_figure(event: Event, figure: int, figures: int) -> Event:
    """Return an event directly after this one, about another figure."""
    is_figure = broadcast_figures(np.zeros_like(event.outcome), figures)
    is_figure[figure] = 1.0
    return at_once(event)._replace(figure=is_figure)


def unresponsive_event(event: Event, gap: float | np.ndarray) -> Event:
    """Return an unresponsive session with the figure of an event, after some time (a number, or one per person)."""
    zero = np.zeros_like(event.outcome)
    elapsed, met = zero + gap, np.maximum(event.met, event.figure)
    return event._replace(
        outcome=zero,
        met=met,
        since_figure=elapsed,
        since_any=elapsed,
        distress=zero,
        threat=zero,
        rated=zero,
        innovations={},
    )
