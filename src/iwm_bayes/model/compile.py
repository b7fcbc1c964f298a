"""Compiled functions of a model: its initial point, and the likelihood by person or by event."""

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
    """Return a function without arguments that gives the initial point of chains.

    It gives the free variables in order, in the sampler's coordinates. It is not compiled by numba, which would take a
    minute, because it is called only a few times.
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
    """Return a graph without pooling, whose variable `theta` (parameter, person) has everyone's link-scale values."""
    declared = {name: parameter._replace(pooling="none") for name, parameter in parameters(model).items()}
    without_covariates = data.drop_dims(["coefficient", "group_level"], errors="ignore")
    graph = remove_value_transforms(build(with_parameters(model, declared), without_covariates))
    graph.check_bounds = False  # `remove_value_transforms` does not keep this setting
    return graph


def compile_person_likelihood(model: ModelSpec, data: xr.Dataset) -> tuple[pm.Model, Any]:
    """Return a graph without pooling, and a function of link-scale values (parameter, person).

    The function gives each person's log likelihood (person,) and its gradient (parameter, person), for the data that
    the graph holds at the time. The parameters are those of `free_parameters(model, figures)`.
    """
    graph = build_unpooled(model, data)
    theta = graph.rvs_to_values[graph["theta"]]
    # without this rewrite, events would be scanned backwards once for every term
    terms = rewrite_pregrad(graph.logp(vars=graph.observed_RVs, sum=False))
    by_person = sum(term.sum(axis=0) for term in terms)
    gradient = pt.grad(by_person.sum(), theta)
    return graph, graph.compile_fn([by_person, gradient], inputs=[theta], mode="NUMBA", point_fn=False)


def compile_event_likelihood(model: ModelSpec, data: xr.Dataset) -> tuple[pm.Model, Any]:
    """Return a graph without pooling, and a function that gives the log likelihood (event, person) of all answers."""
    graph = build_unpooled(model, data)
    theta = graph.rvs_to_values[graph["theta"]]
    by_event = sum(graph.logp(vars=graph.observed_RVs, sum=False))
    return graph, graph.compile_fn(by_event, inputs=[theta], mode="NUMBA", point_fn=False)
