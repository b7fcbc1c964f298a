"""A theory and a data set to an ordinary PyMC model whose data can be swapped without recompiling.

Random variables, with their named dims:

    centre     (row,)              group centre of every pooled row, link scale
    spread     (partial,)          between-person sd of the partially pooled rows, link scale
    offset     (partial, person)   each person's place around the centre
    level      (separate, person)  link-scale values of people who share nothing
    one variable per response, over (event, person); an answer that was not recorded counts nothing

With w = `centredness`, offset ~ Normal(w centre, spread^w) and a person's link-scale value is
centre + spread^(1-w) (offset - w centre). w = 1 is the centred form, w = 0 the non-centred one, and
all between are the same model (Papaspiliopoulos, Roberts & Skold, 2007, doi:10.1214/088342307000000014).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr

from iwm_bayes.answers import answers
from iwm_bayes.answers import fields as answer_fields
from iwm_bayes.columns import ANYONE
from iwm_bayes.core import Family, Model, Response, carried, each, response_values, rule_values
from iwm_bayes.filtering import SCALARS, course, fields, remembered, scan, summed_in_graph
from iwm_bayes.ops import by_figure, first_figures, has_figures, over_figures
from iwm_bayes.population import Row, place, rows, values
from iwm_bayes.reading import readings, taken


def figures_of(data: xr.Dataset) -> list[str]:
    return [str(name) for name in data["figure"].values]


def pooled(model: Model, figures: list[str], *poolings: str) -> list[Row]:
    """The rows with one of the given kinds of pooling, in the theory's order."""
    return [row for row in rows(model, figures) if row.parameter.pooling in poolings]


def swappable(model: Model, data: xr.Dataset) -> dict[str, np.ndarray]:
    """Everything of a data set that enters the graph, by the name of its `pm.Data`."""
    return {"course": course(data), "answers": answers(model, data)}


def coordinates(model: Model, data: xr.Dataset) -> dict[str, Any]:
    figures = figures_of(data)
    return {
        "row": [row.label for row in pooled(model, figures, "partial", "shared")],
        "partial": [row.label for row in pooled(model, figures, "partial")],
        "separate": [row.label for row in pooled(model, figures, "separate")],
        "person": data["person"].values,
        "course_field": fields(figures),
        "answers_field": answer_fields(model),
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


def log_density(family: Family, arguments: Mapping[str, Any], value: Any, recorded: Any) -> Any:
    """Log density of answers (event, person), 0 where there is none; costly tails only where one is at a bound."""
    distribution = getattr(pm, family.distribution)
    value = value.astype("int64") if family.whole else value
    density = pt.switch(recorded, pm.logp(distribution.dist(**arguments), value), 0.0)
    if family.bounds is None:
        return density
    low, high = family.bounds
    event, person = pt.nonzero(recorded * ((value <= low) | (value >= high)))
    rows = {name: 0 if argument.type.broadcastable[0] else event for name, argument in arguments.items()}
    there = distribution.dist(**{name: argument[rows[name], person] for name, argument in arguments.items()})
    below = value[event, person] <= low
    tails = pt.switch(below, pm.logcdf(there, np.float64(low)), pm.logccdf(there, np.float64(high)))
    return density[event, person].set(tails)


def observe(name: str, family: Family, arguments: Mapping[str, Any], value: Any, recorded: Any) -> None:
    """Declare a response's answers (event, person) in the model on the stack."""
    vectors = [argument.ndim > 2 for argument in arguments.values()]  # (event, person, choice)

    def logp(value: Any, recorded: Any, *given: Any) -> Any:
        return log_density(family, dict(zip(arguments, given, strict=True)), value, recorded)

    def random(recorded: Any, *given: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        shape = tuple(size or np.shape(recorded))
        whole = (np.broadcast_to(x, shape + x.shape[-1:] if v else shape) for x, v in zip(given, vectors, strict=True))
        return family.draw(rng, *whole)

    pm.CustomDist(
        name,
        recorded,
        *arguments.values(),
        logp=logp,
        random=random,
        signature=",".join(["()", *("(k)" if vector else "()" for vector in vectors)]) + "->()",
        observed=value,
        dims=("event", "person"),
    )


def of_figure_met(p: Any, lived: Any, figures: int) -> Any:
    """A response's parameters at every event: by figure, those of the figure met."""
    is_figure = by_figure([lived[:, index] for index in range(-2 * figures, -figures)])
    return each(lambda leaf: over_figures(leaf * is_figure) if has_figures(leaf) else leaf, p)


def expected(response: Response, p: Any, held: Sequence[Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a response's family at every event, (event, person) each."""
    given = response.given(p, *held)
    if response.carry is None:
        return dict(given)
    last, person = said["last"].astype("int64"), pt.arange(given["mu"].shape[1])
    surprise = said["had"] * (said["value"] - given["mu"])[last, person]
    return carried(response, p, given, surprise, said["since"])


def build(model: Model, data: xr.Dataset) -> pm.Model:
    """The PyMC model of a theory on a data set (dims event, person); swap data with `swappable`."""
    figures, people = figures_of(data), data.sizes["person"]
    entering = swappable(model, data)
    with pm.Model(coords=coordinates(model, data), check_bounds=False) as built:
        lived, said = (
            pm.Data(name, array, dims=("event", f"{name}_field", "person"), shape=(None, *array.shape[1:]))
            for name, array in entering.items()
        )
        found = values(model, levels_in_graph(model, figures, people), figures, people)
        others = sum(figure != ANYONE for figure in figures)
        needed = {name: readings(response, others) for name, response in model.responses.items()}
        wanted = list(dict.fromkeys(reading for several in needed.values() for reading in several))
        seen = dict(zip(wanted, scan(model.rule, rule_values(model, found), lived, len(figures), wanted), strict=True))
        columns = {field: said[:, index] for index, field in enumerate(answer_fields(model))}
        for name, response in model.responses.items():
            p = response_values(model, name, found)
            if response.whom == "each":
                p = each(lambda leaf: first_figures(leaf, others), p)
            else:
                p = of_figure_met(p, lived, len(figures))
            since = lived[:, SCALARS.index("since_any")]
            held = taken(response, remembered(response, p, seen, since, others, summed_in_graph), others)
            own = {field.removeprefix(f"{name} "): x for field, x in columns.items() if field.startswith(f"{name} ")}
            arguments = expected(response, p, held, own)
            observe(name, response.family, arguments, own["value"], own["recorded"])
    return built
