"""Priors on the link scale, and the values of people on the natural scale.

Every free parameter is estimated on its link scale. There, people are normal around the mean of their group:

    theta[person] = mu + sigma * z[person],   z ~ Normal(0, 1),   value = unlink(theta)

A `FreeParameter` has one group mean. A parameter that differs by figure is one free parameter per figure. Where the
data have covariates, effects shift the group means of people (see `data.formulas.design`), by the same amount for every
figure:

    beta ~ Normal(0, 2 scale),   u ~ Normal(0, sigma_u),   sigma_u ~ HalfNormal(scale)

`scale` is that of the parameter's between-person SD. So an effect is expected to lie within about four such SDs of 0.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.ops import Array, exp, log, logit, sigmoid, stack_figures
from iwm_bayes.types import Z_CI90, ModelSpec, Parameter, parameters

LINKS: Mapping[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "unit": (logit, sigmoid),
    "positive": (log, exp),
    "real": (lambda x: x, lambda x: x),
}
WITHIN_SUPPORT = {
    "unit": lambda x: 0 < x < 1,
    "positive": lambda x: 0 < x < float("inf"),
    "real": lambda x: abs(x) < float("inf"),
}
NARROWEST_PRIOR = 1e-6  # on the link scale, as all that follows: a narrower one is a constant
WIDEST_PRIOR = {"unit": 30.0, "positive": 30.0, "real": 1e6}  # exp(30) is 1e13; beyond it, values overflow
LKJ_SHAPE = 2.0  # of the LKJ prior of correlations


def prior_problems(parameter: Parameter) -> Iterator[str]:
    """Yield what is wrong with the prior of a parameter: outside its support, too narrow or too wide."""
    (low, high), within = parameter.prior_90, WITHIN_SUPPORT[parameter.support]
    if not (within(low) and within(high) and low < high):
        yield f"`prior_90` must be two rising numbers of support {parameter.support!r}"
        return
    link, widest = LINKS[parameter.support][0], WIDEST_PRIOR[parameter.support]
    ends = [float(link(np.float64(end))) for end in parameter.prior_90]
    if max(map(abs, ends)) > widest or ends[1] - ends[0] < NARROWEST_PRIOR:
        yield "`prior_90` is too wide or too narrow for a prior. Give a range that you expect, or `fixed`"
    if not NARROWEST_PRIOR <= parameter.prior_between_sd <= widest:
        remedy = 'Where people are alike, write pooling = "complete"'
        yield f"`prior_between_sd` must be from {NARROWEST_PRIOR:g} to {widest:g}. {remedy}"


def figure_names(data: xr.Dataset) -> list[str]:
    """Return the names of a data set's figures, in order."""
    return [str(name) for name in data["figure"].values]


class FreeParameter(NamedTuple):
    """One group mean and its prior on the link scale."""

    label: str  # "approach_bias[friend]", or the bare name
    name: str
    parameter: Parameter
    prior_mean: float  # of the group mean, link scale
    prior_sd: float


def free_parameters(model: ModelSpec, figures: Sequence[str]) -> list[FreeParameter]:
    """Return the free parameters of a model in order; those of one parameter's figures are next to each other."""
    found = []
    for name, parameter in parameters(model).items():
        if parameter.fixed is not None:
            continue
        link, _ = LINKS[parameter.support]
        low, high = (float(link(np.float64(end))) for end in parameter.prior_90)
        mean, sd = (low + high) / 2, (high - low) / (2 * Z_CI90)
        labels = [f"{name}[{figure}]" for figure in figures] if parameter.by == "figure" else [name]
        found += [FreeParameter(label, name, parameter, mean, sd) for label in labels]
    return found


def natural_values(
    model: ModelSpec, theta: Mapping[str, Array], figures: Sequence[str], people: int | tuple[()]
) -> dict[str, Array]:
    """Return values on the natural scale by parameter name, from link-scale values by label of the free parameter.

    `theta` are (person,) each. Values are (person,), or (figure, person) where a parameter differs by figure. Fixed
    parameters are included. For scalars of one person, `people` is ().
    """
    values: dict[str, Array] = {}
    for name, parameter in parameters(model).items():
        _, unlink = LINKS[parameter.support]
        if parameter.fixed is not None:
            values[name] = np.full(people, parameter.fixed)
        elif parameter.by == "figure":
            values[name] = unlink(stack_figures([theta[f"{name}[{figure}]"] for figure in figures]))
        else:
            values[name] = unlink(theta[name])
    return values


def with_new_figure(model: ModelSpec, people: Mapping[str, Array]) -> dict[str, Array]:
    """Return natural-scale values with one more figure: on the link scale, the average of a person's other figures."""
    values = dict(people)
    for name, parameter in parameters(model).items():
        if parameter.by == "figure" and parameter.fixed is None:
            link, unlink = LINKS[parameter.support]
            average = unlink(np.mean(link(people[name]), axis=-2, keepdims=True))
            values[name] = np.concatenate([people[name], average], axis=-2)
    return values


class EffectMap(NamedTuple):
    """Effects with labels "PARAMETER: TERM", and the free parameters that each of them shifts."""

    labels: list[str]
    indicator: np.ndarray  # (parameter, label), 1 where the effect shifts the parameter, else 0
    scale: np.ndarray  # (label,), scale of the between-person SD of the parameter that is shifted


def effect_map(partial: Sequence[FreeParameter], labels: Sequence[str]) -> EffectMap:
    """Return the map from effects or group levels with these labels to partially pooled parameters."""
    names = [label.partition(": ")[0] for label in labels]
    indicator = np.array([[float(free.name == name) for name in names] for free in partial])
    scale = {free.name: free.parameter.prior_between_sd for free in partial}
    shape = (len(partial), len(names))
    return EffectMap(list(labels), indicator.reshape(shape), np.array([scale[name] for name in names]))


def group_level_weights(partial: Sequence[FreeParameter], labels: Sequence[str]) -> np.ndarray:
    """Return the weights (parameter, group_level) of group means around which centred group levels are sampled.

    A level with a deviation of its own, as in (1|therapist), is sampled around the mean of the group means that it
    shifts. A level with a slope of its own is sampled around 0. See `from_offset`.
    """
    indicator = effect_map(partial, labels).indicator
    is_intercept = np.array([label.partition(": ")[2].startswith("1|") for label in labels])
    return is_intercept * indicator / indicator.sum(axis=0)


def group_of_level(labels: Sequence[str]) -> list[str]:
    """Return the group of each group level: its label without the level's own name, or names where groups are nested.

    The levels of one group have one SD: all of "1|site[a]:therapist[x]" belong to "1|site:therapist".
    """
    parts = (label.partition("|") for label in labels)
    return [slope + bar + re.sub(r"\[.*?\](?=:|$)", "", group) for slope, bar, group in parts]


def from_offset(mean: Array, sd: Array, offset: Array, centredness: Array = 0.0, unit: Array = 1.0) -> Array:
    """Return a link-scale value from its offset in a partially non-centred form; see `hierarchy`.

        value = mean + (sd / unit)^(1 - centredness) * (offset - centredness * mean)

    With centredness 0 and unit 1, the offset is in SDs of the group.
    """
    return mean + (sd / unit) ** (1.0 - centredness) * (offset - centredness * mean)
