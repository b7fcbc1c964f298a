"""What the sampler moves in place of spreads and of people, so that a hierarchy has no funnel.

A spread, half-normal with scale s, is moved as the standard normal quantile u of its prior probability,

    P(spread < s q(u)) = Phi(u)

so that it has no edge at zero and no long way down to it. A person, normal around the group's centre m with root S
(covariance S S'), is moved relative to what the group and the person's own answers say together. Were the likelihood of
their answers Gaussian with precision P and its top at t, then given the group

    y = S^-1 (x - m) would be normal with precision S'P S + I and mean (S'P S + I)^-1 S'P (t - m)

and z, which `whitening` turns into that y, standard normal whatever the group is. With P = 0 this is the non-centred
form and with P large the centred one, for every direction of every person by itself, and at every spread anew: where a
spread falls to zero the group alone places people, where it is large their answers do. P and P t follow what everyone
shares (see `own_answers`). What they are taken to be changes how well the sampler moves, not the posterior. After
Papaspiliopoulos, Roberts & Skold (2007), doi:10.1214/088342307000000014, whose partially non-centred form holds the
share of the data fixed.
"""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from iwm_bayes.filtering.engine.batched_cholesky import unwhiten

SQRT_TWO = np.sqrt(2.0)
ERF_HALF = np.float64(0.4769362762044699)  # where erf is one half


class HalfNormalQuantile(Transform):
    """A half-normal as the standard normal quantile of its prior probability."""

    name = "quantile"

    def forward(self, value: Any, *inputs: Any) -> Any:
        *_, scale = inputs
        return SQRT_TWO * pt.erfinv(2.0 * pt.erf(value / (SQRT_TWO * scale)) - 1.0)

    def backward(self, value: Any, *inputs: Any) -> Any:
        """Either half by the tail that is computed without loss there."""
        *_, scale = inputs
        low = pt.erfinv(pt.erfc(-pt.minimum(value, 0.0) / SQRT_TWO) / 2.0)
        high = pt.erfcinv(pt.erfc(pt.maximum(value, 0.0) / SQRT_TWO) / 2.0)
        return SQRT_TWO * scale * (low + (high - ERF_HALF))

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        *_, scale = inputs
        return (self.backward(value, *inputs) / scale) ** 2 / 2.0 - value**2 / 2.0 + pt.log(scale / 2.0)


class Independent:
    """Rows that vary each by itself: the group's root S is their sds (row, 1)."""

    @staticmethod
    def times(root: Any, y: Any) -> Any:
        """S y, for y (row, person)."""
        return root * y

    @staticmethod
    def over(root: Any, x: Any) -> Any:
        """S^-1 x, for x (row, person)."""
        return x / root

    @staticmethod
    def turned(root: Any, x: Any) -> Any:
        """S'x, for x (row, person)."""
        return root * x

    @staticmethod
    def between(root: Any, precision: Any) -> Any:
        """S'P S, for P (row, row, person)."""
        return precision * root[:, None] * root[None]

    @staticmethod
    def log_determinant(root: Any) -> Any:
        return pt.log(root).sum()


class Correlated:
    """Rows that are correlated: S is a Cholesky factor (row, row)."""

    @staticmethod
    def times(root: Any, y: Any) -> Any:
        return (root[:, :, None] * y[None]).sum(axis=1)

    @staticmethod
    def over(root: Any, x: Any) -> Any:
        return pt.linalg.solve_triangular(root, x, lower=True)

    @staticmethod
    def turned(root: Any, x: Any) -> Any:
        return (root[:, :, None] * x[:, None]).sum(axis=0)

    @staticmethod
    def between(root: Any, precision: Any) -> Any:
        half = (root[:, :, None, None] * precision[:, None]).sum(axis=0)  # sums, because not everybody has BLAS
        return (half[:, :, None] * root[None, :, :, None]).sum(axis=1)

    @staticmethod
    def log_determinant(root: Any) -> Any:
        return pt.log(pt.diagonal(root)).sum()


type Covariance = type[Independent] | type[Correlated]


class PersonTransform(Transform):
    """People (row, person) relative to their own answers; of a distribution with parameters m, S, P and P t."""

    name = "relative"

    def __init__(self, form: Covariance) -> None:
        self.form = form

    def told(self, *inputs: Any) -> tuple[Any, Any]:
        """Precision (row, row, person) of y given the group, and its product with the mean (row, person)."""
        *_, middle, root, precision, pull = inputs
        apart = pull - (precision * middle[None]).sum(axis=1)
        turned = pt.specify_shape(self.form.turned(root, apart), pull.type.shape)
        return self.form.between(root, precision) + pt.eye(pull.shape[0])[:, :, None], turned

    def forward(self, value: Any, *inputs: Any) -> Any:
        *_, middle, root, _, _ = inputs
        precision, pull = self.told(*inputs)
        factor = pt.linalg.cholesky(precision.transpose(2, 0, 1))
        mean = pt.linalg.solve_triangular(factor, pull.T[:, :, None], lower=True, b_ndim=2)[:, :, 0].T
        return (factor.transpose(1, 2, 0) * self.form.over(root, value - middle)[:, None]).sum(axis=0) - mean

    def backward(self, value: Any, *inputs: Any) -> Any:
        *_, middle, root, _, _ = inputs
        place, _ = unwhiten(*self.told(*inputs), value)
        return pt.specify_shape(middle + self.form.times(root, place), value.type.shape)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        *_, root, _, _ = inputs
        _, log_determinant = unwhiten(*self.told(*inputs), value)
        return value.shape[1] * self.form.log_determinant(root) - log_determinant.sum()


def group_log_density(form: Covariance, people: Any, middle: Any, root: Any) -> Any:
    """Log density (person,) of people (row, person) around their group."""
    y = form.over(root, people - middle)
    return -((y**2).sum(axis=0) + people.shape[0] * np.log(2.0 * np.pi)) / 2.0 - form.log_determinant(root)


def pseudo_prior_logp(form: Covariance, people: Any, middle: Any, root: Any, precision: Any, pull: Any) -> Any:
    """Log density (person,) of what the sampler takes people (row, person) for: where z is standard normal."""
    inner, apart = PersonTransform(form).told(middle, root, precision, pull)
    mean, log_determinant = unwhiten(inner, apart, pt.zeros_like(apart))
    away = form.over(root, people - middle) - mean
    squares = (inner * away[:, None] * away[None]).sum(axis=(0, 1))
    constant = people.shape[0] * np.log(2.0 * np.pi) / 2.0 + form.log_determinant(root)
    return log_determinant - squares / 2.0 - constant


def declare_people(name: str, form: Covariance, *parameters: Any, dims: tuple[str, str]) -> Any:
    """Declare people (row, person) around a group: parameters m (row, person), S, P (row, row, person) and P t."""

    def logp(value: Any, middle: Any, root: Any, *_: Any) -> Any:
        return group_log_density(form, value, middle, root).sum()

    def random(middle: Any, root: Any, *_: Any, rng: np.random.Generator, size: Any) -> np.ndarray:
        y = rng.normal(size=middle.shape)
        return np.asarray(middle + (root * y if root.shape[1] == 1 else root @ y))

    relative = PersonTransform(form)
    return pm.CustomDist(
        name,
        *parameters,
        logp=logp,
        random=random,
        support_point=lambda _, __, middle, *more: relative.backward(pt.zeros_like(middle), middle, *more),
        signature="(r,n),(r,k),(r,r,n),(r,n)->(r,n)",
        dims=dims,
        default_transform=relative,
    )
