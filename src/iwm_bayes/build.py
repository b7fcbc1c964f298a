"""A theory and a data set to an ordinary PyMC model whose data can be swapped without recompiling.

The random variables are those of `hierarchy` and one per response, over (event, person); an answer that was not
recorded counts nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import xarray as xr
from pymc.initial_point import make_initial_point_expression
from pymc.model.transform.conditioning import remove_value_transforms
from pymc.pytensorf import rewrite_pregrad
from pytensor.compile.mode import Mode

from iwm_bayes.answers import answers
from iwm_bayes.answers import fields as answer_fields
from iwm_bayes.columns import ANYONE
from iwm_bayes.core import Model, Response, carried, each, parameters, redeclared, response_values, rule_values
from iwm_bayes.filtering import SCALARS, course, fields, remembered
from iwm_bayes.hierarchy import coordinates, levels_in_graph, own
from iwm_bayes.observing import observe
from iwm_bayes.ops import by_figure, first_figures, has_figures, over_figures
from iwm_bayes.population import figures_of, values
from iwm_bayes.reading import readings, taken
from iwm_bayes.scanning import scan, summed_in_graph


def swappable(model: Model, data: xr.Dataset, ahead: int = 1) -> dict[str, np.ndarray]:
    """Everything of a data set that enters the graph, by the name of its `pm.Data`; `ahead`: see `last_answer`."""
    people = {name: data[name].values for name in ("design", "membership") if name in data}
    return {"course": course(data), "answers": answers(model, data, ahead)} | people


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


def answers_in_graph(
    model: Model, data: xr.Dataset, levels: Mapping[str, Any], lived: Any, said: Any
) -> Iterator[tuple[str, dict[str, Any], Any, Any]]:
    """Every response's name, its family's arguments, its answers and whether they were recorded, (event, person) each.

    `levels` are link-scale values by row, `lived` and `said` the course and the answers of `swappable`.
    """
    figures, people = figures_of(data), data.sizes["person"]
    found = values(model, levels, figures, people)
    others = sum(figure != ANYONE for figure in figures)
    needed = {name: readings(response, others) for name, response in model.responses.items()}
    wanted = list(dict.fromkeys(reading for several in needed.values() for reading in several))
    seen = dict(zip(wanted, scan(model.rule, rule_values(model, found), lived, len(figures), wanted), strict=True))
    columns = {field: said[index] for index, field in enumerate(answer_fields(model))}
    for name, response in model.responses.items():
        p = response_values(model, name, found)
        if response.whom == "each":
            p = each(lambda leaf: first_figures(leaf, others), p)
        else:
            p = of_figure_met(p, lived, len(figures))
        since = lived[:, SCALARS.index("since_any")]
        held = taken(response, remembered(response, p, seen, since, others, summed_in_graph), others)
        given = {field.removeprefix(f"{name} "): x for field, x in columns.items() if field.startswith(f"{name} ")}
        yield name, expected(response, p, held, given), given["value"], given["recorded"]


def entered(model: Model, data: xr.Dataset) -> tuple[Any, Any]:
    """Declare what people lived through and answered in the model on the stack."""
    found = swappable(model, data)
    count, _, people = found["answers"].shape
    by_event, by_field = ("event", own("course_field"), "person"), (own("answers_field"), "event", "person")
    lived = pm.Data("course", found["course"], dims=by_event, shape=(None, *found["course"].shape[1:]))
    said = pm.Data("answers", found["answers"], dims=by_field, shape=(count, None, people))
    return lived, said


def coords_of(model: Model, data: xr.Dataset) -> dict[str, Any]:
    """Names along every dim of a theory's graph."""
    return coordinates(model, data) | {"course_field": fields(figures_of(data)), "answers_field": answer_fields(model)}


def build(model: Model, data: xr.Dataset) -> pm.Model:
    """The PyMC model of a theory on a data set (dims event, person); swap data with `swappable`."""
    with pm.Model(coords=coords_of(model, data), check_bounds=False) as built:
        lived, said = entered(model, data)
        levels = levels_in_graph(model, data)
        for name, arguments, value, recorded in answers_in_graph(model, data, levels, lived, said):
            observe(name, model.responses[name].family, arguments, value, recorded)
    return built


def beginning(graph: pm.Model) -> Any:
    """A function of nothing: where the graph says that chains begin, by free variable, in the sampler's coordinates.

    Not compiled at all, because it is asked a few times and numba would take a minute.
    """
    values = make_initial_point_expression(
        free_rvs=graph.free_RVs,
        rvs_to_transforms=graph.rvs_to_transforms,
        initval_strategies=graph.rvs_to_initial_values,
        return_transformed=True,
    )
    with pytensor.config.change_flags(cxx="", mode="FAST_COMPILE"):  # of scans in it, too
        return pm.compile([], values, mode=Mode(linker="py", optimizer="fast_compile"))


def unpooled(model: Model, data: xr.Dataset) -> pm.Model:
    """A graph in which people share nothing: everyone's link-scale values are its variable `level` (row, person)."""
    apart = redeclared(model, {name: own._replace(pooling="separate") for name, own in parameters(model).items()})
    graph = remove_value_transforms(build(apart, data.drop_dims(["term", "member"], errors="ignore")))
    graph.check_bounds = False  # which is forgotten on the way
    return graph


def likelihood(model: Model, data: xr.Dataset) -> tuple[pm.Model, Any]:
    """A graph in which people share nothing, and a function of link-scale values (row, person).

    The function gives each person's log likelihood (person,) and its gradient (row, person), of the data that the graph
    holds at the time; rows are those of `rows(model, figures)`.
    """
    graph = unpooled(model, data)
    level = graph.rvs_to_values[graph["level"]]
    terms = rewrite_pregrad(graph.logp(vars=graph.observed_RVs, sum=False))  # else people are walked back once a term
    by_person = sum(term.sum(axis=0) for term in terms)
    slope = pt.grad(by_person.sum(), level)
    return graph, graph.compile_fn([by_person, slope], inputs=[level], mode="NUMBA", point_fn=False)


def pointwise(model: Model, data: xr.Dataset) -> tuple[pm.Model, Any]:
    """The same with each event apart: log likelihood of all that was answered at it, (event, person)."""
    graph = unpooled(model, data)
    level = graph.rvs_to_values[graph["level"]]
    by_event = sum(graph.logp(vars=graph.observed_RVs, sum=False))
    return graph, graph.compile_fn(by_event, inputs=[level], mode="NUMBA", point_fn=False)
