"""Transforms of between-person SDs and of people, so that a hierarchy has no funnel.

The sampler moves a between-person SD, half-normal with scale s, as the standard normal quantile u of its prior
probability,

    P(sigma < s q(u)) = Phi(u)

so that it has no edge at zero, and no long way down to it.

It moves a person x, normal around the group mean m with root S (covariance S S'), relative to what group and answers
together imply. If the likelihood of the person's answers were Gaussian with precision P and mode t, then given the
group

    y = S^-1 (x - m)   is normal with precision S'P S + I and mean (S'P S + I)^-1 S'P (t - m)

and z, which `unwhiten` turns into that y, is standard normal whatever the group is. With P = 0 this is the non-centred
form, and with large P the centred one. The form adapts to every direction of every person, and to every SD. Where an
SD falls to zero, people follow the group. Where it is large, they follow their answers. P and P t depend on the
completely pooled parameters (see `local_gaussian`). Their values affect how well the sampler moves, and not the
posterior. The transform follows Papaspiliopoulos, Roberts & Skold (2007), doi:10.1214/088342307000000014, whose
partially non-centred form fixes the data's share.
"""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

SQRT_TWO = np.sqrt(2.0)
ERF_HALF = np.float64(0.4769362762044699)  # where erf is one half


class HalfNormalQuantile(Transform):
    """A half-normal as the standard normal quantile of its prior probability."""

    name = "quantile"

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Return the quantile u of an SD."""
        *_, scale = inputs
        return SQRT_TWO * pt.erfinv(2.0 * pt.erf(value / (SQRT_TWO * scale)) - 1.0)

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Return the SD of a quantile u; each half uses the tail that is computed there without loss."""
        *_, scale = inputs
        low = pt.erfinv(pt.erfc(-pt.minimum(value, 0.0) / SQRT_TWO) / 2.0)
        high = pt.erfcinv(pt.erfc(pt.maximum(value, 0.0) / SQRT_TWO) / 2.0)
        return SQRT_TWO * scale * (low + (high - ERF_HALF))

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Return the log derivative of `backward`."""
        *_, scale = inputs
        return (self.backward(value, *inputs) / scale) ** 2 / 2.0 - value**2 / 2.0 + pt.log(scale / 2.0)


class Independent:
    """Independent parameters: the root S of the covariance is their SDs (parameter, 1)."""

    @staticmethod
    def times(root: Any, y: Any) -> Any:
        """Return S y, for y (parameter, person)."""
        return root * y

    @staticmethod
    def solve(root: Any, x: Any) -> Any:
        """Return S^-1 x, for x (parameter, person)."""
        return x / root

    @staticmethod
    def transpose_times(root: Any, x: Any) -> Any:
        """Return S'x, for x (parameter, person)."""
        return root * x

    @staticmethod
    def quadratic(root: Any, precision: Any) -> Any:
        """Return S'P S, for P (parameter, parameter, person)."""
        return precision * root[:, None] * root[None]

    @staticmethod
    def log_determinant(root: Any) -> Any:
        """Return the log determinant of S."""
        return pt.log(root).sum()


class Correlated:
    """Correlated parameters: the root S is a Cholesky factor (parameter, parameter). See `Independent`."""

    @staticmethod
    def times(root: Any, y: Any) -> Any:
        """Return S y."""
        return (root[:, :, None] * y[None]).sum(axis=1)

    @staticmethod
    def solve(root: Any, x: Any) -> Any:
        """Return S^-1 x."""
        return pt.linalg.solve_triangular(root, x, lower=True)

    @staticmethod
    def transpose_times(root: Any, x: Any) -> Any:
        """Return S'x."""
        return (root[:, :, None] * x[:, None]).sum(axis=0)

    @staticmethod
    def quadratic(root: Any, precision: Any) -> Any:
        """Return S'P S."""
        half = (root[:, :, None, None] * precision[:, None]).sum(axis=0)  # sums, because not every machine has BLAS
        return (half[:, :, None] * root[None, :, :, None]).sum(axis=1)

    @staticmethod
    def log_determinant(root: Any) -> Any:
        """Return the log determinant of S."""
        return pt.log(pt.diagonal(root)).sum()


type Covariance = type[Independent] | type[Correlated]


def person_factors(precision: Any) -> Any:
    """Return the Cholesky factor of each person's precision (parameter, parameter, person), the person first."""
    return pt.linalg.cholesky(precision.transpose(2, 0, 1))


def solve_for_people(factor: Any, x: Any, transposed: bool = False) -> Any:
    """Return every person's L^-1 x, or L'^-1 x, for x (parameter, person)."""
    lower = factor.transpose(0, 2, 1) if transposed else factor
    return pt.linalg.solve_triangular(lower, x.T[:, :, None], lower=not transposed, b_ndim=2)[:, :, 0].T


def unwhiten(precision: Any, weighted_mean: Any, z: Any) -> tuple[Any, Any]:
    """Return x (parameter, person), and the log determinant (person,) of every person's factor L.

        L L' = precision,   x = L'^-1 (L^-1 weighted_mean + z)

    This turns a standard normal z into x, which is normal with this precision and the mean precision^-1 weighted_mean.
    """
    factor = person_factors(precision)
    x = solve_for_people(factor, solve_for_people(factor, weighted_mean) + z, transposed=True)
    return x, pt.log(pt.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)


class PersonTransform(Transform):
    """The transform of people x (parameter, person) to z. Its distribution has the inputs m, S, P and P t."""

    name = "relative"

    def __init__(self, covariance: Covariance) -> None:
        self.covariance = covariance

    def precision_and_weighted_mean(self, *inputs: Any) -> tuple[Any, Any]:
        """Return the precision (parameter, parameter, person) of y given the group, and its product with the mean."""
        *_, mean, root, precision, weighted_mode = inputs
        weighted_distance = weighted_mode - (precision * mean[None]).sum(axis=1)  # P (t - m)
        weighted_mean = self.covariance.transpose_times(root, weighted_distance)
        weighted_mean = pt.specify_shape(weighted_mean, weighted_mode.type.shape)
        identity = pt.eye(weighted_mode.shape[0])[:, :, None]
        return self.covariance.quadratic(root, precision) + identity, weighted_mean

    def forward(self, value: Any, *inputs: Any) -> Any:
        """Return z of people."""
        *_, mean, root, _, _ = inputs
        precision, weighted_mean = self.precision_and_weighted_mean(*inputs)
        factor = person_factors(precision)
        z_mean = solve_for_people(factor, weighted_mean)
        y = self.covariance.solve(root, value - mean)
        return (factor.transpose(1, 2, 0) * y[:, None]).sum(axis=0) - z_mean

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Return the people of z."""
        *_, mean, root, _, _ = inputs
        y, _ = unwhiten(*self.precision_and_weighted_mean(*inputs), value)
        return pt.specify_shape(mean + self.covariance.times(root, y), value.type.shape)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Return the log determinant of `backward`, which is linear in z."""
        *_, root, _, _ = inputs
        _, log_determinant = unwhiten(*self.precision_and_weighted_mean(*inputs), value)
        return value.shape[1] * self.covariance.log_determinant(root) - log_determinant.sum()


def group_log_density(covariance: Covariance, people: Any, mean: Any, root: Any) -> Any:
    """Return the log density (person,) of people (parameter, person) around their group."""
    y = covariance.solve(root, people - mean)
    return -((y**2).sum(axis=0) + people.shape[0] * np.log(2.0 * np.pi)) / 2.0 - covariance.log_determinant(root)


def pseudo_prior_logp(
    covariance: Covariance, people: Any, mean: Any, root: Any, precision: Any, weighted_mode: Any
) -> Any:
    """Return the log density (person,) of people (parameter, person) under which z is standard normal."""
    transform = PersonTransform(covariance)
    y_precision, weighted_mean = transform.precision_and_weighted_mean(mean, root, precision, weighted_mode)
    y_mean, log_determinant = unwhiten(y_precision, weighted_mean, pt.zeros_like(weighted_mean))
    distance = covariance.solve(root, people - mean) - y_mean
    squares = (y_precision * distance[:, None] * distance[None]).sum(axis=(0, 1))
    constant = people.shape[0] * np.log(2.0 * np.pi) / 2.0 + covariance.log_determinant(root)
    return log_determinant - squares / 2.0 - constant


def declare_people(name: str, covariance: Covariance, *parameters: Any, dims: tuple[str, str]) -> Any:
    """Declare people (parameter, person) around a group.

    `parameters` are m (parameter, person), S, P (parameter, parameter, person) and P t (parameter, person).
    """

    def logp(value: Any, mean: Any, root: Any, *_: Any) -> Any:
        return group_log_density(covariance, value, mean, root).sum()

    def random(mean: Any, root: Any, *_: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        y = rng.normal(size=mean.shape)
        return np.asarray(mean + (root * y if root.shape[1] == 1 else root @ y))

    transform = PersonTransform(covariance)
    return pm.CustomDist(
        name,
        *parameters,
        logp=logp,
        random=random,
        support_point=lambda _, __, mean, *more: transform.backward(pt.zeros_like(mean), mean, *more),
        signature="(r,n),(r,k),(r,r,n),(r,n)->(r,n)",
        dims=dims,
        default_transform=transform,
    )
