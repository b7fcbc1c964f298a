"""Everyone's Gaussian under a given group, for all people at once.

Newton's method finds every mode; then mean and covariance are moved to where the slope of the log posterior is 0, and
the precision its curvature, both on average over the Gaussian itself, by cubature of the third degree. That is the
Gaussian nearest to the posterior in the sense of variational inference, and differs from Laplace's where a posterior is
skewed (a noise known from 25 ratings) or has a cliff (ratings all at the end of a scale).
Opper & Archambeau (2009), doi:10.1162/neco.2008.08-07-592.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, person_means, person_sds

DIFFERENCE_STEP = 1e-4  # of differences of the slope, link scale
MAX_NEWTON_STEPS, MAX_HALVINGS = 40, 8  # of Newton's method, and of a step that leads down
ARRIVED_STEP = 0.01  # sds of the group that a step goes at most where somebody has arrived,
LATE_SHARE = 0.1  # and the share of those who went that need not have
N_UPDATES = 4  # of the Gaussians, each from the last
BOUND_SLACK = 0.1  # that a bound may fall: what cubature makes of it


class PersonGaussians(NamedTuple):
    """Everyone under one group: means, covariance, and the likelihood's slope by what is shared."""

    x: np.ndarray  # (D, N)
    variance: np.ndarray  # (N, D, D)
    slope: np.ndarray  # (S, N)


class Problem(NamedTuple):
    """A hierarchy and the log likelihood of its people."""

    shape: LinearPopulation
    likelihood: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # see `build.likelihood`

    def at(self, x: np.ndarray, shared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log likelihood (N,) and slope (row, N) where people are `x` (D, N)."""
        level = np.empty((len(self.shape.personal) + len(self.shape.shared), x.shape[1]))
        level[self.shape.personal], level[self.shape.shared] = x, shared[:, None]
        return self.likelihood(level)


def floor_precision(precision: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Precisions (N, D, D), symmetric, kept above a fifth of the group's, 1 / scale^2, in every direction."""
    said = (precision + precision.transpose(0, 2, 1)) / 2.0 * scale[:, None] * scale
    values, vectors = np.linalg.eigh(said)
    return np.einsum("nij,nj,nkj->nik", vectors, np.maximum(values, 0.2), vectors) / (scale[:, None] * scale)


def finite_difference_hessian(slope: Callable[[np.ndarray], np.ndarray], at: np.ndarray, step: float) -> np.ndarray:
    """How much a slope (...) falls along each coordinate of `at` (S,), by differences: (S, ...); (0,) along none."""
    return np.array([(slope(at - way) - slope(at + way)) / (2.0 * step) for way in step * np.eye(len(at))])


def person_precision(problem: Problem, group: Group, x: np.ndarray) -> np.ndarray:
    """Precision of every person at `x`, (N, D, D), from differences of the slope."""
    shape, scale = problem.shape, person_sds(problem.shape, group)

    def slope(way: np.ndarray) -> np.ndarray:
        return problem.at(x + way[:, None], group.shared)[1][shape.personal]

    said = (
        finite_difference_hessian(slope, np.zeros(len(x)), DIFFERENCE_STEP).reshape(len(x), *x.shape).transpose(2, 1, 0)
    )
    return floor_precision(said + np.diag(1.0 / scale**2), scale)


def person_modes(problem: Problem, group: Group, x: np.ndarray) -> np.ndarray:
    """Everyone's mode (D, N) by Newton's method, each going as far as their own density rises.

    It is over when nine in ten of those who went have arrived. A few need as many steps again: `fit_person_gaussians` leads them on.
    """
    shape, scale = problem.shape, person_sds(problem.shape, group)[:, None]
    centre = person_means(shape, group.beta)

    def density(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = problem.at(x, group.shared)
        return value - ((x - centre) ** 2 / scale**2).sum(axis=0) / 2.0, slope[shape.personal] - (x - centre) / scale**2

    (value, slope), went = density(x), 0
    for _ in range(MAX_NEWTON_STEPS):
        step = np.linalg.solve(person_precision(problem, group, x), slope.T[..., None])[..., 0].T
        step *= np.minimum(1.0, 3.0 / np.maximum(np.abs(step / scale).max(axis=0, initial=0.0), 1e-12))
        for _ in range(MAX_HALVINGS):
            new, new_slope = density(x + step)
            worse = ~(new >= value - 1e-10)
            if not worse.any():
                break
            step = np.where(worse, step / 4.0, step)
        step = np.where(worse, 0.0, step)
        x, value, slope = x + step, np.where(worse, value, new), np.where(worse, slope, new_slope)
        going = int((np.abs(step / scale).max(axis=0, initial=0.0) > ARRIVED_STEP).sum())
        went = max(went, going)
        if going <= LATE_SHARE * went:
            break
    return x


def cubature_shifts(variance: np.ndarray) -> list[np.ndarray]:
    """Shifts (D, N) from the mean over which a cubic has the average that it has over the Gaussian (N, D, D)."""
    count = variance.shape[-1]
    root = np.linalg.cholesky(variance) * np.sqrt(count)
    shifts = [sign * root[:, :, column].T for column in range(count) for sign in (1, -1)]
    return shifts or [np.zeros((0, len(variance)))]  # where everyone shares everything


class GaussianAverages(NamedTuple):
    """What the likelihood and the group say of everyone's Gaussian, on average over it."""

    bound: np.ndarray  # (N,) of the log evidence, from below
    slope: np.ndarray  # (row, N) of the log likelihood
    precision: np.ndarray  # (N, D, D) of a Gaussian as curved as what it stands for


def average_over_gaussians(problem: Problem, group: Group, x: np.ndarray, variance: np.ndarray) -> GaussianAverages:
    """Averages over Gaussians with means (D, N) and covariance (N, D, D)."""
    shape, scale = problem.shape, person_sds(problem.shape, group)
    shifts = cubature_shifts(variance)
    values, slopes = (np.array(part) for part in zip(*(problem.at(x + s, group.shared) for s in shifts), strict=True))
    known = np.isfinite(values).all(axis=0) & np.isfinite(slopes).all(axis=(0, 1))  # not too far out to compute
    values, slopes = np.where(known, values, -np.inf), np.where(known, slopes, 0.0)
    apart = (x - person_means(shape, group.beta)) ** 2 + np.diagonal(variance, axis1=1, axis2=2).T
    prior = np.log(scale).sum() + (apart / scale[:, None] ** 2).sum(axis=0) / 2.0
    bound = values.mean(axis=0) - prior + (len(x) + np.linalg.slogdet(variance)[1]) / 2.0
    bent = np.einsum("kdn,ken->nde", slopes[:, shape.personal], np.array(shifts)) / len(shifts)
    said = bent @ np.linalg.inv(variance)  # E[slope shift] = E[second derivative] variance
    return GaussianAverages(bound, slopes.mean(axis=0), floor_precision(np.diag(1.0 / scale**2) - said, scale))


def fit_person_gaussians(
    problem: Problem, group: Group, x: np.ndarray, variance: np.ndarray, enough: float = -np.inf
) -> PersonGaussians:
    """Everyone's Gaussian: to where its slope is 0 and its precision the curvature, both on average over itself.

    Whose bound falls stays, and next goes a quarter of the way: where a theory fits badly, whole steps run away. It may
    be over sooner, when bounds rise by less than `enough` on average.
    """
    shape, scale = problem.shape, person_sds(problem.shape, group)[:, None]
    centre, share = person_means(shape, group.beta), np.ones(x.shape[1])
    here = average_over_gaussians(problem, group, x, variance)
    for _ in range(N_UPDATES):
        precision = np.linalg.inv(variance)
        further = np.linalg.inv(precision + share[:, None, None] * (here.precision - precision))
        uphill = here.slope[shape.personal] - (x - centre) / scale**2
        step = share * np.einsum("nde,en->dn", further, uphill)
        step *= np.minimum(1.0, 1.0 / np.maximum(np.abs(step / scale).max(axis=0, initial=0.0), 1e-12))
        there = average_over_gaussians(problem, group, x + step, further)
        better, before = there.bound > here.bound - BOUND_SLACK, here.bound
        x, variance = np.where(better, x + step, x), np.where(better[:, None, None], further, variance)
        here = GaussianAverages(
            np.where(better, there.bound, here.bound),
            np.where(better, there.slope, here.slope),
            np.where(better[:, None, None], there.precision, here.precision),
        )
        share = np.where(better, 1.0, share / 4.0)
        if here.bound.mean() < before.mean() + enough:
            break
    return PersonGaussians(x, variance, here.slope[shape.shared])


def person_log_evidence(problem: Problem, group: Group, people: PersonGaussians) -> np.ndarray:
    """Log evidence of every person under the group, (N,): the bound from below that their Gaussians give."""
    return average_over_gaussians(problem, group, people.x, people.variance).bound
