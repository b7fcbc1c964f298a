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

from iwm_bayes.inference.laplace.hierarchy import Crowd, Group, centres, scales

STEP = 1e-4  # of differences of the slope, link scale
MOST_STEPS, HALVINGS = 40, 8  # of Newton's method, and of a step that leads down
STILL = 0.01  # sds of the group that a step goes at most where somebody has arrived,
LATE = 0.1  # and the share of those who went that need not have
CENTRINGS = 4  # of the Gaussians, each from the last
SLACK = 0.1  # that a bound may fall: what cubature makes of it


class People(NamedTuple):
    """Everyone under one group: means, covariance, and the likelihood's slope by what is shared."""

    x: np.ndarray  # (D, N)
    variance: np.ndarray  # (N, D, D)
    slope: np.ndarray  # (S, N)


class Problem(NamedTuple):
    """A hierarchy and the log likelihood of its people."""

    shape: Crowd
    likelihood: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # see `build.likelihood`

    def at(self, x: np.ndarray, shared: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Log likelihood (N,) and slope (row, N) where people are `x` (D, N)."""
        level = np.empty((len(self.shape.personal) + len(self.shape.shared), x.shape[1]))
        level[self.shape.personal], level[self.shape.shared] = x, shared[:, None]
        return self.likelihood(level)


def kept_above(precision: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Precisions (N, D, D), symmetric, kept above a fifth of the group's, 1 / scale^2, in every direction."""
    said = (precision + precision.transpose(0, 2, 1)) / 2.0 * scale[:, None] * scale
    values, vectors = np.linalg.eigh(said)
    return np.einsum("nij,nj,nkj->nik", vectors, np.maximum(values, 0.2), vectors) / (scale[:, None] * scale)


def falls(slope: Callable[[np.ndarray], np.ndarray], at: np.ndarray, step: float) -> np.ndarray:
    """How much a slope (...) falls along each coordinate of `at` (S,), by differences: (S, ...); (0,) along none."""
    return np.array([(slope(at - way) - slope(at + way)) / (2.0 * step) for way in step * np.eye(len(at))])


def curvature(problem: Problem, group: Group, x: np.ndarray) -> np.ndarray:
    """Precision of every person at `x`, (N, D, D), from differences of the slope."""
    shape, scale = problem.shape, scales(problem.shape, group)

    def slope(way: np.ndarray) -> np.ndarray:
        return problem.at(x + way[:, None], group.shared)[1][shape.personal]

    said = falls(slope, np.zeros(len(x)), STEP).reshape(len(x), *x.shape).transpose(2, 1, 0)
    return kept_above(said + np.diag(1.0 / scale**2), scale)


def found(problem: Problem, group: Group, x: np.ndarray) -> np.ndarray:
    """Everyone's mode (D, N) by Newton's method, each going as far as their own density rises.

    It is over when nine in ten of those who went have arrived. A few need as many steps again: `settled` leads them on.
    """
    shape, scale = problem.shape, scales(problem.shape, group)[:, None]
    centre = centres(shape, group.beta)

    def density(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = problem.at(x, group.shared)
        return value - ((x - centre) ** 2 / scale**2).sum(axis=0) / 2.0, slope[shape.personal] - (x - centre) / scale**2

    (value, slope), went = density(x), 0
    for _ in range(MOST_STEPS):
        step = np.linalg.solve(curvature(problem, group, x), slope.T[..., None])[..., 0].T
        step *= np.minimum(1.0, 3.0 / np.maximum(np.abs(step / scale).max(axis=0, initial=0.0), 1e-12))
        for _ in range(HALVINGS):
            new, new_slope = density(x + step)
            worse = ~(new >= value - 1e-10)
            if not worse.any():
                break
            step = np.where(worse, step / 4.0, step)
        step = np.where(worse, 0.0, step)
        x, value, slope = x + step, np.where(worse, value, new), np.where(worse, slope, new_slope)
        going = int((np.abs(step / scale).max(axis=0, initial=0.0) > STILL).sum())
        went = max(went, going)
        if going <= LATE * went:
            break
    return x


def cubature(variance: np.ndarray) -> list[np.ndarray]:
    """Shifts (D, N) from the mean over which a cubic has the average that it has over the Gaussian (N, D, D)."""
    count = variance.shape[-1]
    root = np.linalg.cholesky(variance) * np.sqrt(count)
    shifts = [sign * root[:, :, column].T for column in range(count) for sign in (1, -1)]
    return shifts or [np.zeros((0, len(variance)))]  # where everyone shares everything


class Averaged(NamedTuple):
    """What the likelihood and the group say of everyone's Gaussian, on average over it."""

    bound: np.ndarray  # (N,) of the log evidence, from below
    slope: np.ndarray  # (row, N) of the log likelihood
    precision: np.ndarray  # (N, D, D) of a Gaussian as curved as what it stands for


def averaged(problem: Problem, group: Group, x: np.ndarray, variance: np.ndarray) -> Averaged:
    """Averages over Gaussians with means (D, N) and covariance (N, D, D)."""
    shape, scale = problem.shape, scales(problem.shape, group)
    shifts = cubature(variance)
    values, slopes = (np.array(part) for part in zip(*(problem.at(x + s, group.shared) for s in shifts), strict=True))
    known = np.isfinite(values).all(axis=0) & np.isfinite(slopes).all(axis=(0, 1))  # not too far out to compute
    values, slopes = np.where(known, values, -np.inf), np.where(known, slopes, 0.0)
    apart = (x - centres(shape, group.beta)) ** 2 + np.diagonal(variance, axis1=1, axis2=2).T
    prior = np.log(scale).sum() + (apart / scale[:, None] ** 2).sum(axis=0) / 2.0
    bound = values.mean(axis=0) - prior + (len(x) + np.linalg.slogdet(variance)[1]) / 2.0
    bent = np.einsum("kdn,ken->nde", slopes[:, shape.personal], np.array(shifts)) / len(shifts)
    said = bent @ np.linalg.inv(variance)  # E[slope shift] = E[second derivative] variance
    return Averaged(bound, slopes.mean(axis=0), kept_above(np.diag(1.0 / scale**2) - said, scale))


def settled(problem: Problem, group: Group, x: np.ndarray, variance: np.ndarray, enough: float = -np.inf) -> People:
    """Everyone's Gaussian: to where its slope is 0 and its precision the curvature, both on average over itself.

    Whose bound falls stays, and next goes a quarter of the way: where a theory fits badly, whole steps run away. It may
    be over sooner, when bounds rise by less than `enough` on average.
    """
    shape, scale = problem.shape, scales(problem.shape, group)[:, None]
    centre, share = centres(shape, group.beta), np.ones(x.shape[1])
    here = averaged(problem, group, x, variance)
    for _ in range(CENTRINGS):
        precision = np.linalg.inv(variance)
        further = np.linalg.inv(precision + share[:, None, None] * (here.precision - precision))
        uphill = here.slope[shape.personal] - (x - centre) / scale**2
        step = share * np.einsum("nde,en->dn", further, uphill)
        step *= np.minimum(1.0, 1.0 / np.maximum(np.abs(step / scale).max(axis=0, initial=0.0), 1e-12))
        there = averaged(problem, group, x + step, further)
        better, before = there.bound > here.bound - SLACK, here.bound
        x, variance = np.where(better, x + step, x), np.where(better[:, None, None], further, variance)
        here = Averaged(
            np.where(better, there.bound, here.bound),
            np.where(better, there.slope, here.slope),
            np.where(better[:, None, None], there.precision, here.precision),
        )
        share = np.where(better, 1.0, share / 4.0)
        if here.bound.mean() < before.mean() + enough:
            break
    return People(x, variance, here.slope[shape.shared])


def evidence(problem: Problem, group: Group, people: People) -> np.ndarray:
    """Log evidence of every person under the group, (N,): the bound from below that their Gaussians give."""
    return averaged(problem, group, people.x, people.variance).bound
