"""The Gaussians that lie along an ascent of a log density, and which of them is nearest to it.

A quasi-Newton ascent (L-BFGS) learns, at each place x that it passes, an inverse Hessian H there from its last steps S
and the turns Y of the slope along them. Each place makes a Gaussian

    Normal(x + H slope(x), H),   H = D + [D Y, S] M [D Y, S]'   with D diagonal

and the nearest has the highest lower bound on the log evidence, E[log p - log q].

Zhang, Carpenter, Gelman & Vehtari (2022), JMLR 23(306), 1-49, algorithms 2 to 4.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize

HISTORY = 10  # steps of which an inverse Hessian is made
TRIES = 10  # draws that estimate a bound
STEPS = 500
CURVED = 1e-8  # least product of step and turn, in units of the turn's square, from which curvature is learned

type Density = Callable[[np.ndarray], tuple[float, np.ndarray]]  # x (D,) to the log density and its slope (D,)


class Place(NamedTuple):
    """Where an ascent passed."""

    x: np.ndarray  # (D,)
    slope: np.ndarray  # (D,), of the log density


class Gaussian(NamedTuple):
    """A Gaussian over D quantities, independent but in the directions of `basis`."""

    mean: np.ndarray  # (D,)
    scale: np.ndarray  # (D,), variances but for these directions
    basis: np.ndarray  # (D, K), orthonormal, in units of the root of `scale`
    root: np.ndarray  # (K, K), of the covariance along them, lower


class Nearest(NamedTuple):
    """What one ascent found."""

    gaussian: Gaussian
    bound: float
    ended: bool  # whether the ascent came to an end


def diagonal(scale: np.ndarray, step: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """The diagonal (D,) of the inverse Hessian after one more step."""
    a, b, c = turn**2 @ scale, turn @ step, step**2 @ (1.0 / scale)
    return 1.0 / (a / (b * scale) + turn**2 / b - a * step**2 / (b * c * scale**2))


def around(place: Place, scale: np.ndarray, steps: np.ndarray, turns: np.ndarray) -> Gaussian:
    """The Gaussian of one place; steps and turns are (D, history), the latest last."""
    upper = np.triu(steps.T @ turns)
    inverse = linalg.solve_triangular(upper, np.eye(len(upper)))
    inner = np.diag(np.diag(upper)) + turns.T @ (scale[:, None] * turns)
    middle = np.block([[np.zeros_like(upper), -inverse], [-inverse.T, inverse.T @ inner @ inverse]])
    wide = np.hstack([scale[:, None] * turns, steps])
    basis, factor = np.linalg.qr(wide / np.sqrt(scale)[:, None])
    root = np.linalg.cholesky(np.eye(len(factor)) + factor @ middle @ factor.T)
    mean = place.x + scale * place.slope + wide @ (middle @ (wide.T @ place.slope))
    return Gaussian(mean, scale, basis, root)


def sampled(q: Gaussian, count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws (count, D) of a Gaussian, and their log densities (count,)."""
    normal = generator.normal(size=(count, len(q.mean)))
    inside = normal @ q.basis
    y = normal + (inside @ q.root.T - inside) @ q.basis.T
    log_volume = np.log(q.scale).sum() / 2.0 + np.log(np.diag(q.root)).sum()
    log_q = -log_volume - (normal**2 + np.log(2.0 * np.pi)).sum(axis=1) / 2.0
    return q.mean + np.sqrt(q.scale) * y, log_q


def ascended(density: Density, start: np.ndarray) -> tuple[list[Place], bool]:
    """The places that an ascent passed, and whether it came to an end."""
    passed = [start]

    def downhill(x: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = density(x)
        return -value, -slope

    def pass_by(x: np.ndarray) -> None:
        passed.append(x.copy())

    options = {"maxiter": STEPS, "maxcor": HISTORY}
    end = optimize.minimize(downhill, start, jac=True, method="L-BFGS-B", callback=pass_by, options=options)
    return [Place(x, density(x)[1]) for x in passed], bool(end.success)


def gaussians(path: list[Place]) -> Iterator[Gaussian]:
    """The Gaussians along an ascent: round where it begins, because nothing is known yet."""
    scale = np.ones_like(path[0].x)
    steps: list[np.ndarray] = []
    turns: list[np.ndarray] = []
    yield Gaussian(path[0].x, scale, np.zeros((len(scale), 0)), np.zeros((0, 0)))
    for before, place in pairwise(path):
        step, turn = place.x - before.x, before.slope - place.slope
        if step @ turn > CURVED * (turn @ turn):
            scale = diagonal(scale, step, turn)
            steps, turns = [*steps, step][-HISTORY:], [*turns, turn][-HISTORY:]
        if steps:
            yield around(place, scale, np.stack(steps, axis=1), np.stack(turns, axis=1))


def bound(density: Density, q: Gaussian, generator: np.random.Generator) -> float:
    """A Gaussian's lower bound on the log evidence, from `TRIES` draws; minus infinity where one is impossible."""
    draws, log_q = sampled(q, TRIES, generator)
    found = float(np.mean([density(x)[0] for x in draws] - log_q))
    return found if np.isfinite(found) else -np.inf


def nearest(density: Density, start: np.ndarray, generator: np.random.Generator) -> Nearest:
    """The Gaussian along one ascent that is nearest to the density."""
    path, ended = ascended(density, start)
    found = (Nearest(q, bound(density, q, generator), ended) for q in gaussians(path))
    return max(found, key=lambda one: one.bound)
