"""The probability of a study against one integral that is left where everything else is Gaussian."""

import numpy as np
from scipy import integrate, stats

from iwm_bayes.inference.laplace.empirical_bayes import find_mode
from iwm_bayes.inference.laplace.evidence import log_evidence
from iwm_bayes.inference.laplace.hierarchy import LinearPopulation
from iwm_bayes.inference.laplace.person_posteriors import Problem

NOISE, WIDTH, SCALE = 0.4, 1.0, 0.5


def study(people):
    """People seen with a known noise around a centre."""
    generator = np.random.default_rng(1)
    seen = generator.normal(0.7, 0.5, people) + generator.normal(0.0, NOISE, people)
    alone, nothing = np.zeros(0), np.zeros((2, 0))
    shape = LinearPopulation(
        {},
        np.array([0]),
        np.zeros(0, dtype=int),
        np.ones((1, people, 1)),
        np.zeros(1),
        alone,
        np.zeros(1),
        np.array([WIDTH]),
        np.array([-1]),
        np.array([SCALE]),
        alone,
        nothing,
    )

    def likelihood(level):
        return stats.norm.logpdf(seen, level[0], NOISE), (seen - level) / NOISE**2

    return seen, Problem(shape, likelihood)


def exact(seen):
    """The centre integrated out in closed form, the sd by quadrature over its logarithm."""

    def given(log_spread):
        variance, count, mean = np.exp(2.0 * log_spread) + NOISE**2, len(seen), seen.mean()
        rest = -0.5 * ((seen - mean) ** 2).sum() / variance - count / 2.0 * np.log(2.0 * np.pi * variance)
        rest += 0.5 * np.log(2.0 * np.pi * variance / count)
        centred = stats.norm.logpdf(mean, 0.0, np.sqrt(WIDTH**2 + variance / count))
        return rest + centred + stats.halfnorm.logpdf(np.exp(log_spread), scale=SCALE) + log_spread

    grid = np.linspace(-6.0, 2.0, 8001)
    values = np.array([given(place) for place in grid])
    return values.max() + np.log(integrate.trapezoid(np.exp(values - values.max()), grid))


def error(people):
    seen, problem = study(people)
    top = find_mode(problem)
    assert top.converged
    return abs(log_evidence(problem, top) - exact(seen))


def test_the_probability_of_a_study():
    """Laplace's method is wrong by about one over the number of people: sixteen times as many, a sixteenth.

    Where the search ends, within .05 of an sd of the top, costs up to .00125 more.
    """
    few, many = error(50), error(800)
    assert few < 0.1
    assert many < few / 8.0 + 0.00125
