"""Small hierarchies whose posterior is known."""

import numpy as np
from scipy import special, stats

from iwm_bayes.inference.laplace.hierarchy import LinearPopulation
from iwm_bayes.inference.laplace.person_posteriors import Problem

PEOPLE, NOISE = 40, 0.4


MEMBERS = np.repeat(np.eye(8), 5, axis=1)  # eight therapists of five people each


def gaussian(seed):
    """One row of people who are seen with a known noise, plus what everyone shares; with a covariate and therapists."""
    generator = np.random.default_rng(seed)
    arm = np.tile([0.0, 1.0], PEOPLE // 2)
    design = np.concatenate([np.ones((1, PEOPLE, 1)), arm[None, :, None], MEMBERS.T[None]], axis=2)
    group = np.array([-1, -1, *[0] * 8])
    shape = LinearPopulation(
        {},
        np.array([1]),
        np.array([0]),
        design,
        np.zeros(1),
        np.zeros(0),
        np.array([0.5, *[0.0] * 9]),
        np.array([1.0, 1.0, *[1.0] * 8]),
        group,
        np.array([0.5]),
        np.array([0.5]),
        np.array([[0.0], [0.3]]),
    )
    truth = 0.3 + 0.8 * arm + generator.normal(0, 0.6, 8) @ MEMBERS + generator.normal(0, 0.5, PEOPLE)
    seen = truth + generator.normal(0, NOISE, PEOPLE)

    def likelihood(level):
        apart = (seen - level.sum(axis=0)) / NOISE**2
        return stats.norm.logpdf(seen, level.sum(axis=0), NOISE), np.stack([apart, apart])

    return shape, seen, Problem(shape, likelihood)


MANY, ANSWERS = 3000, 50


def shape_of(rows, people):
    """So many rows of people who are pooled, and nothing else."""
    names = [f"row {row}" for row in range(rows)]
    return LinearPopulation(
        {"row": names, "partial": names, "separate": []},
        np.arange(rows),
        np.array([], dtype=int),
        np.repeat(np.eye(rows)[:, None, :], people, axis=1),
        np.zeros(rows),
        np.zeros(0),
        np.zeros(rows),
        np.ones(rows),
        np.full(rows, -1),
        np.full(rows, 0.5),
        np.zeros(0),
        np.zeros((2, 0)),
    )


def yes_or_no(centre, spread, seed):
    """How often each of many people said yes of fifty times, by a log-odds of their own, and its likelihood."""
    level = centre + spread * np.random.default_rng(seed).normal(size=MANY)
    yes = np.random.default_rng(seed + 1).binomial(ANSWERS, special.expit(level))

    def likelihood(level):
        value = yes * level[0] - ANSWERS * np.logaddexp(0.0, level[0])
        return value, (yes - ANSWERS * special.expit(level[0]))[None]

    return Problem(shape_of(1, MANY), likelihood), yes
