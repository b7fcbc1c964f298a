"""Leave-one-person-out cross-validation: the log predictive density of each person under a fit to all others.

The marginal likelihood of a person's responses y, given a draw phi of the population, integrates their own parameters
theta out:

    p(y | phi) = integral of p(y | theta) p(theta | phi) dtheta

Importance sampling computes it. The proposal multiplies the population by a Gaussian pseudo-likelihood of the person:
their posterior divided by the population, or where theta is long, the curvature of their likelihood. Weights
1 / p(y | phi), smoothed by PSIS, turn draws of the fit to everyone into draws of a fit to all others. This leaves out a
*person*, not a response. Where one person has too much influence on the population, Pareto's k shows it. Vehtari,
Gelman & Gabry (2017), doi:10.1007/s11222-016-9696-4; on integrating before leaving out: Merkle, Furr & Rabe-Hesketh
(2019), doi:10.1007/s11336-019-09679-0.
"""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from scipy.special import logsumexp

from iwm_bayes.comparison.draws import (
    PosteriorArrays,
    PseudoLikelihood,
    parameter_matrix,
    person_log_density,
    posterior_arrays,
)
from iwm_bayes.comparison.pointwise import PointwiseLikelihood, log_likelihood_by_person, pointwise_likelihood
from iwm_bayes.lazy import lazy_module
from iwm_bayes.simulation.draws import thin_draws
from iwm_bayes.types import ModelSpec

stats = lazy_module("scipy.stats")

T_DEGREES_OF_FREEDOM = 7.0  # of the proposal, a t distribution: its tails exceed those of any person's posterior
MANY_DIMENSIONS = 20  # beyond which the proposal is nearly Gaussian
N_NODES = 60  # importance nodes per person and draw of the population
ROUNDING_RANGE = 1e-12  # a log density that varies by less varies by rounding only


class LeftOutPeople(NamedTuple):
    """Log predictive densities of some people under a fit to all others, by draw (S) and person (n)."""

    posterior: PosteriorArrays
    people: np.ndarray  # (n,) indices of these people
    log_p: np.ndarray  # (S, n) log marginal likelihood of their responses
    log_weight: np.ndarray  # (S, n) of each draw without that person; the weights sum to 1 over draws
    pareto_k: np.ndarray  # (n,) of the weights; 0 where the fit was without these people
    variance: np.ndarray  # (n,) Monte Carlo variance of the ELPD

    @property
    def elpd(self) -> np.ndarray:
        """Return each person's log predictive density under a fit to all others, (n,): their log evidence."""
        return logsumexp(self.log_p + self.log_weight, axis=0)


def select_people(left_out: LeftOutPeople, which: np.ndarray) -> LeftOutPeople:
    """Select some of these people, by a mask or by indices."""
    return LeftOutPeople(left_out.posterior, *(leaf[..., which] for leaf in left_out[1:]))


def person_pseudo_likelihood(theta: np.ndarray, mean: np.ndarray, cholesky: np.ndarray) -> PseudoLikelihood:
    """Divide the posterior of people, draws `theta` (S, D, n), by their population (see `draws.PosteriorArrays`)."""
    prior_mean = mean.mean(axis=0).T  # (n, D)
    covariance = np.einsum("sde,sfe->df", cholesky, cholesky) / len(cholesky)
    between_draws = np.array([np.atleast_2d(np.cov(draws.T)) for draws in np.moveaxis(mean, 2, 0)])
    whitening = np.linalg.cholesky(np.linalg.inv(covariance + between_draws))
    posterior = np.array([np.atleast_2d(np.cov(draws.T)) for draws in np.moveaxis(theta, 2, 0)])
    remaining, rotation = np.linalg.eigh(whitening.swapaxes(1, 2) @ posterior @ whitening)
    axes = whitening @ rotation  # (n, D, direction)
    shift = np.einsum("nda,nd->na", axes, theta.mean(axis=0).T - prior_mean)
    informed = remaining < 1.0  # directions in which the posterior is narrower than the population
    gained = np.where(informed, 1.0 / remaining - 1.0, 0.0)
    precision = np.einsum("nda,na,nea->nde", axes, gained, axes)
    from_shift = np.einsum("nda,na->nd", axes, np.where(informed, shift / remaining, 0.0))
    return PseudoLikelihood(precision, from_shift + np.einsum("nde,ne->nd", precision, prior_mean))


def pseudo_likelihood_of(own: PosteriorArrays, populations: PosteriorArrays, people: np.ndarray) -> PseudoLikelihood:
    """Return the pseudo-likelihood of `people` (n,) from a fit that has their responses, for nodes of `populations`."""
    if own.likelihood is not None:
        return PseudoLikelihood(*(leaf[people] for leaf in own.likelihood))
    return person_pseudo_likelihood(own.theta[:, :, people], populations.mean[:, :, people], populations.cholesky)


def standard_t(size: int) -> Any:
    """Return the standard t distribution of nodes (size,).

    In many dimensions, a t with few degrees of freedom lies nearly always too far out, or too near.
    """
    degrees = T_DEGREES_OF_FREEDOM if size <= MANY_DIMENSIONS else float(size)
    return stats.multivariate_t(shape=np.eye(size), df=degrees)


def importance_nodes(
    pseudo_likelihood: PseudoLikelihood, mean: np.ndarray, cholesky: np.ndarray, standard_nodes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return importance nodes (node, D, n) of people of one population, and their log proposal density (node, n).

    `mean` (D, n) and `cholesky` (D, D) are the population's; `standard_nodes` (node, n, D) are of a standard t.
    """
    population_precision = np.linalg.inv(cholesky @ cholesky.T)
    covariance = np.linalg.inv(pseudo_likelihood.precision + population_precision)
    centre = np.einsum("nde,ne->nd", covariance, pseudo_likelihood.information + mean.T @ population_precision)
    root = np.linalg.cholesky(covariance)
    theta = centre + np.einsum("nde,cne->cnd", root, standard_nodes)
    log_q = standard_t(len(mean)).logpdf(standard_nodes).reshape(standard_nodes.shape[:2])
    return theta.swapaxes(1, 2), log_q - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)


def log_likelihood_at(
    posterior: PosteriorArrays,
    likelihood: PointwiseLikelihood,
    theta: np.ndarray,
    complete: np.ndarray,
    people: np.ndarray,
) -> np.ndarray:
    """Compute the log likelihood of people at `theta` (M, D, n) and completely pooled values (R,), (M, n)."""
    count, size, n_people = theta.shape
    matrix = parameter_matrix(posterior, theta.swapaxes(0, 1).reshape(size, count * n_people), complete[:, None])
    return log_likelihood_by_person(likelihood, matrix, np.tile(people, count)).reshape(count, n_people)


class MarginalLikelihood(NamedTuple):
    """Log p(y | phi) of people, (S, n), and the variance of their ELPD by the choice of nodes, (n,)."""

    log_p: np.ndarray
    variance_of_inverse: np.ndarray  # where 1 / p is averaged over draws: all draws contribute the same
    variance_of_mean: np.ndarray  # where p is averaged over draws: a draw contributes in proportion to p


def relative_variance(share: np.ndarray) -> np.ndarray:
    """Compute the relative variance of a mean over nodes, (n,), from each node's share of the sum, (node, n)."""
    return (share**2).sum(axis=0) - 1.0 / len(share)


def marginal_likelihood(
    posterior: PosteriorArrays,
    own: PosteriorArrays,
    likelihood: PointwiseLikelihood,
    people: np.ndarray,
    generator: np.random.Generator,
) -> MarginalLikelihood:
    """Integrate the parameters of `people` out; `own` is a fit that has their responses."""
    size, count = posterior.theta.shape[1], len(people)
    if not size:  # no parameter is person-level
        no_theta = np.zeros((1, 0, count))
        whole = [log_likelihood_at(posterior, likelihood, no_theta, own, people)[0] for own in posterior.complete]
        return MarginalLikelihood(np.array(whole), np.zeros(count), np.zeros(count))
    means = posterior.mean[:, :, people]
    pseudo_likelihood = pseudo_likelihood_of(own, posterior, people)
    standard_nodes = standard_t(size).rvs((N_NODES, count), random_state=generator).reshape(N_NODES, count, size)
    log_p, share, log_sum = [], np.zeros((N_NODES, count)), np.full((N_NODES, count), -np.inf)
    for complete, mean, cholesky in zip(posterior.complete, means, posterior.cholesky, strict=True):
        nodes, log_q = importance_nodes(pseudo_likelihood, mean, cholesky, standard_nodes)
        log_density = log_likelihood_at(posterior, likelihood, nodes, complete, people)
        log_weight = log_density + person_log_density(nodes, mean, cholesky) - log_q
        total = logsumexp(log_weight, axis=0)
        log_p.append(total - np.log(N_NODES))
        share += np.exp(log_weight - total) / len(posterior.complete)
        log_sum = np.logaddexp(log_sum, log_weight)
    share_of_mean = np.exp(log_sum - logsumexp(log_sum, axis=0))
    return MarginalLikelihood(np.array(log_p), relative_variance(share), relative_variance(share_of_mean))


def person_log_likelihood(model: ModelSpec, fit: xr.DataTree, draws: int, seed: int) -> xr.DataArray:
    """Compute each person's log likelihood with their own parameters integrated out, at draws of the population.

    It is what `leave_one_person_out` weighs. As a variable of its own group, `az.loo` of it leaves out people.

    Parameters
    ----------
    draws
        About as many draws of the fit, evenly spaced within each chain.
    seed
        Of the importance nodes.

    Returns
    -------
    xarray.DataArray
        (chain, draw, person), with the coordinates of the draws that are used.
    """
    data, posterior = fit["constant_data"].to_dataset(), posterior_arrays(model, fit, draws)
    people, generator = np.arange(data.sizes["person"]), np.random.default_rng(seed)
    likelihood = pointwise_likelihood(model, data)
    marginal = marginal_likelihood(posterior, posterior, likelihood, people, generator)
    kept = thin_draws(fit["unconstrained_posterior"].to_dataset(), draws)
    coordinates = {"chain": kept["chain"].values, "draw": kept["draw"].values, "person": data["person"].values}
    by_chain = marginal.log_p.reshape(kept.sizes["chain"], kept.sizes["draw"], len(people))
    return xr.DataArray(by_chain, coordinates, ("chain", "draw", "person"), name="log_likelihood_person")


def psis_weights(log_p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return smoothed log weights (S, n) that turn a fit to everyone into a fit to all others, and Pareto's k (n,).

    Where `log_p` is the same in every draw, all draws get the same weight, and there is no tail (k = 0).
    """
    log_weight, pareto_k = np.full_like(log_p, -np.log(len(log_p))), np.zeros(log_p.shape[1])
    [varying] = np.nonzero(np.ptp(log_p, axis=0) > ROUNDING_RANGE)
    if len(varying):
        import arviz  # noqa: F401  # registers `DataArray.azstats`, ArviZ's only access to PSIS weights

        columns = xr.DataArray(log_p[:, varying], dims=("sample", "person"))
        smoothed, tails = columns.azstats.psislw(dim="sample")
        unnormalised = smoothed.transpose("sample", "person").values
        log_weight[:, varying] = unnormalised - logsumexp(unnormalised, axis=0)
        pareto_k[varying] = tails.values
    return log_weight, pareto_k


def mcse_variance(log_weight: np.ndarray) -> np.ndarray:
    """Compute the Monte Carlo variance of a leave-one-out ELPD, from weights (S, ...) that are 1 / density."""
    return np.exp(2.0 * log_weight).sum(axis=0) - 1.0 / len(log_weight)


def leave_one_person_out(posterior: PosteriorArrays, likelihood: PointwiseLikelihood, seed: int) -> LeftOutPeople:
    """Estimate every person's ELPD under a fit to all others, by importance weights, from one fit to everyone."""
    people = np.arange(posterior.theta.shape[2])
    marginal = marginal_likelihood(posterior, posterior, likelihood, people, np.random.default_rng(seed))
    log_weight, pareto_k = psis_weights(marginal.log_p)
    variance = marginal.variance_of_inverse + mcse_variance(log_weight)
    return LeftOutPeople(posterior, people, marginal.log_p, log_weight, pareto_k, variance)


def leave_out_by_refit(
    posterior: PosteriorArrays,
    refit: PosteriorArrays,
    likelihood: PointwiseLikelihood,
    people: np.ndarray,
    seed: int,
) -> LeftOutPeople:
    """Estimate the ELPD of `people` (n,) from a refit without their responses; `posterior` is a fit with them."""
    generator = np.random.default_rng(seed)
    log_p, _, variance = marginal_likelihood(refit, posterior, likelihood, people, generator)
    relative = np.exp(log_p - log_p.max(axis=0))
    variance = variance + relative.var(axis=0) / relative.mean(axis=0) ** 2 / len(log_p)
    equal_weight = np.full_like(log_p, -np.log(len(log_p)))
    return LeftOutPeople(refit, people, log_p, equal_weight, np.zeros(len(people)), variance)
