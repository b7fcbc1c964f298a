"""The likelihood of a model as compiled functions, and where chains begin."""

from typing import Any

import pymc as pm
import pytensor
import pytensor.tensor as pt
import xarray as xr
from pymc.initial_point import make_initial_point_expression
from pymc.model.transform.conditioning import remove_value_transforms
from pymc.pytensorf import rewrite_pregrad
from pytensor.compile.mode import Mode

from iwm_bayes.model.build import build
from iwm_bayes.types import ModelSpec, parameters, with_parameters


def compile_initial_point(graph: pm.Model) -> Any:
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


def build_unpooled(model: ModelSpec, data: xr.Dataset) -> pm.Model:
    """A graph in which people share nothing: everyone's link-scale values are its variable `level` (row, person)."""
    apart = with_parameters(model, {name: own._replace(pooling="none") for name, own in parameters(model).items()})
    graph = remove_value_transforms(build(apart, data.drop_dims(["coefficient", "group_level"], errors="ignore")))
    graph.check_bounds = False  # which is forgotten on the way
    return graph


def compile_person_likelihood(model: ModelSpec, data: xr.Dataset) -> tuple[pm.Model, Any]:
    """A graph in which people share nothing, and a function of link-scale values (row, person).

    The function gives each person's log likelihood (person,) and its gradient (row, person), of the data that the graph
    holds at the time; rows are those of `rows(model, figures)`.
    """
    graph = build_unpooled(model, data)
    level = graph.rvs_to_values[graph["theta"]]
    terms = rewrite_pregrad(graph.logp(vars=graph.observed_RVs, sum=False))  # else people are walked back once a term
    by_person = sum(term.sum(axis=0) for term in terms)
    slope = pt.grad(by_person.sum(), level)
    return graph, graph.compile_fn([by_person, slope], inputs=[level], mode="NUMBA", point_fn=False)


def compile_event_likelihood(model: ModelSpec, data: xr.Dataset) -> tuple[pm.Model, Any]:
    """The same with each event apart: log likelihood of all that was answered at it, (event, person)."""
    graph = build_unpooled(model, data)
    level = graph.rvs_to_values[graph["theta"]]
    by_event = sum(graph.logp(vars=graph.observed_RVs, sum=False))
    return graph, graph.compile_fn(by_event, inputs=[level], mode="NUMBA", point_fn=False)
