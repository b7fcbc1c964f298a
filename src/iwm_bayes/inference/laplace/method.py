"""Empirical Bayes: fast, and approximate.

Everyone's posterior under the most probable group (see `climb`), and the group Gaussian around it, as in Laplace's
method. `laplace` takes every person's link-scale values to be Gaussian (see `gaussians`): with few yes-or-no answers
per person they are not, and how far off the group is for that stands beside the fit, in `bias`. `quadrature` takes
everyone's mean and covariance as they are. Both take the group to be Gaussian, which needs more than a few people.
Huys et al. (2011), doi:10.1371/journal.pcbi.1002028; Piray et al. (2019), doi:10.1371/journal.pcbi.1007043.
"""

import numpy as np
import pymc as pm
import xarray as xr

from iwm_bayes.inference.base import CompiledModel, Settings, check_same_shape, compiled_model
from iwm_bayes.inference.laplace.bias import SEED, bias
from iwm_bayes.inference.laplace.draws import person_posterior
from iwm_bayes.inference.laplace.empirical_bayes import GroupMode, find_mode, refine_by_quadrature
from iwm_bayes.inference.laplace.hierarchy import linear_population
from iwm_bayes.inference.laplace.person_posteriors import Problem
from iwm_bayes.inference.laplace.quadrature import fit_by_quadrature, quadrature_nodes
from iwm_bayes.model.build import model_data
from iwm_bayes.model.compile import compile_person_likelihood
from iwm_bayes.types import InputError, ModelSpec


def compile_likelihood(model: ModelSpec, data: xr.Dataset) -> CompiledModel:
    """Compile a theory's likelihood for the shape of a data set; InputError for what this method does not know."""
    if model.correlated:
        raise InputError([f"{model.name}: `laplace` knows no correlated parameters. Use `nuts`"])
    graph, function = compile_person_likelihood(model, data)
    function(np.zeros(graph["theta"].shape.eval()))  # numba compiles at the first call
    return compiled_model(model, graph, function, data)


def pose_problem(ready: CompiledModel, data: xr.Dataset) -> Problem:
    """The hierarchy of these data and the likelihood, which from now on is that of these data."""
    check_same_shape(ready, data)
    with ready.graph:
        pm.set_data({name: value for name, value in model_data(ready.model, data).items() if name in ready.graph})
    return Problem(linear_population(ready.model, data), ready.engine)


def approximation_name(model: ModelSpec) -> str:
    """What is to be known of a fit by `laplace` to this theory."""
    binary = all(response.family.whole and response.family.levels == 2 for response in model.responses.values())
    return "laplace, from answers of yes or no alone: spreads may come out too small" if binary else "laplace"


def mode_to_fit(
    problem: Problem, top: GroupMode, method: str, data: xr.Dataset, settings: Settings
) -> dict[str, xr.Dataset]:
    """The posterior around a top, drawn from; its attribute `converged` says whether the top was found."""
    posterior = person_posterior(problem.shape, top.group, top.covariance, top.people.x, top.people.variance, settings)
    posterior = posterior.assign_attrs(approximate=method, converged=int(top.converged))
    return {"posterior": posterior, "data": data, "constant_data": xr.Dataset()}


def laplace(ready: CompiledModel, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior with Gaussian people, and in `bias` how far from it one of exact people would lie."""
    problem = pose_problem(ready, data)
    top = find_mode(problem)
    found = mode_to_fit(problem, top, approximation_name(ready.model), data, settings)
    return xr.DataTree.from_dict(found | {"bias": bias(problem, top)})


def quadrature(ready: CompiledModel, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior with everyone's mean and covariance by quadrature."""
    problem = pose_problem(ready, data)
    top = find_mode(problem)
    top = refine_by_quadrature(problem, top, fit_by_quadrature(quadrature_nodes(top.people.x, SEED)))
    return xr.DataTree.from_dict(mode_to_fit(problem, top, "quadrature", data, settings))
