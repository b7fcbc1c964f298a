"""The bias of a fit by `laplace`: how far its group lies from where exact posteriors of its people would put it.

At the mode that `laplace` found, everyone's mean and covariance are computed once more, by quadrature. This changes the
group's score. One Newton step along the change is the bias with its sign turned: by how much `mu` and `sigma` are too
high.
"""

import numpy as np
import xarray as xr

from iwm_bayes.inference.laplace.draws import draws_to_dataset, name_draws
from iwm_bayes.inference.laplace.empirical_bayes import GroupMode
from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, pack
from iwm_bayes.inference.laplace.marginal_score import PersonSums, marginal_score, person_sums
from iwm_bayes.inference.laplace.person_posteriors import Problem
from iwm_bayes.inference.laplace.quadrature import posterior_moments, quadrature_nodes, weight_nodes

SEED = 1  # of the rotations of quadrature nodes


def bias_from_sums(
    population: LinearPopulation, group: Group, covariance: np.ndarray, gaussian: PersonSums, exact: PersonSums
) -> xr.Dataset:
    """Compute the bias of a group from the sums of people's Gaussians and of their exact posteriors: see `bias`."""
    change = marginal_score(population, group, exact) - marginal_score(population, group, gaussian)
    step = covariance @ change
    vectors = pack(group) + np.stack([0.0 * step, step])
    both = draws_to_dataset(population, name_draws(population, group, vectors), {"step": 2})
    return both.isel(step=0) - both.isel(step=1)


def bias(problem: Problem, mode: GroupMode) -> xr.Dataset:
    """Compute the bias of a group's mode, by the variables of a posterior, link scale: `mu`, `sigma` and so on."""
    population, nodes = problem.population, quadrature_nodes(mode.people.mean, SEED)
    exact = posterior_moments(weight_nodes(problem, mode.group, mode.people, nodes))
    gaussian_sums, exact_sums = (person_sums(population, mode.group, *people) for people in (mode.people, exact))
    return bias_from_sums(population, mode.group, mode.covariance, gaussian_sums, exact_sums)
