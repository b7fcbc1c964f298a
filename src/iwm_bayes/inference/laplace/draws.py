"""From the Gaussians of group and people to the variables of a posterior, under the names that every fit has."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, pack, person_sds
from iwm_bayes.inference.posterior import by_parameter

type NamedDraws = dict[str, tuple[tuple[str, ...], np.ndarray]]  # dims of one draw, and values (draw, ...)


def split_group(like: Group, vectors: np.ndarray) -> tuple[np.ndarray, ...]:
    """Groups as vectors (S, packed) to beta, spread, between and shared, (S, ...) each."""
    beta, spread, between, shared = np.split(vectors, np.cumsum([len(part) for part in like])[:-1], axis=1)
    return beta, np.exp(spread), np.exp(between), shared


def name_draws(shape: LinearPopulation, like: Group, vectors: np.ndarray) -> NamedDraws:
    """Groups as vectors (S, packed) by the names of a posterior; what a study has none of is left out."""
    beta, spread, between, shared = split_group(like, vectors)
    names = shape.names
    many = {name: len(names.get(name, [])) for name in ("parameter_partial", "coefficient", "group_level")}
    mu, coefficients, u = np.split(beta, np.cumsum(list(many.values()))[:-1], axis=1)
    by_label = dict(zip(names["parameter_partial"], mu.T, strict=True))
    by_label |= dict(zip([name for name in names["parameter"] if name not in by_label], shared.T, strict=True))
    ordered = [by_label[name] for name in names["parameter"]]
    found: NamedDraws = {
        "mu": (("parameter",), np.array(ordered).reshape(len(ordered), len(vectors)).T),
        "sigma": (("parameter_partial",), spread),
        "beta": (("coefficient",), coefficients),
        "sigma_u": (("group",), between),
        "u": (("group_level",), u),
    }
    return {name: (dims, value) for name, (dims, value) in found.items() if value.shape[1]}


def draws_to_dataset(shape: LinearPopulation, found: NamedDraws, sizes: Mapping[str, int]) -> xr.Dataset:
    """Named values with their draws laid along the dims of `sizes`."""
    laid = {
        name: ((*sizes, *dims), value.reshape(*sizes.values(), *value.shape[1:]))
        for name, (dims, value) in found.items()
    }
    dims = {dim for several, _ in found.values() for dim in several}
    return by_parameter(xr.Dataset(laid, {dim: shape.names[dim] for dim in dims}), shape.names)


def draw_group(group: Group, covariance: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.random.Generator]:
    """Draws of the group as vectors (S, packed), and the generator of what is drawn after them."""
    generator = np.random.default_rng(settings.random_seed)
    count = settings.chains * settings.draws
    return generator.multivariate_normal(pack(group), covariance, count, method="eigh"), generator


def group_posterior(shape: LinearPopulation, group: Group, covariance: np.ndarray, settings: Settings) -> xr.Dataset:
    """Draws from the Gaussian of the group alone as a posterior (chain, draw, ...)."""
    vectors, _ = draw_group(group, covariance, settings)
    return draws_to_dataset(
        shape, name_draws(shape, group, vectors), {"chain": 1, "draw": settings.chains * settings.draws}
    )


def person_posterior(
    shape: LinearPopulation,
    group: Group,
    covariance: np.ndarray,
    x: np.ndarray,
    variance: np.ndarray,
    settings: Settings,
) -> xr.Dataset:
    """Draws from the Gaussians of group and people as a posterior (chain, draw, ...); people follow their centres."""
    vectors, generator = draw_group(group, covariance, settings)
    follows = variance / person_sds(shape, group) ** 2  # (N, D, D): how far a mode moves with its centre
    shift = np.einsum("dnk,sk->sdn", shape.design, split_group(group, vectors)[0] - group.beta)
    own = np.einsum("nde,sen->sdn", follows, shift)
    around = np.einsum("nde,sen->sdn", np.linalg.cholesky(variance), generator.normal(size=(len(vectors), *x.shape)))
    found = name_draws(shape, group, vectors)
    if len(x):
        found["theta"] = (("parameter_person", "person"), x + own + around)
    return draws_to_dataset(shape, found, {"chain": 1, "draw": settings.chains * settings.draws})
