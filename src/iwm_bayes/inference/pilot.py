"""How to sample, from a look ahead: what everyone's own answers say of them near the top of the group's posterior.

Of everyone's Gaussian there (see `gaussians`), without the group's share of it. The graph is told this, and how it
changes with what everyone shares (see `own_answers`), and the sampler moves people relative to it. Of whom nothing can
be computed it is told next to nothing, and they are moved relative to the group alone. It is told the top, too, near
which chains begin.
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
from iwm_bayes.model.hierarchy import coordinates, effect_labels, parameters_pooled
from iwm_bayes.model.priors import effect_map, figure_names
from iwm_bayes.types import ModelSpec

HALF_NORMAL_MEDIAN = 0.6744897501960817  # of a half-normal in units of its scale
MIN_PRECISION = 0.01  # precision that answers are taken to have at least in any direction, in units of the group's
TRUST_SDS = 3.0  # sds of what everyone shares, about as far as people go along
LOCAL_GAUSSIAN_DIMS = {  # what a graph is told of people, with its dims: see `own_answers`
    "local_mode": ("parameter_person", "person"),
    "local_gradient": ("parameter_person", "person"),
    "local_root": ("parameter_person", "parameter_person_other", "person"),
    "local_gradient_by_complete": ("parameter_person", "parameter_complete", "person"),
    "local_root_by_complete": ("parameter_person", "parameter_person_other", "parameter_complete", "person"),
    "complete_mode": ("parameter_complete",),
    "complete_width": ("parameter_complete",),
}


def neutral_transform(model: ModelSpec, data: xr.Dataset) -> xr.Dataset:
    """Nothing said of people; members of groups half-way between centred and not, in units of the median spread."""
    names = coordinates(model, data)
    names["parameter_person_other"] = names["parameter_person"]
    sizes = {dim: len(labels) for dim, labels in names.items()}
    found = {
        name: (dims, np.full([sizes[dim] for dim in dims], 1.0 if name == "complete_width" else 0.0))
        for name, dims in LOCAL_GAUSSIAN_DIMS.items()
        if names["parameter_person"] and (names["parameter_complete"] or "parameter_complete" not in dims)
    }
    if grouping := names.get("group"):
        scale = effect_map(parameters_pooled(model, figure_names(data), "partial"), grouping).scale
        found |= {"group_centredness": (("group",), np.full(len(scale), 0.5))}
        found |= {"group_unit": (("group",), HALF_NORMAL_MEDIAN * scale)}
    dims = {dim for several, _ in found.values() for dim in several}
    return xr.Dataset(found, {dim: names[dim] for dim in dims})


def symmetric_roots(precision: np.ndarray) -> np.ndarray:
    """Symmetric roots (D, D, N) of precisions (N, D, D), which are at least `MIN_PRECISION` in any direction."""
    values, vectors = np.linalg.eigh((precision + precision.transpose(0, 2, 1)) / 2.0)
    return np.einsum("nij,nj,nkj->ikn", vectors, np.sqrt(np.maximum(values, MIN_PRECISION)), vectors)


def answer_gaussians(problem: Problem, group: Group, people: PersonGaussians) -> tuple[np.ndarray, np.ndarray]:
    """What everyone's answers say on average over their Gaussians: root (D, D, N) and slope (D, N)."""
    found, scale = average_over_gaussians(problem, group, people.x, people.variance), person_sds(problem.shape, group)
    own = found.precision * scale[:, None] * scale - np.eye(len(scale))
    return symmetric_roots(own) / scale[:, None, None], found.slope[problem.shape.personal]


def answer_gaussians_at(problem: Problem, group: Group, people: PersonGaussians) -> tuple[np.ndarray, np.ndarray]:
    """The same under another group, under which people move on; the slope is that of a Gaussian there where they were.

    Where a rate is higher people are elsewhere, and what their answers say of them there differs.
    """
    there = fit_person_gaussians(problem, group, people.x, people.variance)
    root, slope = answer_gaussians(problem, group, there)
    return root, slope + np.einsum("ikn,jkn,jn->in", root, root, there.x - people.x)


def answer_gaussian_slopes(
    problem: Problem, group: Group, people: PersonGaussians, far: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How that changes with what everyone shares, up to so `far` (S,): root (D, D, S, N) and slope (D, S, N)."""
    roots, slopes = [], []
    for step, size in zip(np.diag(far), far, strict=True):
        ahead, behind = (
            answer_gaussians_at(problem, group._replace(shared=group.shared + way), people) for way in (step, -step)
        )
        roots.append((ahead[0] - behind[0]) / (2.0 * size))
        slopes.append((ahead[1] - behind[1]) / (2.0 * size))
    return np.stack(roots, axis=2), np.stack(slopes, axis=1)


def complete_pooling_sds(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """How sure the group's posterior is of what everyone shares, near enough: sds (S,), link scale."""
    curvature = outer_curvature(problem.shape, group, person_sums(problem.shape, group, *people))
    return np.sqrt(np.diag(np.linalg.inv(curvature))[-len(group.shared) :])


def informed_transform(problem: Problem, group: Group, people: PersonGaussians) -> dict[str, np.ndarray]:
    """What a graph is told of people, by name."""
    root, slope = answer_gaussians(problem, group, people)
    found = {"local_mode": people.x, "local_gradient": slope, "local_root": root}
    if not len(group.shared):
        return found
    known = complete_pooling_sds(problem, group, people)
    root_by, slope_by = answer_gaussian_slopes(problem, group, people, known)
    found |= {"local_gradient_by_complete": slope_by, "local_root_by_complete": root_by}
    return found | {"complete_mode": group.shared, "complete_width": TRUST_SDS * known}


def pilot_fit(likelihood: CompiledModel, data: xr.Dataset) -> xr.Dataset:
    """How to sample these data: see `neutral_transform`."""
    found, model = neutral_transform(likelihood.model, data), likelihood.model
    if "local_root" not in found:
        return found
    problem = pose_problem(likelihood, data)
    begin = initial_group(problem.shape)
    group, people = em_then_bfgs(problem, begin, person_means(problem.shape, begin.beta))
    found = found.assign(
        {name: found[name].copy(data=x) for name, x in informed_transform(problem, group, people).items()}
    )
    for name, (dims, values) in name_draws(problem.shape, group, pack(group)[None]).items():
        found[f"start_{name}"] = (dims, values[0])
    if not effect_labels(data).get("group"):
        return found
    top = newton_mode(problem, group, people)
    drawn = group_posterior(problem.shape, top.group, top.covariance, Settings(draws=250))
    return found.assign(group_centredness(drawn, model, data))
