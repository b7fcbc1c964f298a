"""Test statistics of responses, for predictive checks: features that a model should reproduce.

Answers are (..., event, person), NaN where there is none; leading axes are replications. A *change* is the difference
between an answer about a figure and the previous answer about the same figure. One outcome lies between them. If
responses follow the outcome of their event, it is that of the later event, otherwise that of the earlier one.

A *rupture* is here an outcome below 0.5 after an event with the same figure and an outcome of 0.5 or more. A *repair*
is the reverse. In contrast to `estimands.security.criterion`, the previous event counts even if its outcome was not
observed: the next outcome is then neither. So a change belongs to two adjacent outcomes. Both modules have the same
threshold.

Leaving has statistics of its own: the share of those still there who leave. A person leaves at their last event, so
quarters of their own events, means of a person and changes follow from the data as they are, and check no model.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.security.criterion import RESPONSIVE
from iwm_bayes.filtering.arrays import last_of_figure
from iwm_bayes.types import Response

QUARTERS = ("first quarter", "second quarter", "third quarter", "last quarter")


class OutcomeMasks(NamedTuple):
    """What lies between the answers to one response, (event, person) each; masks are True at the later event."""

    previous: np.ndarray  # index of the previous event with the same figure; -1 if there is none
    responsive: np.ndarray
    unresponsive: np.ndarray
    unobserved: np.ndarray
    rupture: np.ndarray
    repair: np.ndarray
    quarter: np.ndarray  # which quarter of a person's events, 0 to 3; -1 if there is no event
    period: np.ndarray  # the same of the events of the person with the most
    figure: np.ndarray  # index of the figure
    figures: tuple[str, ...]  # names of the figures


def values_at(values: np.ndarray, event: np.ndarray, otherwise: float) -> np.ndarray:
    """Return values (..., event, person) at the events (event, person); `otherwise` where the event is -1."""
    index = np.broadcast_to(np.maximum(event, 0), values.shape)
    return np.where(event >= 0, np.take_along_axis(values, index, axis=-2), otherwise)


def outcome_masks(data: xr.Dataset, response: Response) -> OutcomeMasks:
    """Classify the outcomes that lie between the answers to one response."""
    figure, present = data["figure_index"].values, data["present"].values
    outcome = np.where(data["observed"].values, data["outcome"].values, np.nan)
    previous = np.where(present, last_of_figure(present, figure), -1)
    between, before = outcome, values_at(outcome, previous, np.nan)
    if response.timing == "before":
        between, before = before, values_at(before, previous, np.nan)
    order = np.cumsum(present, axis=0) - 1
    quarter = np.where(present, np.minimum(4 * order // np.maximum(present.sum(axis=0), 1), 3), -1)
    period = np.where(present, 4 * order // max(len(present), 1), -1)
    return OutcomeMasks(
        previous,
        responsive=between >= RESPONSIVE,
        unresponsive=between < RESPONSIVE,
        unobserved=np.isnan(between) & (previous >= 0),
        rupture=(between < RESPONSIVE) & (before >= RESPONSIVE),
        repair=(between >= RESPONSIVE) & (before < RESPONSIVE),
        quarter=quarter,
        period=period,
        figure=figure,
        figures=tuple(map(str, data["figure"].values)),
    )


def mean_where(values: np.ndarray, where: np.ndarray | bool = True) -> np.ndarray:
    """Average over events and people where values are finite, (...); NaN if there are none."""
    counted = where & np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(counted, values, 0.0).sum(axis=(-2, -1)) / counted.sum(axis=(-2, -1))


def person_means(values: np.ndarray) -> np.ndarray:
    """Average each person's values over events, (..., person); NaN if there are none."""
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(finite, values, 0.0).sum(axis=-2) / finite.sum(axis=-2)


def sd_between_people(values: np.ndarray) -> np.ndarray:
    """Compute the SD of the means of people, (...)."""
    return np.nanstd(person_means(values), axis=-1)


def centre_on_person(values: np.ndarray) -> np.ndarray:
    """Subtract each person's mean."""
    return values - person_means(values)[..., None, :]


def bimodality(values: np.ndarray) -> np.ndarray:
    """Compute Sarle's bimodality coefficient of answers around their person's mean, (...).

    It is 1/3 for a normal distribution, 5/9 for a uniform one, and 1 for two points.
    """
    deviation = centre_on_person(values)
    second, third, fourth = (mean_where(deviation**power) for power in (2, 3, 4))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (third**2 / second**3 + 1.0) / (fourth / second**2)


def leaving_statistics(answers: np.ndarray, masks: OutcomeMasks) -> dict[str, np.ndarray]:
    """Compute the share of people still there who leave, (...): by period, and after responsive and other sessions."""
    return {
        **{f"leaves, {name}": mean_where(answers, masks.period == index) for index, name in enumerate(QUARTERS)},
        "leaves after a responsive session": mean_where(answers, masks.responsive),
        "leaves after an unresponsive session": mean_where(answers, masks.unresponsive),
    }


def response_statistics(
    answers: np.ndarray, past: np.ndarray, response: Response, masks: OutcomeMasks
) -> dict[str, np.ndarray]:
    """Compute every test statistic of the answers to one response, (...) each.

    Parameters
    ----------
    answers
        (..., event, person), NaN where there is none.
    past
        The answers that precede them, (..., event, person): the same answers, or those of the data. The latter applies
        where an answer decides whether an outcome is observed. Otherwise a replicated answer could follow an outcome
        that the replicated answer before it would have hidden.
    """
    if response.effect == "leaves":
        return leaving_statistics(answers, masks)
    change = answers - values_at(past, masks.previous, np.nan)
    statistics = {f"level, {name}": mean_where(answers, masks.quarter == index) for index, name in enumerate(QUARTERS)}
    statistics |= {
        "change after a responsive session": mean_where(change, masks.responsive),
        "change after an unresponsive session": mean_where(change, masks.unresponsive),
        "change without an observed outcome": mean_where(change, masks.unobserved),
        "change after a rupture": mean_where(change, masks.rupture),
        "change after a repair": mean_where(change, masks.repair),
    }
    if response.family.discrete:
        same = np.where(np.isfinite(change), change == 0.0, np.nan)
        for index, name in enumerate(masks.figures):
            responsive, unresponsive = (
                mean_where(same, (masks.figure == index) & mask) for mask in (masks.responsive, masks.unresponsive)
            )
            statistics[f"stays after a responsive session: {name}"] = responsive
            statistics[f"shifts after an unresponsive session: {name}"] = 1.0 - unresponsive
    deviation = centre_on_person(answers)
    previous_deviation = values_at(centre_on_person(past), masks.previous, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistics["lag-1 autocorrelation"] = mean_where(deviation * previous_deviation) / mean_where(deviation**2)
    product = change * values_at(past - values_at(past, masks.previous, np.nan), masks.previous, np.nan)
    reversal = np.where(np.isfinite(product) & (product != 0.0), product < 0.0, np.nan)
    statistics["reversals"] = mean_where(reversal)
    if not response.family.discrete:
        statistics["bimodality"] = bimodality(answers)
    return statistics | {"sd between people": sd_between_people(answers)}
