"""What this field looks for in answers: numbers that a theory's people must show as real ones do.

Answers are (..., event, person), NaN where there is none; leading axes are replications. Steps are from an answer about
a figure to the next about the same one, and what lies between them is one outcome: that of the later event where the
answer is given after it, of the earlier where it is given before. A *rupture* is an outcome below .5 right after one of
.5 or more with the same figure, a *repair* the other way round.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.filtering.arrays import last_matching_event
from iwm_bayes.types import Response

RESPONSIVE = 0.5  # outcome from which an act counts as responsive
QUARTERS = ("first quarter", "second quarter", "third quarter", "last quarter")


class OutcomeMasks(NamedTuple):
    """What lies between answers, (event, person) each; masks hold at the later of two."""

    last: np.ndarray  # the event before with the same figure, -1 where there is none
    masks: Mapping[str, np.ndarray]  # by name: "a good act" ...
    part: np.ndarray  # which quarter of a person's events, 0..3; -1 where there is none
    figure: np.ndarray
    names: tuple[str, ...]


def values_at(values: np.ndarray, event: np.ndarray, otherwise: float) -> np.ndarray:
    """Values (..., event, person) at events (event, person); `otherwise` where that is -1."""
    there = np.broadcast_to(np.maximum(event, 0), values.shape)
    return np.where(event >= 0, np.take_along_axis(values, there, axis=-2), otherwise)


def outcome_masks(data: xr.Dataset, response: Response) -> OutcomeMasks:
    """What lies between the answers to one response."""
    figure, present = data["figure_index"].values, data["present"].values
    outcome = np.where(data["seen"].values, data["outcome"].values, np.nan)
    alike = last_matching_event(lambda event: present[:event] & (figure[:event] == figure[event]), figure.shape)
    last = np.where(present, alike, -1)
    between, before = outcome, values_at(outcome, last, np.nan)
    if response.timing == "before":
        between, before = before, values_at(before, last, np.nan)
    masks = {
        "a good act": between >= RESPONSIVE,
        "a bad act": between < RESPONSIVE,
        "nothing seen": np.isnan(between) & (last >= 0),
        "a rupture": (between < RESPONSIVE) & (before >= RESPONSIVE),
        "a repair": (between >= RESPONSIVE) & (before < RESPONSIVE),
    }
    turn = np.cumsum(present, axis=0) - 1
    part = np.where(present, np.minimum(4 * turn // np.maximum(present.sum(axis=0), 1), 3), -1)
    return OutcomeMasks(last, masks, part, figure, tuple(map(str, data["figure"].values)))


def mean_where(values: np.ndarray, where: np.ndarray | bool = True) -> np.ndarray:
    """Mean over events and people of what there is, (...); NaN where there is nothing."""
    counted = where & np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(counted, values, 0.0).sum(axis=(-2, -1)) / counted.sum(axis=(-2, -1))


def sd_between_people(values: np.ndarray) -> np.ndarray:
    """The sd between people of their means, (...)."""
    given = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        own = np.where(given, values, 0.0).sum(axis=-2) / given.sum(axis=-2)
    return np.nanstd(own, axis=-1)


def centre_on_person(values: np.ndarray) -> np.ndarray:
    """Answers less their person's mean."""
    given = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return values - (np.where(given, values, 0.0).sum(axis=-2) / given.sum(axis=-2))[..., None, :]


def bimodality(values: np.ndarray) -> np.ndarray:
    """Sarle's coefficient of people's answers around their means: 5/9 where even, 1/3 where normal, 1 where two."""
    apart = centre_on_person(values)
    second, third, fourth = (mean_where(apart**power) for power in (2, 3, 4))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (third**2 / second**3 + 1.0) / (fourth / second**2)


def test_statistics(
    answers: np.ndarray, past: np.ndarray, response: Response, life: OutcomeMasks
) -> dict[str, np.ndarray]:
    """Everything that is looked for in the answers to one response, (...) each.

    `past` are the answers that stand before them, (..., event, person): the same ones, or those of the data where what
    was answered decided what was seen, so that nothing is told of people who saw what their answers would have hidden.
    """
    step = answers - values_at(past, life.last, np.nan)
    found = {f"level, {name}": mean_where(answers, life.part == index) for index, name in enumerate(QUARTERS)}
    found |= {f"change after {name}": mean_where(step, mask) for name, mask in life.masks.items()}
    if response.family.whole:
        same = np.where(np.isfinite(step), step == 0.0, np.nan)
        for index, name in enumerate(life.names):
            here = life.figure == index
            found[f"stays after a good act: {name}"] = mean_where(same, here & life.masks["a good act"])
            found[f"shifts after a bad act: {name}"] = 1.0 - mean_where(same, here & life.masks["a bad act"])
    apart, before = centre_on_person(answers), values_at(centre_on_person(past), life.last, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        found["lag-1 autocorrelation"] = mean_where(apart * before) / mean_where(apart**2)
    turned = step * values_at(past - values_at(past, life.last, np.nan), life.last, np.nan)
    found["turns"] = mean_where(np.where(np.isfinite(turned) & (turned != 0.0), turned < 0.0, np.nan))
    if not response.family.whole:
        found["bimodality"] = bimodality(answers)
    return found | {"sd between people": sd_between_people(answers)}
