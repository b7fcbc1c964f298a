"""The methods `laplace` and `quadrature`: empirical Bayes, fast and approximate.

Both find the mode of the group (see `empirical_bayes`) and everyone's posterior under it. They take the group to be
Gaussian around its mode, as in Laplace's method, which needs more than a few people. `laplace` takes everyone's
link-scale parameters to be Gaussian too (see `person_posteriors`). They are not where each person has few binary
answers. The error that this makes in the group is reported with the fit, in `bias`. `quadrature` uses everyone's exact
mean and covariance.
Huys et al. (2011), doi:10.1371/journal.pcbi.1002028; Piray et al. (2019), doi:10.1371/journal.pcbi.1007043.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from iwm_bayes.inference.answers import observed_answers
from iwm_bayes.inference.base import CompiledModel, Settings, check_same_labels, compiled_model
from iwm_bayes.inference.engines import person_likelihood
from iwm_bayes.inference.laplace.bias import SEED, bias
from iwm_bayes.inference.laplace.draws import person_posterior
from iwm_bayes.inference.laplace.empirical_bayes import GroupMode, find_mode, refine_by_quadrature
from iwm_bayes.inference.laplace.hierarchy import linear_population
from iwm_bayes.inference.laplace.person_posteriors import Problem, share_of_complete
from iwm_bayes.inference.laplace.quadrature import fit_by_quadrature, quadrature_nodes
from iwm_bayes.model.inputs import model_data
from iwm_bayes.model.priors import figure_names
from iwm_bayes.types import InputError, ModelSpec


def no_correlations(method: str, of_dyads: bool) -> str:
    """Return that an approximation cannot fit correlated parameters, and what to do."""
    if of_dyads:
        remedy = "Write correlated = false under [dyad], or add --method nuts"
        return f"`{method}` cannot fit parameters that are correlated within a dyad. {remedy}"
    return f"`{method}` cannot fit correlated parameters. Write correlated = false in the model file, or use `nuts`"


def compile_likelihood(model: ModelSpec, data: xr.Dataset) -> CompiledModel:
    """Compile a model's likelihood for data with these figures and covariates; InputError for what cannot be fitted."""
    if model.correlated:
        raise InputError([f"{model.name}: {no_correlations('laplace', bool(model.members))}"])
    return compiled_model(model, person_likelihood(model, figure_names(data)), data)


def likelihood_of_data(compiled: CompiledModel, data: xr.Dataset) -> Callable[[np.ndarray], Any]:
    """Return the function of theta (parameter, person) that gives each person's log likelihood, and its gradient."""
    check_same_labels(compiled, data)
    arrays = model_data(compiled.model, data)
    return partial(compiled.engine, arrays["event_array"], arrays["response_array"])


def pose_problem(compiled: CompiledModel, data: xr.Dataset) -> Problem:
    """Return the hierarchy of these data and their likelihood."""
    return Problem(linear_population(compiled.model, data), likelihood_of_data(compiled, data))


def approximation_name(model: ModelSpec) -> str:
    """Return what a fit by `laplace` to this model is called, with a warning where all its responses are binary."""
    binary = all(response.family.discrete and response.family.levels == 2 for response in model.responses.values())
    return "laplace, binary responses only: between-person SDs may be underestimated" if binary else "laplace"


def mode_to_fit(
    model: ModelSpec, problem: Problem, mode: GroupMode, method: str, data: xr.Dataset, settings: Settings
) -> dict[str, xr.Dataset]:
    """Draw from the posterior around a mode; its attribute `converged` says whether the mode was found."""
    with_complete = share_of_complete(problem, mode.group, mode.people)
    posterior = person_posterior(problem.population, mode.group, mode.covariance, mode.people, with_complete, settings)
    posterior = posterior.assign_attrs(approximate=method, converged=int(mode.converged))
    groups = {"unconstrained_posterior": posterior, "constant_data": data}
    return groups | {"observed_data": observed_answers(model, data)}


def laplace(compiled: CompiledModel, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """Fit with Gaussian posteriors of people; `bias` says how far the group is from a fit with exact ones."""
    problem = pose_problem(compiled, data)
    mode = find_mode(problem)
    fit = mode_to_fit(compiled.model, problem, mode, approximation_name(compiled.model), data, settings)
    return xr.DataTree.from_dict(fit | {"bias": bias(problem, mode)})


def quadrature(compiled: CompiledModel, data: xr.Dataset, settings: Settings) -> xr.DataTree:
    """Fit with everyone's mean and covariance by quadrature."""
    problem = pose_problem(compiled, data)
    gaussian = find_mode(problem)
    nodes = quadrature_nodes(gaussian.people.mean, SEED)
    mode = refine_by_quadrature(problem, gaussian, fit_by_quadrature(nodes))
    return xr.DataTree.from_dict(mode_to_fit(compiled.model, problem, mode, "quadrature", data, settings))
