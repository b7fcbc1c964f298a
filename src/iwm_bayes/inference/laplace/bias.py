"""How far a group lies from where exact posteriors of its people would put it.

At the top that `laplace` found everyone's mean and covariance are taken once more, by quadrature. One Newton step along
what this changes of the group's score is the bias, with its sign turned: how much too high centres and sds are.
"""

import numpy as np
import xarray as xr

from iwm_bayes.inference.laplace.draws import draws_to_dataset, name_draws
from iwm_bayes.inference.laplace.empirical_bayes import GroupMode
from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, pack
from iwm_bayes.inference.laplace.marginal_score import PersonSums, marginal_score, person_sums
from iwm_bayes.inference.laplace.person_posteriors import Problem
from iwm_bayes.inference.laplace.quadrature import posterior_moments, quadrature_nodes, weight_nodes

SEED = 1  # of the turns of nodes


def bias_from_sums(
    shape: LinearPopulation, group: Group, covariance: np.ndarray, gaussian: PersonSums, exact: PersonSums
) -> xr.Dataset:
    """The bias of what people's Gaussians say, where their exact posteriors say `exact`: see `bias`."""
    step = covariance @ (marginal_score(shape, group, exact) - marginal_score(shape, group, gaussian))
    both = draws_to_dataset(shape, name_draws(shape, group, pack(group) + np.stack([0.0 * step, step])), {"way": 2})
    return both.isel(way=0) - both.isel(way=1)


def bias(problem: Problem, top: GroupMode) -> xr.Dataset:
    """What was found less what quadrature would find, by the names of a posterior, link scale: centre (row), spread."""
    shape = problem.shape
    exact = posterior_moments(weight_nodes(problem, top.group, top.people, quadrature_nodes(top.people.x, SEED)))
    gaussian, said = (person_sums(shape, top.group, *people) for people in (top.people, exact))
    return bias_from_sums(shape, top.group, top.covariance, gaussian, said)
