"""How far a group lies from where exact posteriors of its people would put it.

At the top that `laplace` found everyone's mean and covariance are taken once more, by quadrature. One Newton step along
what this changes of the group's score is the bias, with its sign turned: how much too high centres and sds are.
"""

import numpy as np
import xarray as xr

from iwm_bayes.inference.laplace.draws import dataset, named
from iwm_bayes.inference.laplace.empirical_bayes import Top
from iwm_bayes.inference.laplace.hierarchy import Crowd, Group, packed
from iwm_bayes.inference.laplace.marginal_score import Sums, score, sums
from iwm_bayes.inference.laplace.person_posteriors import Problem
from iwm_bayes.inference.laplace.quadrature import integrated, nodes, weighed

SEED = 1  # of the turns of nodes


def of_sums(shape: Crowd, group: Group, covariance: np.ndarray, gaussian: Sums, exact: Sums) -> xr.Dataset:
    """The bias of what people's Gaussians say, where their exact posteriors say `exact`: see `bias`."""
    step = covariance @ (score(shape, group, exact) - score(shape, group, gaussian))
    both = dataset(shape, named(shape, group, packed(group) + np.stack([0.0 * step, step])), {"way": 2})
    return both.isel(way=0) - both.isel(way=1)


def bias(problem: Problem, top: Top) -> xr.Dataset:
    """What was found less what quadrature would find, by the names of a posterior, link scale: centre (row), spread."""
    shape = problem.shape
    exact = integrated(weighed(problem, top.group, top.people, nodes(top.people.x, SEED)))
    gaussian, said = (sums(shape, top.group, *people) for people in (top.people, exact))
    return of_sums(shape, top.group, top.covariance, gaussian, said)
