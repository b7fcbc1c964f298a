"""From what is assumed of people in general to the values of each person.

Every free parameter lives on its link scale, where a person's level is normal around the group's:

    level[person] = centre + spread * offset[person],     value = unlink(level)

A *row* is one group centre: a parameter, or a parameter for one figure where it differs by figure. Where the data have
covariates, people are normal around the centre moved by them (see `formulas`), alike for every figure:

    effect ~ Normal(0, 2 scale),   member ~ Normal(0, group_spread),   group_spread ~ HalfNormal(scale)

with `scale` that of the parameter's between-person sd. An effect is thus expected to stay within about four typical
between-person sds, whichever way.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.ops import Array, by_figure, exp, log, logit, sigmoid
from iwm_bayes.types import ModelSpec, Parameter, parameters

LINKS: Mapping[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "unit": (logit, sigmoid),
    "positive": (log, exp),
    "real": (lambda x: x, lambda x: x),
}
Z_CI90 = 1.6448536269514722  # half-width of a 90 % interval in standard deviations
EFFECT_WIDTH = (
    2.0  # prior sd of an effect in units of the scale of the between-person sd: wide, a choice and not a finding
)


def figure_names(data: xr.Dataset) -> list[str]:
    """The figures of a data set by name."""
    return [str(name) for name in data["figure"].values]


class FreeParameter(NamedTuple):
    """One group centre and its prior on the link scale."""

    label: str  # "approach_bias[friend]", or the bare name
    name: str
    parameter: Parameter
    prior_mean: float  # link scale
    prior_sd: float


def free_parameters(model: ModelSpec, figures: Sequence[str]) -> list[FreeParameter]:
    """The free rows of a theory in order; a parameter's figures stand next to each other."""
    found = []
    for name, parameter in parameters(model).items():
        if parameter.fixed is not None:
            continue
        link, _ = LINKS[parameter.support]
        low, high = (float(link(np.float64(end))) for end in parameter.prior_90)
        labels = [f"{name}[{figure}]" for figure in figures] if parameter.by == "figure" else [name]
        found += [
            FreeParameter(label, name, parameter, (low + high) / 2, (high - low) / (2 * Z_CI90)) for label in labels
        ]
    return found


def natural_values(
    model: ModelSpec, levels: Mapping[str, Array], figures: Sequence[str], people: int
) -> dict[str, Array]:
    """Natural-scale values by parameter name from link-scale levels by row label.

    `levels` are (person,) each; values are (person,), or (figure, person) by figure.
    """
    found: dict[str, Array] = {}
    for name, parameter in parameters(model).items():
        _, unlink = LINKS[parameter.support]
        if parameter.fixed is not None:
            found[name] = np.full(people, parameter.fixed)
        elif parameter.by == "figure":
            found[name] = unlink(by_figure([levels[f"{name}[{figure}]"] for figure in figures]))
        else:
            found[name] = unlink(levels[name])
    return found


def with_new_figure(model: ModelSpec, people: Mapping[str, Array]) -> dict[str, Array]:
    """Values for one more figure, about whom a person starts as about the average of the others."""
    found = dict(people)
    for name, parameter in parameters(model).items():
        if parameter.by == "figure" and parameter.fixed is None:
            link, unlink = LINKS[parameter.support]
            average = unlink(np.mean(link(people[name]), axis=-2, keepdims=True))
            found[name] = np.concatenate([people[name], average], axis=-2)
    return found


class EffectMap(NamedTuple):
    """What moves people's centres: labels "PARAMETER: TERM", and which rows each moves (row, label), 0 or 1."""

    labels: list[str]
    rows: np.ndarray
    scale: np.ndarray  # (label,), the scale of the between-person sd of the parameter that is moved


def effect_map(placed: Sequence[FreeParameter], labels: Sequence[str]) -> EffectMap:
    """The effects or members with these labels, and the partially pooled rows that they move."""
    moved = [label.partition(": ")[0] for label in labels]
    which = np.array([[float(row.name == name) for name in moved] for row in placed]).reshape(len(placed), len(moved))
    scale = {row.name: row.parameter.prior_between_sd for row in placed}
    return EffectMap(list(labels), which, np.array([scale[name] for name in moved]))


def group_level_weights(placed: Sequence[FreeParameter], labels: Sequence[str]) -> np.ndarray:
    """What members are sampled around when centred, as weights of the centres (row, member): see `place_around`.

    Members who deviate from a centre, as in (1|therapist), around the mean of the rows they move; others around 0.
    """
    which = effect_map(placed, labels).rows
    deviates = np.array([label.partition(": ")[2].startswith("1|") for label in labels])
    return deviates * which / which.sum(axis=0)


def group_of_level(labels: Sequence[str]) -> list[str]:
    """The group to which each member belongs: its label without the member's own name."""
    return [label.rpartition("[")[0] for label in labels]


def place_around(centre: Array, spread: Array, offset: Array, centredness: Array = 0.0, unit: Array = 1.0) -> Array:
    """A person's link-scale value from where they stand around the group's centre; see `hierarchy`."""
    return centre + (spread / unit) ** (1.0 - centredness) * (offset - centredness * centre)
