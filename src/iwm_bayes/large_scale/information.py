"""How sure people make one of their group: what would be known if everyone were, less what is open of everyone.

    information = E[curvature of a person's complete log density] - Var[its slope],   summed over people,

over each person's posterior, the slope and the curvature being by the group's parameters. Louis (1982),
doi:10.1111/j.2517-6161.1982.tb01203.x. Everyone's posterior is gone through once, by quadrature; for differences of the
score (`climb.slopes`) everyone is settled anew under twice as many groups as there are parameters. Of few people those
are the better: they know that centres are uncertain where sds are asked for, and no turns of nodes are in them.
"""

import numpy as np

from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, pack, person_means, person_sds
from iwm_bayes.inference.laplace.marginal_score import person_scores
from iwm_bayes.inference.laplace.person_posteriors import (
    DIFFERENCE_STEP,
    PersonGaussians,
    Problem,
    average_over_gaussians,
    finite_difference_hessian,
)
from iwm_bayes.inference.laplace.quadrature import WeightedNodes


def complete_pooling_curvature(problem: Problem, group: Group, near: PersonGaussians) -> np.ndarray:
    """Curvature of the log likelihood by what is shared (S, S), everyone staying, on average over their Gaussians."""

    def slope(shared: np.ndarray) -> np.ndarray:
        said = average_over_gaussians(problem, group._replace(shared=shared), near.x, near.variance)
        return said.slope[problem.shape.shared].sum(axis=1)

    found = finite_difference_hessian(slope, group.shared, DIFFERENCE_STEP).reshape(
        len(group.shared), len(group.shared)
    )
    return (found + found.T) / 2.0


def complete_data_information(shape: LinearPopulation, group: Group, x: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Curvature of people's density under their group, (packed, packed), as expected; arguments as of `sums`."""
    scale, count = person_sds(shape, group)[:, None], len(group.spread)
    apart, own = x - person_means(shape, group.beta), np.diagonal(variance, axis1=1, axis2=2).T
    beta, spread = np.arange(len(group.beta)), len(group.beta) + np.arange(count)
    found = np.zeros((len(pack(group)),) * 2)
    found[np.ix_(beta, beta)] = np.einsum("dnk,dnl->kl", shape.design / scale[..., None] ** 2, shape.design)
    found[np.ix_(beta, spread)] = 2.0 * np.einsum("dnk,dn->kd", shape.design[:count], (apart / scale**2)[:count])
    found[np.ix_(spread, beta)] = found[np.ix_(beta, spread)].T
    found[spread, spread] = 2.0 * ((apart**2 + own) / scale**2)[:count].sum(axis=1)
    return found


def quadrature_correction(group: Group, near: PersonGaussians, there: WeightedNodes) -> np.ndarray:
    """By how much nodes miss the variance of slopes by log sds (P, P), as far as Gaussians tell, summed over people.

    Turned axes have a Gaussian's fourth moments on average only, and miss as much of who is nearly Gaussian.
    """
    count = len(group.spread)
    squares = (there.x - near.x)[:, :count] ** 2
    own = near.variance[:, :count, :count]
    mean = np.diagonal(own, axis1=1, axis2=2)
    seen = np.einsum(
        "kn,kpn,kqn->npq", np.broadcast_to(there.normal, there.share.shape), squares, squares, optimize=True
    )
    left = 2.0 * own**2 + mean[:, :, None] * mean[:, None] - seen
    return left.sum(axis=0) / (group.spread[:, None] * group.spread) ** 2


def observed_information(
    problem: Problem, group: Group, near: PersonGaussians, there: WeightedNodes, exact: PersonGaussians
) -> np.ndarray:
    """What people say of their group, (packed, packed), summed over them."""
    shape, certain = problem.shape, np.zeros_like(near.variance)
    found = complete_data_information(shape, group, exact.x, exact.variance)
    if len(group.shared):
        found[-len(group.shared) :, -len(group.shared) :] += complete_pooling_curvature(problem, group, near)
    slopes = np.array(
        [person_scores(shape, group, x, certain, slope) for x, slope in zip(there.x, there.slope, strict=True)]
    )
    apart = slopes - person_scores(shape, group, *exact)
    spread = slice(len(group.beta), len(group.beta) + len(group.spread))
    found[spread, spread] -= quadrature_correction(group, near, there)
    return found - np.einsum("kn,kan,kbn->ab", there.share, apart, apart, optimize=True)
