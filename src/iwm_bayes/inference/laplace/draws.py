"""Draws from the Gaussians of group and people, by the variables that every posterior has.

Shapes as in `hierarchy`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from iwm_bayes.inference.base import Settings
from iwm_bayes.inference.laplace.hierarchy import Group, LinearPopulation, pack, person_means, person_sds
from iwm_bayes.inference.laplace.person_posteriors import PersonGaussians
from iwm_bayes.inference.laplace.sd_margins import with_sd_margins
from iwm_bayes.inference.posterior import by_parameter

type NamedDraws = dict[str, tuple[tuple[str, ...], np.ndarray]]  # dims of one draw, and values (draw, ...)


def split_group(like: Group, vectors: np.ndarray) -> tuple[np.ndarray, ...]:
    """Split groups as vectors (draw, packed) into beta, sigma, sigma_u and complete, (draw, ...) each."""
    lengths = [len(part) for part in like]
    beta, log_sigma, log_sigma_u, complete = np.split(vectors, np.cumsum(lengths)[:-1], axis=1)
    return beta, np.exp(log_sigma), np.exp(log_sigma_u), complete


def name_draws(population: LinearPopulation, like: Group, vectors: np.ndarray) -> NamedDraws:
    """Return groups as vectors (draw, packed) by the variables of a posterior, without those that are empty."""
    stacked, sigma, sigma_u, complete = split_group(like, vectors)
    names = population.names
    lengths = [len(names.get(dim, [])) for dim in ("parameter_partial", "coefficient", "group_level")]
    mu, beta, u = np.split(stacked, np.cumsum(lengths)[:-1], axis=1)
    by_label = dict(zip(names["parameter_partial"], mu.T, strict=True))
    by_label |= dict(zip([name for name in names["parameter"] if name not in by_label], complete.T, strict=True))
    ordered = [by_label[name] for name in names["parameter"]]
    draws: NamedDraws = {
        "mu": (("parameter",), np.array(ordered).reshape(len(ordered), len(vectors)).T),
        "sigma": (("parameter_partial",), sigma),
        "beta": (("coefficient",), beta),
        "sigma_u": (("group",), sigma_u),
        "u": (("group_level",), u),
    }
    return {name: (dims, values) for name, (dims, values) in draws.items() if values.shape[1]}


def draws_to_dataset(population: LinearPopulation, draws: NamedDraws, sizes: Mapping[str, int]) -> xr.Dataset:
    """Return named draws as a Dataset; the draws are laid out along the dims of `sizes`."""
    variables = {
        name: ((*sizes, *dims), values.reshape(*sizes.values(), *values.shape[1:]))
        for name, (dims, values) in draws.items()
    }
    used = {dim for dims, _ in draws.values() for dim in dims}
    return by_parameter(xr.Dataset(variables, {dim: population.names[dim] for dim in used}), population.names)


def draw_group(
    population: LinearPopulation, group: Group, covariance: np.ndarray, settings: Settings
) -> tuple[np.ndarray, np.random.Generator]:
    """Draw the group as vectors (draw, packed); return the generator too, for what is drawn next."""
    generator = np.random.default_rng(settings.random_seed)
    count = settings.chains * settings.draws
    vectors = generator.multivariate_normal(pack(group), covariance, count, method="eigh")
    return with_sd_margins(population, group, covariance, vectors), generator


def group_posterior(
    population: LinearPopulation, group: Group, covariance: np.ndarray, settings: Settings
) -> xr.Dataset:
    """Draw from the posterior of the group, without people: a posterior (chain, draw, ...)."""
    vectors, _ = draw_group(population, group, covariance, settings)
    sizes = {"chain": 1, "draw": settings.chains * settings.draws}
    return draws_to_dataset(population, name_draws(population, group, vectors), sizes)


class Spread(NamedTuple):
    """By what people change where the between-person SDs are other ones, (draw, D, N) each."""

    distance: np.ndarray  # multiplies distances from the group, variances, and what follows from the likelihood
    group_share: np.ndarray  # multiplies the share of the group in what is known of a person


def spread_with_sigma(population: LinearPopulation, group: Group, covariance: np.ndarray, sigma: np.ndarray) -> Spread:
    """Return how people spread with the between-person SDs of draws, `sigma` (draw, P).

    Let s = variance / sigma^2 be the share of the group in what is known of a person. With r sigma^2 in place of
    sigma^2, the share is multiplied by 1 / (s + (1 - s) r), and the distance of the mean from the group and the
    variance by r times that. This is exact for a Gaussian model with one parameter.
    """
    ratio = np.ones((len(sigma), len(population.own), 1))  # parameters without pooling have no sigma
    ratio[:, : sigma.shape[1], 0] = (sigma / group.sigma) ** 2
    variance = np.diagonal(covariance, axis1=1, axis2=2).T
    share = np.minimum(variance / person_sds(population, group)[:, None] ** 2, 1.0)
    group_share = 1.0 / (share + (1.0 - share) * ratio)
    return Spread(ratio * group_share, group_share)


def people_in_draws(
    population: LinearPopulation,
    group: Group,
    people: PersonGaussians,
    share_of_complete: np.ndarray,
    vectors: np.ndarray,
    noise: np.ndarray,
) -> np.ndarray:
    """Return people's parameters in draws of the group, (draw, D, N), from standard normal `noise` of that shape.

    People move with the group as far as it determines them: with means and effects, with between-person SDs, and with
    completely pooled parameters by `share_of_complete` (D, N, S). `vectors` are (draw, packed).
    """
    beta, sigma, _, complete = split_group(group, vectors)
    spread, centre = (
        spread_with_sigma(population, group, people.covariance, sigma),
        person_means(population, group.beta),
    )
    group_share = people.covariance / person_sds(population, group) ** 2  # (N, D, D)
    shift = np.einsum("dnk,sk->sdn", population.design, beta - group.beta)
    with_group = spread.group_share * np.einsum("nde,sen->sdn", group_share, shift)
    with_complete = spread.distance * np.einsum("dns,xs->xdn", share_of_complete, complete - group.complete)
    deviation = np.einsum("nde,sen->sdn", np.linalg.cholesky(people.covariance), noise)
    own = spread.distance * (people.mean - centre) + np.sqrt(spread.distance) * deviation
    return np.asarray(centre + own + with_group + with_complete)


def person_posterior(
    population: LinearPopulation,
    group: Group,
    group_covariance: np.ndarray,
    people: PersonGaussians,
    share_of_complete: np.ndarray,
    settings: Settings,
) -> xr.Dataset:
    """Draw from the Gaussians of the group and of people: a posterior (chain, draw, ...)."""
    vectors, generator = draw_group(population, group, group_covariance, settings)
    noise = generator.normal(size=(len(vectors), *people.mean.shape))
    draws = name_draws(population, group, vectors)
    if len(people.mean):
        theta = people_in_draws(population, group, people, share_of_complete, vectors, noise)
        draws["theta"] = (("parameter_person", "person"), theta)
    return draws_to_dataset(population, draws, {"chain": 1, "draw": settings.chains * settings.draws})
