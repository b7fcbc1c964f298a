"""The thresholds of earned security on the scale of each rating.

A threshold such as .6 is about a belief on the outcome's scale. A rating on the same scale has the same threshold. A
rating on a scale of its own has the one that its intercept and slope give, for the median person: with its uncertainty.
Where intercept or slope differ between waves, they are those of the mean over waves, on the link scale.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.estimands.group_summary import median_ci90
from iwm_bayes.estimands.reliability import parameters_with_waves
from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Criterion
from iwm_bayes.model.priors import figure_names, free_parameters, natural_values
from iwm_bayes.responses.scale import is_on_outcome_scale
from iwm_bayes.types import ModelSpec, Response, map_tree, response_values

RATED = ("availability", "worth", "expected")  # beliefs that have thresholds
PRIOR_DRAWS, SEED = 4000, 1


class RatingThreshold(NamedTuple):
    """One threshold of a belief, and the rating that a median person gives at it, in the numbers of the table."""

    response: str
    belief: str
    threshold: float  # of the belief, 0..1, on the outcome's scale
    rating: float  # in the numbers of the study's table, with its 90% interval
    rating_ci90_low: float
    rating_ci90_high: float
    scale_low: float  # the number that the study states for the lowest rating
    scale_high: float
    on_outcome_scale: bool  # stated by the study, and not estimated


def typical_answer(response: Response, p: object, belief: np.ndarray) -> np.ndarray:
    """Return the answer, 0..1, that people with parameters `p` give at a belief, (draw,).

    For a rating it is the centre of its distribution, within the scale; for an ordinal answer the mean level. Effects
    of the last outcome are left out.
    """
    nothing = [np.zeros_like(belief) for _ in response.also_reads]
    arguments = response.arguments(p, belief, *nothing)
    if response.family.discrete:
        levels = np.linspace(0.0, 1.0, response.family.levels)
        return np.asarray((arguments["p"] * levels).sum(axis=-1))
    centre = np.asarray(arguments["mu"])
    return centre if response.family.bounds is None else np.clip(centre, *response.family.bounds)


def thresholds_from_values(
    model: ModelSpec, data: xr.Dataset, values: Mapping[str, np.ndarray], criterion: Criterion
) -> list[RatingThreshold]:
    """Return the thresholds of every rating from values of the median person, (draw,) or (figure, draw) each.

    Where a parameter of a rating differs by figure, its mean over figures is taken.
    """
    found = []
    for name, response in model.responses.items():
        if not response.scale or response.about not in RATED:
            continue
        p = map_tree(lambda x: x.mean(axis=0) if x.ndim == 2 else x, response_values(model, name, values))
        low, high = (float(end) for end in data.attrs.get(f"scale of {name}", (0.0, 1.0)))
        for threshold in (criterion.insecure_at_or_below, criterion.secure_at_or_above):
            belief = np.full(len(p[0]), threshold)
            rating, *interval = median_ci90(low + (high - low) * typical_answer(response, p, belief))
            lowest, highest = sorted(interval)  # a reversed item has its ends the other way round
            known = name, response.about, threshold, rating, lowest, highest, low, high
            found.append(RatingThreshold(*known, is_on_outcome_scale(response)))
    return found


def over_waves(model: ModelSpec, data: xr.Dataset, theta: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return values by label without changes between waves, so that all other parameters are means over waves."""
    changes = {each.label for _, own in parameters_with_waves(model, data) for each in own}
    return {label: 0.0 * values if label in changes else values for label, values in theta.items()}


def rating_thresholds(
    model: ModelSpec, fit: xr.DataTree, criterion: Criterion = DEFAULT_CRITERION
) -> list[RatingThreshold]:
    """Return what the median person answers at each threshold, for every rating of a belief.

    Parameters
    ----------
    model, fit
        A model, and its fit by any method.
    criterion
        The thresholds: insecure at baseline, and earned secure.
    """
    posterior, data = (
        fit["unconstrained_posterior"].to_dataset().stack(sample=("chain", "draw")),
        fit["constant_data"].to_dataset(),
    )
    figures = figure_names(data)
    theta = {}
    for free in free_parameters(model, figures):
        unpooled = free.parameter.pooling == "none"
        of_people = posterior["theta"].sel(parameter=free.label).mean("person") if unpooled else None
        theta[free.label] = (posterior["mu"].sel(parameter=free.label) if of_people is None else of_people).values
    values = natural_values(model, over_waves(model, data, theta), figures, posterior.sizes["sample"])
    return thresholds_from_values(model, data, values, criterion)


def prior_rating_thresholds(
    model: ModelSpec, data: xr.Dataset, criterion: Criterion = DEFAULT_CRITERION
) -> list[RatingThreshold]:
    """Return the same under the prior of the median person."""
    generator, figures = np.random.default_rng(SEED), figure_names(data)
    theta = {
        free.label: generator.normal(free.prior_mean, free.prior_sd, PRIOR_DRAWS)
        for free in free_parameters(model, figures)
    }
    values = natural_values(model, over_waves(model, data, theta), figures, PRIOR_DRAWS)
    return thresholds_from_values(model, data, values, criterion)


def scale_sentence(lines: list[RatingThreshold]) -> str:
    """Return what is assumed about the scale of one rating, and its thresholds, in words."""
    first = lines[0]
    scale = f"{first.response} ({first.scale_low:g} to {first.scale_high:g})"
    beliefs = " and ".join(f"{line.threshold:g}" for line in lines)
    if first.on_outcome_scale:
        ratings = " and ".join(f"{line.rating:.3g}" for line in lines)
        return f"{scale}: taken to be on the outcome's scale. Beliefs of {beliefs} are ratings of {ratings}"
    ratings = " and ".join(
        f"{line.rating:.3g} (90% interval {line.rating_ci90_low:.3g} to {line.rating_ci90_high:.3g})" for line in lines
    )
    return f"{scale}: on a scale of its own, which is estimated. Beliefs of {beliefs} are ratings of {ratings}"


def scale_sentences(lines: list[RatingThreshold]) -> list[str]:
    """Return the sentence of every rating, in order."""
    names = dict.fromkeys(line.response for line in lines)
    return [scale_sentence([line for line in lines if line.response == name]) for name in names]
