"""From the Gaussians of group and people to the variables of a posterior, under the names that every fit has."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.laplace.hierarchy import Crowd, Group, packed, scales

type Named = dict[str, tuple[tuple[str, ...], np.ndarray]]  # dims of one draw, and values (draw, ...)


def parts(like: Group, vectors: np.ndarray) -> tuple[np.ndarray, ...]:
    """Groups as vectors (S, packed) to beta, spread, between and shared, (S, ...) each."""
    beta, spread, between, shared = np.split(vectors, np.cumsum([len(part) for part in like])[:-1], axis=1)
    return beta, np.exp(spread), np.exp(between), shared


def named(shape: Crowd, like: Group, vectors: np.ndarray) -> Named:
    """Groups as vectors (S, packed) by the names of a posterior; what a study has none of is left out."""
    beta, spread, between, shared = parts(like, vectors)
    names = shape.names
    many = {name: len(names.get(name, [])) for name in ("partial", "term", "member")}
    centre, effect, deviation = np.split(beta, np.cumsum(list(many.values()))[:-1], axis=1)
    by_row = dict(zip(names["partial"], centre.T, strict=True))
    by_row |= dict(zip([name for name in names["row"] if name not in by_row], shared.T, strict=True))
    rows = np.array([by_row[name] for name in names["row"]]).reshape(len(names["row"]), len(vectors)).T
    found: Named = {
        "centre": (("row",), rows),
        "spread": (("partial",), spread),
        "effect": (("term",), effect),
        "group_spread": (("grouping",), between),
        "deviation": (("member",), deviation),
    }
    return {name: (dims, value) for name, (dims, value) in found.items() if value.shape[1]}


def dataset(shape: Crowd, found: Named, sizes: Mapping[str, int]) -> xr.Dataset:
    """Named values with their draws laid along the dims of `sizes`."""
    laid = {
        name: ((*sizes, *dims), value.reshape(*sizes.values(), *value.shape[1:]))
        for name, (dims, value) in found.items()
    }
    dims = {dim for several, _ in found.values() for dim in several}
    return xr.Dataset(laid, {dim: shape.names[dim] for dim in dims})


def drawn(group: Group, covariance: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.random.Generator]:
    """Draws of the group as vectors (S, packed), and the generator of what is drawn after them."""
    generator = np.random.default_rng(settings.seed)
    count = settings.chains * settings.draws
    return generator.multivariate_normal(packed(group), covariance, count, method="eigh"), generator


def group_draws(shape: Crowd, group: Group, covariance: np.ndarray, settings: Settings) -> xr.Dataset:
    """Draws from the Gaussian of the group alone as a posterior (chain, draw, ...)."""
    vectors, _ = drawn(group, covariance, settings)
    return dataset(shape, named(shape, group, vectors), {"chain": 1, "draw": settings.chains * settings.draws})


def draws_of(
    shape: Crowd, group: Group, covariance: np.ndarray, x: np.ndarray, variance: np.ndarray, settings: Settings
) -> xr.Dataset:
    """Draws from the Gaussians of group and people as a posterior (chain, draw, ...); people follow their centres."""
    vectors, generator = drawn(group, covariance, settings)
    follows = variance / scales(shape, group) ** 2  # (N, D, D): how far a mode moves with its centre
    shift = np.einsum("dnk,sk->sdn", shape.design, parts(group, vectors)[0] - group.beta)
    own = np.einsum("nde,sen->sdn", follows, shift)
    around = np.einsum("nde,sen->sdn", np.linalg.cholesky(variance), generator.normal(size=(len(vectors), *x.shape)))
    found = named(shape, group, vectors)
    if len(x):
        found["level"] = (("personal", "person"), x + own + around)
    return dataset(shape, found, {"chain": 1, "draw": settings.chains * settings.draws})
