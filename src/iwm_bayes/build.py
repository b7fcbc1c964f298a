"""A theory and a data set to an ordinary PyMC model whose data can be swapped without recompiling.

Random variables, with their named dims:

    centre     (row,)              group centre of every pooled row, link scale
    spread     (partial,)          between-person sd of the partially pooled rows, link scale
    offset     (partial, person)   each person's place around the centre
    level      (separate, person)  link-scale values of people who share nothing
    one variable per response, over its recorded values

With w = `centredness`, offset ~ Normal(w centre, spread^w) and a person's link-scale value is
centre + spread^(1-w) (offset - w centre). w = 1 is the centred form, w = 0 the non-centred one, and
all between are the same model (Papaspiliopoulos, Roberts & Skold, 2007, doi:10.1214/088342307000000014).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.core import Family, Model, each, response_values, rule_values
from iwm_bayes.filtering import Reading, course, fields, scan
from iwm_bayes.ops import by_figure, has_figures, over_figures
from iwm_bayes.population import Row, place, rows, values


def figures_of(data: xr.Dataset) -> list[str]:
    return [str(name) for name in data["figure"].values]


def pooled(model: Model, figures: list[str], *poolings: str) -> list[Row]:
    """The rows with one of the given kinds of pooling, in the theory's order."""
    return [row for row in rows(model, figures) if row.parameter.pooling in poolings]


def swappable(model: Model, data: xr.Dataset) -> dict[str, np.ndarray]:
    """Everything of a data set that enters the graph, by the name of its `pm.Data`."""
    entering = {"course": course(data)}
    for name in model.responses:
        answers = data[f"answer_{name}"].values.ravel()
        recorded = np.flatnonzero(~np.isnan(answers))
        entering |= {f"{name}_recorded": recorded, f"{name}_answers": answers[recorded]}
    return entering


def coordinates(model: Model, data: xr.Dataset) -> dict[str, Any]:
    figures = figures_of(data)
    return {
        "row": [row.label for row in pooled(model, figures, "partial", "shared")],
        "partial": [row.label for row in pooled(model, figures, "partial")],
        "separate": [row.label for row in pooled(model, figures, "separate")],
        "person": data["person"].values,
        "field": fields(figures),
    }


def levels_in_graph(model: Model, figures: list[str], people: int) -> dict[str, Any]:
    """Declare the hierarchy in the model on the stack; link-scale values (person,) by row label."""
    shared = pooled(model, figures, "partial", "shared")
    partial = pooled(model, figures, "partial")
    separate = pooled(model, figures, "separate")
    levels: dict[str, Any] = {}
    if shared:
        centre = pm.Normal("centre", [row.middle for row in shared], [row.width for row in shared], dims="row")
        levels |= {row.label: pt.full((people,), centre[index]) for index, row in enumerate(shared)}
    if partial:
        spread = pm.HalfNormal("spread", [row.parameter.spread for row in partial], dims="partial")
        within = [shared.index(row) for row in partial]
        w = pm.Data("centredness", np.zeros(len(partial)), dims="partial")[:, None]
        middle, scale = centre[within][:, None], spread[:, None]
        offset = pm.Normal("offset", w * middle, scale**w, dims=("partial", "person"))
        placed = place(middle, scale, offset, w)
        levels |= {row.label: placed[index] for index, row in enumerate(partial)}
    if separate:
        widths = [np.hypot(row.width, row.parameter.spread) for row in separate]
        middles = np.array([row.middle for row in separate])[:, None]
        level = pm.Normal("level", middles, np.array(widths)[:, None], dims=("separate", "person"))
        levels |= {row.label: level[index] for index, row in enumerate(separate)}
    return levels


def censored(family: Family, bounds: tuple[float, float], arguments: Mapping[str, Any], value: Any) -> Any:
    """Log density of a family recorded between bounds; the costly tails only where they are needed."""
    distribution = getattr(pm, family.distribution)
    low, high = bounds
    density = pm.logp(distribution.dist(**arguments), value)
    for at_bound, tail, bound in ((value <= low, pm.logcdf, low), (value >= high, pm.logccdf, high)):
        where = pt.nonzero(at_bound)[0]
        there = distribution.dist(**{name: argument[where] for name, argument in arguments.items()})
        density = density[where].set(tail(there, np.float64(bound)))
    return density


def observe(name: str, family: Family, arguments: Mapping[str, Any], answers: Any) -> None:
    """Declare a response's recorded values in the model on the stack."""
    bounds = family.bounds
    if bounds is None:
        getattr(pm, family.distribution)(name, **arguments, observed=answers)
        return

    def logp(value: Any, *given: Any) -> Any:
        return censored(family, bounds, dict(zip(arguments, given, strict=True)), value)

    def random(*given: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        return family.draw(rng, *(np.broadcast_to(value, size or np.shape(value)) for value in given))

    pm.CustomDist(name, *arguments.values(), logp=logp, random=random, observed=answers)


def at_events(p: Any, data: xr.Dataset, recorded: Any, course_in_graph: Any) -> Any:
    """A response's parameters at its recorded events: by person, or by person and figure met."""
    people, figures = data.sizes["person"], data.sizes["figure"]
    person = recorded % people

    def gather(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray):
            return leaf[0]
        if not has_figures(leaf):
            return leaf[person]
        is_figure = by_figure([course_in_graph[:, index] for index in range(-2 * figures, -figures)])
        return over_figures(leaf * is_figure).ravel()[recorded]

    return each(gather, p)


def build(model: Model, data: xr.Dataset) -> pm.Model:
    """The PyMC model of a theory on a data set (dims event, person); swap data with `swappable`."""
    figures, people = figures_of(data), data.sizes["person"]
    entering = swappable(model, data)
    with pm.Model(coords=coordinates(model, data), check_bounds=False) as built:
        lived = pt.specify_shape(
            pm.Data("course", entering["course"], dims=("event", "field", "person")),
            (None, len(fields(figures)), people),
        )
        found = values(model, levels_in_graph(model, figures, people), figures, people)
        readings: list[Reading] = list(dict.fromkeys((r.about, r.moment) for r in model.responses.values()))
        held = dict(
            zip(readings, scan(model.rule, rule_values(model, found), lived, len(figures), readings), strict=True)
        )
        for name, response in model.responses.items():
            recorded = pm.Data(f"{name}_recorded", entering[f"{name}_recorded"])
            answers = pm.Data(f"{name}_answers", entering[f"{name}_answers"])
            p = at_events(response_values(model, name, found), data, recorded, lived)
            arguments = response.given(p, held[response.about, response.moment].ravel()[recorded])
            observe(name, response.family, arguments, answers)
    return built
