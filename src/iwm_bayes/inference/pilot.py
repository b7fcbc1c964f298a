"""The pilot fit: how the sampler transforms people, and where chains begin.

The transform describes everyone's likelihood, near the mode of the group, by a Gaussian: that of `person_posteriors`
without the group's share. The graph receives these Gaussians, and how they change with completely pooled parameters
(see `model.local_gaussian`). The sampler then moves people relative to them. If the likelihood of a person cannot be
computed, the transform has next to no information about them, and the sampler moves them relative to the group alone.
The graph receives the mode, too; chains begin near it.

The transform is a Dataset; `neutral_transform` has all its variables, and a pilot fit adds `start_mu` and so on.
Shapes as in `laplace.hierarchy`.
"""

import numpy as np
import xarray as xr

from iwm_bayes.inference.base import CompiledModel, Settings
from iwm_bayes.inference.laplace.draws import group_posterior, name_draws
from iwm_bayes.inference.laplace.empirical_bayes import em_then_bfgs, newton_mode
from iwm_bayes.inference.laplace.hierarchy import Group, initial_group, pack, person_means, person_sds
from iwm_bayes.inference.laplace.marginal_score import outer_curvature, person_sums
from iwm_bayes.inference.laplace.method import pose_problem
from iwm_bayes.inference.laplace.person_posteriors import (
    PersonGaussians,
    Problem,
    average_over_gaussians,
    fit_person_gaussians,
)
from iwm_bayes.inference.posterior import group_centredness
from iwm_bayes.model.inputs import coordinates, effect_labels, parameters_pooled
from iwm_bayes.model.priors import effect_map, figure_names
from iwm_bayes.types import ModelSpec

HALF_NORMAL_MEDIAN = 0.6744897501960817  # of a half-normal in units of its scale
MIN_PRECISION = 0.01  # precision of a likelihood in any direction at least, in units of the group's
TRUST_SDS = 3.0  # SDs of completely pooled parameters, as far as Gaussians follow them
LOCAL_GAUSSIAN_DIMS = {  # the arrays of `model.local_gaussian` with their dims
    "local_mode": ("parameter_person", "person"),
    "local_gradient": ("parameter_person", "person"),
    "local_root": ("parameter_person", "parameter_person_other", "person"),
    "local_gradient_by_complete": ("parameter_person", "parameter_complete", "person"),
    "local_root_by_complete": ("parameter_person", "parameter_person_other", "parameter_complete", "person"),
    "complete_mode": ("parameter_complete",),
    "complete_width": ("parameter_complete",),
}


def neutral_transform(model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Return the transform without information: people non-centred, group levels half-way between both forms."""
    names = coordinates(model, data)
    names["parameter_person_other"] = names["parameter_person"]
    sizes = {dim: len(labels) for dim, labels in names.items()}
    variables = {
        name: (dims, np.full([sizes[dim] for dim in dims], 1.0 if name == "complete_width" else 0.0))
        for name, dims in LOCAL_GAUSSIAN_DIMS.items()
        if names["parameter_person"] and (names["parameter_complete"] or "parameter_complete" not in dims)
    }
    if groups := names.get("group"):
        scale = effect_map(parameters_pooled(model, figure_names(data), "partial"), groups).scale
        variables |= {"group_centredness": (("group",), np.full(len(scale), 0.5))}
        variables |= {"group_unit": (("group",), HALF_NORMAL_MEDIAN * scale)}
    used = {dim for dims, _ in variables.values() for dim in dims}
    return xr.Dataset(variables, {dim: names[dim] for dim in used})


def symmetric_roots(precision: np.ndarray) -> np.ndarray:
    """Return symmetric roots (D, D, N) of precisions (N, D, D), with a floor of `MIN_PRECISION` in any direction."""
    values, vectors = np.linalg.eigh((precision + precision.transpose(0, 2, 1)) / 2.0)
    return np.einsum("nij,nj,nkj->ikn", vectors, np.sqrt(np.maximum(values, MIN_PRECISION)), vectors)


def answer_gaussians(problem: Problem, group: Group, people: PersonGaussians) -> tuple[np.ndarray, np.ndarray]:
    """Return root (D, D, N) and gradient (D, N) of everyone's likelihood, averaged over their Gaussians."""
    averages = average_over_gaussians(problem, group, people.mean, people.covariance)
    sd = person_sds(problem.population, group)
    likelihood_precision = averages.precision * sd[:, None] * sd - np.eye(len(sd))
    return symmetric_roots(likelihood_precision) / sd[:, None, None], averages.gradient[problem.population.own]


def answer_gaussians_at(problem: Problem, group: Group, people: PersonGaussians) -> tuple[np.ndarray, np.ndarray]:
    """Return the same under another group, which people follow, but with the gradient at their former means `people`.

    At a higher learning rate, for example, people have other values, and the likelihood has another shape there.
    """
    moved = fit_person_gaussians(problem, group, people.mean, people.covariance)
    root, gradient = answer_gaussians(problem, group, moved)
    return root, gradient + np.einsum("ikn,jkn,jn->in", root, root, moved.mean - people.mean)


def answer_gaussian_slopes(
    problem: Problem, group: Group, people: PersonGaussians, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes of root (D, D, S, N) and gradient (D, S, N) along completely pooled parameters.

    `steps` (S,) are those of the central differences.
    """
    root_slopes, gradient_slopes = [], []
    for shift, size in zip(np.diag(steps), steps, strict=True):
        up, down = (
            answer_gaussians_at(problem, group._replace(complete=group.complete + change), people)
            for change in (shift, -shift)
        )
        root_slopes.append((up[0] - down[0]) / (2.0 * size))
        gradient_slopes.append((up[1] - down[1]) / (2.0 * size))
    return np.stack(root_slopes, axis=2), np.stack(gradient_slopes, axis=1)


def complete_pooling_sds(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """Return approximate posterior SDs of completely pooled parameters (S,), link scale."""
    curvature = outer_curvature(problem.population, group, person_sums(problem.population, group, *people))
    return np.sqrt(np.diag(np.linalg.inv(curvature))[-len(group.complete) :])


def informed_transform(problem: Problem, group: Group, people: PersonGaussians) -> dict[str, np.ndarray]:
    """Return the arrays of `LOCAL_GAUSSIAN_DIMS` for people under a group."""
    root, gradient = answer_gaussians(problem, group, people)
    arrays = {"local_mode": people.mean, "local_gradient": gradient, "local_root": root}
    if not len(group.complete):
        return arrays
    sds = complete_pooling_sds(problem, group, people)
    root_slope, gradient_slope = answer_gaussian_slopes(problem, group, people, sds)
    arrays |= {"local_gradient_by_complete": gradient_slope, "local_root_by_complete": root_slope}
    return arrays | {"complete_mode": group.complete, "complete_width": TRUST_SDS * sds}


def pilot_fit(likelihood: CompiledModel, data: xr.Dataset) -> xr.Dataset:
    """Return the transform in which to sample these data, and where chains begin.

    It is neutral where no parameter differs between people.
    """
    model, transform = likelihood.model, neutral_transform(likelihood.model, data)
    if "local_root" not in transform:
        return transform
    problem = pose_problem(likelihood, data)
    population, start = problem.population, initial_group(problem.population)
    group, people = em_then_bfgs(problem, start, person_means(population, start.beta))
    arrays = informed_transform(problem, group, people)
    transform = transform.assign({name: transform[name].copy(data=values) for name, values in arrays.items()})
    for name, (dims, values) in name_draws(population, group, pack(group)[None]).items():
        transform[f"start_{name}"] = (dims, values[0])
    if not effect_labels(data).get("group"):
        return transform
    mode = newton_mode(problem, group, people)
    draws = group_posterior(population, mode.group, mode.covariance, Settings(draws=250))
    return transform.assign(group_centredness(draws, model, data))
