"""Ruptures and repairs in a sequence of outcomes.

A *rupture* is an observed outcome below 0.5 directly after one of 0.5 or more with the same figure. A *repair* is an
observed outcome of 0.5 or more directly after one below 0.5 with the same figure. Sessions with other figures and
outcomes that were not observed do not count in between.
"""

import numpy as np

RESPONSIVE = 0.5  # the lowest outcome of a responsive session


def ruptures_and_repairs(
    outcome: np.ndarray, observed: np.ndarray, figure: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find which events are ruptures and which are repairs, (event, person) each.

    Parameters
    ----------
    outcome
        Outcomes from 0 to 1, (event, person).
    observed
        Whether the outcome was observed, (event, person).
    figure
        Index of the figure of the event, (event, person).
    """
    everyone = np.arange(outcome.shape[1])
    last_outcome = np.full((int(figure.max()) + 1, len(everyone)), np.nan)  # of each figure, (figure, person)
    rupture, repair = np.zeros(outcome.shape, dtype=bool), np.zeros(outcome.shape, dtype=bool)
    for event, (now, is_observed, index) in enumerate(zip(outcome, observed, figure, strict=True)):
        before = last_outcome[index, everyone]
        rupture[event] = is_observed & (now < RESPONSIVE) & (before >= RESPONSIVE)
        repair[event] = is_observed & (now >= RESPONSIVE) & (before < RESPONSIVE)
        last_outcome[index, everyone] = np.where(is_observed, now, before)
    return rupture, repair
