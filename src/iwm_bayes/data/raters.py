"""Raters of the outcome: what a study states of them, and the model in which they rate a latent outcome.

Each rater becomes a response `outcome_RATER`, such as `outcome_patient` (see `responses.outcome_rating`), and the rule
learns from the outcome behind the ratings (see `rules.modifiers.raters`). One rater, the anchor, has a bias of 0 and a
slope of 1. Only the patient expects anything, so that only the patient's ratings can lean towards an expectation. How
far they lean is estimated where somebody else rates as well; otherwise the lean is fixed at 0.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.responses.outcome_rating import ABOUT, outcome_rating
from iwm_bayes.responses.scale import is_on_outcome_scale, on_outcome_scale
from iwm_bayes.rules.modifiers.raters import DEVIATION, with_latent_outcome
from iwm_bayes.types import InputError, ModelSpec, Response

PATIENT = "patient"
PREFIX = "outcome_"


class Raters(NamedTuple):
    """The raters of an outcome, in order."""

    names: tuple[str, ...]
    anchor: str  # whose bias is 0 and whose slope is 1

    @property
    def leaning(self) -> tuple[str, ...]:
        """The raters whose lean is estimated: the patient, where somebody else rates as well."""
        return (PATIENT,) if PATIENT in self.names and len(self.names) > 1 else ()


def raters(names: Iterable[str], anchor: str | None = None) -> Raters:
    """Return raters with their anchor: by default the first who is not the patient."""
    listed = tuple(names)
    return Raters(listed, anchor or next((name for name in listed if name != PATIENT), listed[0]))


def response_of(rater: str) -> str:
    """Return the name of the response of a rater."""
    return f"{PREFIX}{rater}"


def is_outcome_rating(response: Response) -> bool:
    """Return whether a response is a rating of the latent outcome."""
    return response.about == ABOUT


def outcome_ratings(model: ModelSpec) -> dict[str, Response]:
    """Return the ratings of the outcome of a model by name; none where the outcome is observed."""
    return {name: response for name, response in model.responses.items() if is_outcome_rating(response)}


def anchors(model: ModelSpec) -> list[str]:
    """Return the ratings of the outcome that are on its scale."""
    return [name for name, response in outcome_ratings(model).items() if is_on_outcome_scale(response)]


def has_latent_outcome(model: ModelSpec) -> bool:
    """Return whether the outcome of a model is latent."""
    return DEVIATION in model.rule.innovations


def model_with_raters(model: ModelSpec, given: Raters | None) -> ModelSpec:
    """Return a model whose outcome is latent, and rated; unchanged without raters, or where it has them already."""
    if given is None or has_latent_outcome(model):
        return model
    ratings = {response_of(name): outcome_rating(name in given.leaning) for name in given.names}
    anchor = response_of(given.anchor)
    ratings[anchor] = on_outcome_scale(ratings[anchor])
    rule = with_latent_outcome(model.rule)
    if taken := sorted(model.responses.keys() & ratings.keys()):
        raise InputError([f"{model.name}: has a response {', '.join(taken)}, which is the name of a rater's"])
    source = {**model.source, "raters": given._asdict()} if model.source else model.source
    return model._replace(rule=rule, responses={**model.responses, **ratings}, source=source)


def recorded_raters(record: Any) -> Raters:
    """Return raters as the source of a model has them, which may come from JSON."""
    return Raters(tuple(record["names"]), record["anchor"])


def mean_rating(ratings: Iterable[np.ndarray]) -> np.ndarray:
    """Return the mean rating of an outcome, NaN where nobody rated it."""
    given = np.array(list(ratings))
    count = (~np.isnan(given)).sum(axis=0)
    return np.where(count > 0, np.nansum(given, axis=0) / np.maximum(count, 1), np.nan)


def rating_variables(data: xr.Dataset) -> list[str]:
    """Return the variables of a data set that are ratings of the outcome; none where it is observed."""
    return [str(name) for name in data if data[name].attrs.get("rates_outcome", 0)]
