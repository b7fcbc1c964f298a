"""How sure people make one of their group, against second differences of what is known in closed form."""

import numpy as np
from gaussian_people import ANSWERS, NOISE, gaussian, shape_of, yes_or_no
from scipy import special, stats

from iwm_bayes.inference.laplace.empirical_bayes import find_mode, initial_gaussians
from iwm_bayes.inference.laplace.hierarchy import initial_group, pack, person_means, unpack
from iwm_bayes.inference.laplace.person_posteriors import Problem
from iwm_bayes.inference.laplace.quadrature import posterior_moments, quadrature_nodes, weight_nodes
from iwm_bayes.large_scale.information import observed_information


def bent(function, at, step=1e-3):
    """Minus the matrix of second differences of a function."""
    ways = np.eye(len(at)) * step
    return -np.array(
        [
            [
                (
                    function(at + one + two)
                    - function(at + one - two)
                    - function(at - one + two)
                    + function(at - one - two)
                )
                / (4 * step**2)
                for two in ways
            ]
            for one in ways
        ]
    )


def said_by(problem, group, people):
    """Their information."""
    there = weight_nodes(problem, group, people, quadrature_nodes(people.x, 1))
    return observed_information(problem, group, people, there, posterior_moments(there))


def test_gaussian_people_say_what_their_evidence_says():
    """Centres, a covariate, therapists, an sd and what everyone shares, away from the top: normals of one sd."""
    shape, seen, problem = gaussian(1)
    top = find_mode(problem).group
    group = unpack(pack(top) + 0.1, top)

    def evidence(vector):
        there = unpack(vector, group)
        centre = person_means(shape, there.beta)[0] + there.shared
        return stats.norm.logpdf(seen, centre, np.hypot(there.spread, NOISE)).sum()

    found = said_by(problem, group, initial_gaussians(problem, group, np.zeros((1, len(seen)))))
    np.testing.assert_allclose(found, bent(evidence, pack(group)), atol=1e-4 * np.abs(found).max())


def test_turned_nodes_miss_nothing_of_gaussians():
    """Five values of everyone's own, gone through along axes that are turned at random: still exact."""
    shape, noise = shape_of(5, 40), np.linspace(0.2, 1.0, 5)[:, None]
    seen = np.random.default_rng(1).normal(0.3, 0.8, (5, 40))

    def likelihood(level):
        return stats.norm.logpdf(seen, level, noise).sum(axis=0), (seen - level) / noise**2

    problem, group = Problem(shape, likelihood), initial_group(shape)

    def evidence(vector):
        there = unpack(vector, group)
        return stats.norm.logpdf(seen, there.beta[:, None], np.hypot(there.spread[:, None], noise)).sum()

    found = said_by(problem, group, initial_gaussians(problem, group, np.zeros((5, 40))))
    np.testing.assert_allclose(found, bent(evidence, pack(group)), atol=1e-4 * np.abs(found).max())


def test_people_who_are_skewed_say_what_integrals_say():
    """Fifty yes-or-no answers of each of 3,000: the centre and the log sd, every person integrated on a fine grid."""
    problem, yes = yes_or_no(1.5, 0.5, 1)
    top = find_mode(problem)
    z = np.linspace(-7.0, 7.0, 281)

    def evidence(vector):
        level = vector[0] + np.exp(vector[1]) * z
        said = np.arange(ANSWERS + 1)[:, None] * level - ANSWERS * np.logaddexp(0.0, level)
        log_p = special.logsumexp(said + stats.norm.logpdf(z), axis=1)
        return (np.bincount(yes, minlength=ANSWERS + 1) * log_p).sum()

    found = said_by(problem, top.group, top.people)
    exact = bent(evidence, pack(top.group))
    scale = np.sqrt(np.diag(exact))
    np.testing.assert_allclose(
        found / scale / scale[:, None], exact / scale / scale[:, None], atol=5e-4
    )  # seven nodes of each
