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

from iwm_bayes.inference.base import Compiled, Settings, check, compiled
from iwm_bayes.inference.laplace.bias import SEED, bias
from iwm_bayes.inference.laplace.draws import draws_of
from iwm_bayes.inference.laplace.empirical_bayes import Top, mended, solved
from iwm_bayes.inference.laplace.hierarchy import crowd
from iwm_bayes.inference.laplace.person_posteriors import Problem
from iwm_bayes.inference.laplace.quadrature import by_quadrature, nodes
from iwm_bayes.model.build import swappable
from iwm_bayes.model.compile import likelihood
from iwm_bayes.types import InputError, Model


def compile_likelihood(model: Model, data: xr.Dataset) -> Compiled:
    """Compile a theory's likelihood for the shape of a data set; InputError for what this method does not know."""
    if model.correlated:
        raise InputError([f"{model.name}: `laplace` knows no correlated parameters. Use `nuts`"])
    graph, function = likelihood(model, data)
    function(np.zeros(graph["level"].shape.eval()))  # numba compiles at the first call
    return compiled(model, graph, function, data)


def posed(ready: Compiled, data: xr.Dataset) -> Problem:
    """The hierarchy of these data and the likelihood, which from now on is that of these data."""
    check(ready, data)
    with ready.graph:
        pm.set_data({name: value for name, value in swappable(ready.model, data).items() if name in ready.graph})
    return Problem(crowd(ready.model, data), ready.engine)


def approximately(model: Model) -> str:
    """What is to be known of a fit by `laplace` to this theory."""
    binary = all(response.family.whole and response.family.levels == 2 for response in model.responses.values())
    return "laplace, from answers of yes or no alone: spreads may come out too small" if binary else "laplace"


def as_fit(problem: Problem, top: Top, method: str, data: xr.Dataset, settings: Settings) -> dict[str, xr.Dataset]:
    """The posterior around a top, drawn from; its attribute `converged` says whether the top was found."""
    posterior = draws_of(problem.shape, top.group, top.covariance, top.people.x, top.people.variance, settings)
    posterior = posterior.assign_attrs(approximate=method, converged=int(top.converged))
    return {"posterior": posterior, "data": data, "constant_data": xr.Dataset()}


def laplace(ready: Compiled, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior with Gaussian people, and in `bias` how far from it one of exact people would lie."""
    problem = posed(ready, data)
    top = solved(problem)
    found = as_fit(problem, top, approximately(ready.model), data, settings)
    return xr.DataTree.from_dict(found | {"bias": bias(problem, top)})


def quadrature(ready: Compiled, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """The posterior with everyone's mean and covariance by quadrature."""
    problem = posed(ready, data)
    top = solved(problem)
    top = mended(problem, top, by_quadrature(nodes(top.people.x, SEED)))
    return xr.DataTree.from_dict(as_fit(problem, top, "quadrature", data, settings))
