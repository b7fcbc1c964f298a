"""Outcomes that people experienced and nobody recorded: which they are, and the means that replace them.

In a Dataset, `unrecorded` (event, person) marks them. It is there only where the study says `missing = "unrecorded"`.
Two kinds of means replace an unrecorded outcome. A fit knows all sessions, so it takes the first of these that exists:

    the mean of this person's recorded outcomes with this figure
    the mean of this person's recorded outcomes
    the mean of everyone's recorded outcomes; .5 where there are none

A prediction of future sessions must not know them. There, a person's own outcomes count from earlier sessions only;
those of the others, who are in the fit, count from all sessions.

Where raters rate a latent outcome, an unrecorded one is a session that nobody rated. The Dataset has a mean there
too, and no model reads it.
"""

import numpy as np
import xarray as xr

MIDDLE = 0.5  # of the scale of outcomes


def unrecorded_outcomes(data: xr.Dataset) -> np.ndarray:
    """Return where an outcome was experienced and not recorded, (event, person)."""
    if "unrecorded" not in data:
        return np.zeros(data["observed"].shape, dtype=bool)
    return data["unrecorded"].values


def replaced_outcomes(data: xr.Dataset) -> np.ndarray:
    """Return where a mean is in place of an unrecorded outcome, (event, person); nowhere if the outcome is latent."""
    return unrecorded_outcomes(data) & (data["rated"].values == 0)


def fill_unrecorded(data: xr.Dataset, earlier_sessions_only: bool = False) -> xr.Dataset:
    """Return the data with a mean in place of each unrecorded outcome; `earlier_sessions_only` for predictions."""
    unrecorded, (outcome, figure, session) = (
        unrecorded_outcomes(data),
        (data[name].values for name in ("outcome", "figure_index", "session")),
    )
    recorded = data["observed"].values & ~unrecorded
    filled = outcome.copy()
    sums, counts = np.where(recorded, outcome, 0.0).sum(axis=0), recorded.sum(axis=0)
    for event, person in np.argwhere(unrecorded):
        own = recorded[:, person]
        if earlier_sessions_only:
            own = own & (session[:, person] < session[event, person])
        with_figure = own & (figure[:, person] == figure[event, person])
        others = counts.sum() - counts[person]
        if own.any():
            filled[event, person] = outcome[with_figure if with_figure.any() else own, person].mean()
        else:
            filled[event, person] = (sums.sum() - sums[person]) / others if others else MIDDLE
    return data.assign(outcome=(data["outcome"].dims, filled))
