"""People around their groups, in a graph: the random variables above any data.

    centre       (row,)              group centre of every pooled row, link scale
    spread       (partial,)          between-person sd of the partially pooled rows, link scale
    level        (personal, person)  link-scale values of every person: normal around the centre with this sd, or,
                                     where people share nothing, with all that the prior leaves open
    effect       (term,)             what covariates do to centres, link scale, where the study has formulas
    group_spread (grouping,)         sd between the members of a group, such as therapists
    member_offset (member,)          each member's place among them
    correlation  (partial, partial)  Cholesky factor, where the theory says `correlated`

The sampler moves people relative to what their own answers say (see `transforms`), of which the graph is told (see
`own_answers`); told nothing, it moves them relative to the group. It is told, too, where chains begin: `start_centre`,
`start_spread` and so on, in the units of what they begin. Members of a group are moved relative to the centre from
which they deviate alike: with w their `group_centredness` and r their spread in a `group_unit`,

    member_offset ~ Normal(w centre, unit r^w),    deviation = r^(1-w) (member_offset - w centre)

w = 1 is the centred form, w = 0 the non-centred one, and all between, in whatever unit, are the same model
(Papaspiliopoulos, Roberts & Skold, 2007, doi:10.1214/088342307000000014).

Correlations have an LKJ prior with shape 2, which prefers none a little: a correlation of two lies within +-.73 with
90 % (Lewandowski, Kurowicka & Joe, 2009, doi:10.1016/j.jmva.2009.04.008).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.model.local_gaussian import declare_local_gaussian
from iwm_bayes.model.noncentering import (
    Correlated,
    HalfNormalQuantile,
    Independent,
    declare_people,
    group_log_density,
    pseudo_prior_logp,
)
from iwm_bayes.model.priors import (
    EFFECT_WIDTH,
    FreeParameter,
    effect_map,
    figure_names,
    free_parameters,
    group_level_weights,
    group_of_level,
    place_around,
)
from iwm_bayes.types import ModelSpec

type NoPoolingGroup = Callable[[list[FreeParameter], int], tuple[Any, Any]]
TRANSFORMED_VARIABLES = ("sigma", "sigma_u", "correlation")  # of the group, and moved in another form
LKJ_SHAPE = 2.0  # of the LKJ prior


def parameters_pooled(model: ModelSpec, figures: list[str], *poolings: str) -> list[FreeParameter]:
    """The rows with one of the given kinds of pooling, in the theory's order."""
    return [row for row in free_parameters(model, figures) if row.parameter.pooling in poolings]


def effect_labels(data: xr.Dataset) -> dict[str, list[str]]:
    """Labels of what moves people's centres, by dim; none without formulas."""
    found = {
        name: [str(label) for label in data[name].values]
        for name in ("coefficient", "group_level")
        if name in data.dims
    }
    return found | (
        {"group": list(dict.fromkeys(group_of_level(found["group_level"])))} if "group_level" in found else {}
    )


def coordinates(model: ModelSpec, data: xr.Dataset) -> dict[str, Any]:
    """Names along every dim of the hierarchy."""
    figures = figure_names(data)
    partial = [row.label for row in parameters_pooled(model, figures, "partial")]
    return {
        "parameter": [row.label for row in parameters_pooled(model, figures, "partial", "complete")],
        "parameter_partial": partial,
        "parameter_other": partial,
        "parameter_person": [
            row.label
            for row in (*parameters_pooled(model, figures, "partial"), *parameters_pooled(model, figures, "none"))
        ],
        "parameter_complete": [row.label for row in parameters_pooled(model, figures, "complete")],
        "person": data["person"].values,
        **effect_labels(data),
    }


def dim_name(dim: str) -> str:
    """A dim's name in the model on the stack: with the model's name, where it is one of several."""
    return str(pm.modelcontext(None).name_for(dim))


def sum_of_effects(which: np.ndarray, moved_by: Any) -> Any:
    """Sums of what each label moves (label, person) over the labels of each row: `which` @ `moved_by`, without BLAS."""
    return (which[:, :, None] * moved_by[None]).sum(axis=1)


def declare_start(name: str, default: Any) -> Any:
    """Declare where chains begin, unless the graph is told better."""
    return pm.Data(f"start_{name}", np.asarray(default, dtype=float))


def declare_mu(shared: list[FreeParameter]) -> Any:
    """Declare group centres (row,)."""
    middle, width = [row.prior_mean for row in shared], [row.prior_sd for row in shared]
    return pm.Normal("mu", middle, width, dims=dim_name("parameter"), initval=declare_start("mu", middle))


def declare_sd(name: str, scale: Any, dim: str) -> Any:
    """Declare sds (dim,) between people or members of groups."""
    begin = declare_start(name, scale)
    return pm.HalfNormal(name, scale, dims=dim_name(dim), initval=begin, default_transform=HalfNormalQuantile())


def declare_effects(partial: list[FreeParameter], centre: Any, data: xr.Dataset) -> Any:
    """Declare what covariates and groups do to centres (partial,): how far people's move, (partial, person) or 0."""
    labels, found = effect_labels(data), 0.0
    if "coefficient" in labels:
        by_effect = effect_map(partial, labels["coefficient"])
        design = pm.Data("design", data["design"].values, dims=(dim_name("coefficient"), "person"))
        wide = EFFECT_WIDTH * by_effect.scale
        beta = pm.Normal("beta", 0.0, wide, dims=dim_name("coefficient"), initval=declare_start("beta", 0.0 * wide))
        found += sum_of_effects(by_effect.rows, beta[:, None] * design)
    if "group_level" in labels:
        by_member = effect_map(partial, labels["group_level"])
        membership = pm.Data("membership", data["membership"].values, dims=(dim_name("group_level"), "person"))
        scale = effect_map(partial, labels["group"]).scale
        sigma_u = declare_sd("sigma_u", scale, "group")
        group = [labels["group"].index(name) for name in group_of_level(labels["group_level"])]
        w = pm.Data("group_centredness", np.zeros(len(labels["group"])), dims=dim_name("group"))[group]
        unit = pm.Data("group_unit", np.ones(len(labels["group"])), dims=dim_name("group"))[group]
        middle, scale = (
            (centre[:, None] * group_level_weights(partial, labels["group_level"])).sum(axis=0),
            sigma_u[group],
        )
        offset = pm.Normal("u_offset", w * middle, unit * (scale / unit) ** w, dims=dim_name("group_level"))
        found += sum_of_effects(
            by_member.rows, (place_around(middle, scale, offset, w, unit) - middle)[:, None] * membership
        )
    return found


def declare_partial_pooling(partial: list[FreeParameter], centre: Any, data: xr.Dataset) -> tuple[Any, Any]:
    """Declare how people spread around their own centres: those centres (partial, person) and sds (partial, 1)."""
    sigma = declare_sd("sigma", [row.parameter.prior_between_sd for row in partial], "parameter_partial")
    middle = centre[:, None] + declare_effects(partial, centre, data)
    return pt.broadcast_to(middle, (len(partial), data.sizes["person"])), sigma[:, None]


def no_pooling(separate: list[FreeParameter], people: int) -> tuple[Any, Any]:
    """The same of people who share nothing: all that the prior leaves open."""
    widths = [[np.hypot(row.prior_sd, row.parameter.prior_between_sd)] for row in separate]
    return np.repeat([[row.prior_mean] for row in separate], people, axis=1), np.array(widths)


def declare_theta(model: ModelSpec, middle: Any, scale: Any, together: int, common: list[Any]) -> Any:
    """Declare everyone's link-scale values around `middle` (personal, person); the first rows may be correlated."""
    here = pm.modelcontext(None)
    rows, people = (len(here.coords[dim]) for dim in (dim_name("parameter_person"), "person"))
    said = declare_local_gaussian(rows, people, common)
    if not model.correlated or together < 2:
        return declare_people("theta", Independent, middle, scale, *said, dims=(dim_name("parameter_person"), "person"))
    factor = pm.LKJCorr(
        "correlation", eta=LKJ_SHAPE, n=together, dims=(dim_name("parameter_partial"), dim_name("parameter_other"))
    )
    root = scale * pt.set_subtensor(pt.eye(rows)[:together, :together], factor)
    return declare_people("theta", Correlated, middle, root, *said, dims=(dim_name("parameter_person"), "person"))


def declare_hierarchy(model: ModelSpec, data: xr.Dataset, apart: NoPoolingGroup = no_pooling) -> dict[str, Any]:
    """Declare the hierarchy in the model on the stack; link-scale values (person,) by row label.

    `apart` gives centres (separate, person) and sds (separate, 1) of those parameters that have no group here.
    """
    figures, people = figure_names(data), data.sizes["person"]
    shared = parameters_pooled(model, figures, "partial", "complete")
    partial, separate = parameters_pooled(model, figures, "partial"), parameters_pooled(model, figures, "none")
    personal, parts = [*partial, *separate], []
    levels: dict[str, Any] = {}
    if shared:
        centre = declare_mu(shared)
        levels |= {row.label: pt.full((people,), centre[index]) for index, row in enumerate(shared)}
    if partial:
        parts.append(declare_partial_pooling(partial, centre[[shared.index(row) for row in partial]], data))
    if separate:
        parts.append(apart(separate, people))
    if personal:
        middle, scale = (pt.concatenate(several, axis=0) for several in zip(*parts, strict=True))
        common = [centre[index] for index, row in enumerate(shared) if row not in partial]
        level = declare_theta(model, middle, scale, len(partial), common)
        levels |= {row.label: level[index] for index, row in enumerate(personal)}
    return levels


def person_log_densities() -> tuple[Any, Any] | None:
    """Of everyone's values in the model on the stack, if there are: log densities (person,) of two kinds.

    As the group has them, and as the sampler takes them for: what the group and their own answers say together.
    """
    here = pm.modelcontext(None)
    if (level := here.named_vars.get(here.name_for("theta"))) is None:
        return None
    *_, middle, root, precision, pull = level.owner.inputs
    form = Correlated if here.name_for("correlation") in here.named_vars else Independent
    return group_log_density(form, level, middle, root), pseudo_prior_logp(form, level, middle, root, precision, pull)
