"""People around their groups, in a graph: the random variables above any data.

    centre       (row,)              group centre of every pooled row, link scale
    spread       (partial,)          between-person sd of the partially pooled rows, link scale
    offset       (partial, person)   each person's place around the centre
    level        (separate, person)  link-scale values of people who share nothing
    effect       (term,)             what covariates do to centres, link scale, where the study has formulas
    group_spread (grouping,)         sd between the members of a group, such as therapists
    member_offset (member,)          each member's place among them
    correlation  (partial, partial)  Cholesky factor, where the theory says `correlated`

With w = `centredness`, a person's own centre, moved by covariates, and r the spread in a `unit`,

    offset ~ Normal(w centre, unit r^w),    link-scale value = centre + r^(1-w) (offset - w centre)

w = 1 is the centred form, w = 0 the non-centred one, and all between, in whatever unit, are the same model
(Papaspiliopoulos, Roberts & Skold, 2007, doi:10.1214/088342307000000014). The unit is about the spread itself: then
centres and offsets are independent at the w that the data ask for. A w for each person was tried: it paid where some
have forty times the data of others, and cost where all have as much, because a pilot does not know single people well.
Members of a group stand around the centre from which they deviate alike, with `group_centredness` and `group_unit`.

Correlations have an LKJ prior with shape 2, which prefers none a little: a correlation of two lies within +-.73 with
90 % (Lewandowski, Kurowicka & Joe, 2009, doi:10.1016/j.jmva.2009.04.008).
"""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.core import Model
from iwm_bayes.population import WIDE, Row, figures_of, groupings, moves, place, rows, seats

TRANSFORMED = ("spread", "group_spread", "correlation")  # variables that the sampler moves in another form
SHAPE = 2.0  # of the LKJ prior


def pooled(model: Model, figures: list[str], *poolings: str) -> list[Row]:
    """The rows with one of the given kinds of pooling, in the theory's order."""
    return [row for row in rows(model, figures) if row.parameter.pooling in poolings]


def moving(data: xr.Dataset) -> dict[str, list[str]]:
    """Labels of what moves people's centres, by dim; none without formulas."""
    found = {name: [str(label) for label in data[name].values] for name in ("term", "member") if name in data.dims}
    return found | ({"grouping": list(dict.fromkeys(groupings(found["member"])))} if "member" in found else {})


def coordinates(model: Model, data: xr.Dataset) -> dict[str, Any]:
    """Names along every dim of the hierarchy."""
    figures = figures_of(data)
    partial = [row.label for row in pooled(model, figures, "partial")]
    return {
        "row": [row.label for row in pooled(model, figures, "partial", "shared")],
        "partial": partial,
        "other": partial,
        "separate": [row.label for row in pooled(model, figures, "separate")],
        "person": data["person"].values,
        **moving(data),
    }


def own(dim: str) -> str:
    """A dim's name in the model on the stack: with the model's name, where it is one of several."""
    return str(pm.modelcontext(None).name_for(dim))


def over(which: np.ndarray, moved_by: Any) -> Any:
    """Sums of what each label moves (label, person) over the labels of each row: `which` @ `moved_by`, without BLAS."""
    return (which[:, :, None] * moved_by[None]).sum(axis=1)


def moved(partial: list[Row], centre: Any, data: xr.Dataset) -> Any:
    """Declare what covariates and groups do to centres (partial,): how far people's move, (partial, person) or 0."""
    labels, found = moving(data), 0.0
    if "term" in labels:
        by_effect = moves(partial, labels["term"])
        design = pm.Data("design", data["design"].values, dims=(own("term"), "person"))
        effect = pm.Normal("effect", 0.0, WIDE * by_effect.scale, dims=own("term"))
        found += over(by_effect.rows, effect[:, None] * design)
    if "member" in labels:
        by_member = moves(partial, labels["member"])
        membership = pm.Data("membership", data["membership"].values, dims=(own("member"), "person"))
        group_spread = pm.HalfNormal("group_spread", moves(partial, labels["grouping"]).scale, dims=own("grouping"))
        group = [labels["grouping"].index(name) for name in groupings(labels["member"])]
        w = pm.Data("group_centredness", np.zeros(len(labels["grouping"])), dims=own("grouping"))[group]
        unit = pm.Data("group_unit", np.ones(len(labels["grouping"])), dims=own("grouping"))[group]
        middle, scale = (centre[:, None] * seats(partial, labels["member"])).sum(axis=0), group_spread[group]
        offset = pm.Normal("member_offset", w * middle, unit * (scale / unit) ** w, dims=own("member"))
        found += over(by_member.rows, (place(middle, scale, offset, w, unit) - middle)[:, None] * membership)
    return found


def offsets(model: Model, middle: Any, scale: Any, count: int, people: int) -> Any:
    """Declare each person's place around the centre, (partial, person); `scale` is (partial, 1)."""
    if not model.correlated or count < 2:
        return pm.Normal("offset", middle, scale, dims=(own("partial"), "person"))
    factor = pm.LKJCorr("correlation", eta=SHAPE, n=count, dims=(own("partial"), own("other")))
    middle = pt.broadcast_to(middle, (count, people))
    return pm.MvNormal("offset", middle.T, chol=scale * factor, dims=("person", own("partial"))).T


def levels_in_graph(model: Model, data: xr.Dataset) -> dict[str, Any]:
    """Declare the hierarchy in the model on the stack; link-scale values (person,) by row label."""
    figures, people = figures_of(data), data.sizes["person"]
    shared = pooled(model, figures, "partial", "shared")
    partial = pooled(model, figures, "partial")
    separate = pooled(model, figures, "separate")
    levels: dict[str, Any] = {}
    if shared:
        centre = pm.Normal("centre", [row.middle for row in shared], [row.width for row in shared], dims=own("row"))
        levels |= {row.label: pt.full((people,), centre[index]) for index, row in enumerate(shared)}
    if partial:
        spread = pm.HalfNormal("spread", [row.parameter.spread for row in partial], dims=own("partial"))
        within = [shared.index(row) for row in partial]
        w = pm.Data("centredness", np.zeros(len(partial)), dims=own("partial"))[:, None]
        unit = pm.Data("unit", np.ones(len(partial)), dims=own("partial"))[:, None]
        middle, scale = centre[within][:, None] + moved(partial, centre[within], data), spread[:, None]
        offset = offsets(model, w * middle, unit * (scale / unit) ** w, len(partial), people)
        placed = place(middle, scale, offset, w, unit)
        levels |= {row.label: placed[index] for index, row in enumerate(partial)}
    if separate:
        widths = [np.hypot(row.width, row.parameter.spread) for row in separate]
        middles = np.array([row.middle for row in separate])[:, None]
        level = pm.Normal("level", middles, np.array(widths)[:, None], dims=(own("separate"), "person"))
        levels |= {row.label: level[index] for index, row in enumerate(separate)}
    return levels


def people_in_graph() -> dict[str, tuple[Any, Any]]:
    """What the sampler moves of each person, (row, person), with its log density (person,), as declared before.

    Of the model on the stack: "offset" and "level", where there are any.
    """
    here, found = pm.modelcontext(None), {}
    for name in ("offset", "level"):
        if (moved := here.named_vars.get(here.name_for(name))) is not None:
            density = pm.logp(moved, moved)
            joint = density.ndim == 1  # correlated: (person, row), and all rows in one density
            found[name] = (moved.T if joint else moved, density if joint else density.sum(axis=0))
    return found
