"""What is known of each person by someone who knows all others.

The probability of a person's answers, their own parameters x integrated out, given a draw theta of the population:

    p(y | theta) = integral of p(y | x, theta) p(x | theta) dx

by importance sampling around where each population lets a person be who answered so: what their answers say is what is
believed of them less what the population says, as Gaussians. Draws of a fit to everyone become draws of a fit to all
others with weights 1 / p(y | theta), smoothed: leaving out a *person*, not an answer. Where one person says too much
of the population, Pareto's k says so. Vehtari, Gelman & Gabry (2017), doi:10.1007/s11222-016-9696-4; on integrating
before leaving out: Merkle, Furr & Rabe-Hesketh (2019), doi:10.1007/s11336-019-09679-0.
"""

from typing import NamedTuple

import arviz  # noqa: F401  # registers `DataArray.azstats`, through which alone ArviZ offers PSIS weights
import numpy as np
import xarray as xr
from scipy.special import logsumexp
from scipy.stats import multivariate_t

from iwm_bayes.comparison.draws import PosteriorArrays, parameter_matrix, person_log_density
from iwm_bayes.comparison.pointwise import PointwiseLikelihood, log_likelihood_by_person

T_DEGREES_OF_FREEDOM = 7.0  # of the t distribution that nodes are drawn from: tails beyond what is believed of anyone
N_NODES = 60  # per person and draw of the population
ROUNDING_RANGE = 1e-12  # range of a log density that is rounding


class LeftOutPeople(NamedTuple):
    """Some people's answers as seen from a fit to all others, by draw (S) and person (n)."""

    at: PosteriorArrays
    who: np.ndarray  # (n,) which people
    log_p: np.ndarray  # (S, n) log probability of what they answered
    log_weight: np.ndarray  # (S, n) of each draw without that person; sums to 1 over draws
    k: np.ndarray  # (n,) Pareto's k of the weights; 0 where the fit was without them
    variance: np.ndarray  # (n,) of the log score, by simulation

    @property
    def score(self) -> np.ndarray:
        """Log probability of their answers to a fit to all others, (n,): each person's log evidence."""
        return logsumexp(self.log_p + self.log_weight, axis=0)


def select_people(seen: LeftOutPeople, which: np.ndarray) -> LeftOutPeople:
    """Some of those people, by a mask or indices."""
    return LeftOutPeople(seen.at, *(leaf[..., which] for leaf in seen[1:]))


class PseudoLikelihood(NamedTuple):
    """What a person's answers say of that person, as a Gaussian likelihood: n of them, in so many rows D."""

    precision: np.ndarray  # (n, D, D), 0 in directions of which nothing is said
    information: np.ndarray  # (n, D), precision times the place that is said


def person_pseudo_likelihood(believed: np.ndarray, centre: np.ndarray, root: np.ndarray) -> PseudoLikelihood:
    """What is believed of people, draws (S, D, n), less what their population (`sampled.Sampled`) says of them."""
    around = centre.mean(axis=0).T  # (n, D)
    population = np.einsum("sde,sfe->df", root, root) / len(root)
    whole = np.linalg.inv(population + np.array([np.atleast_2d(np.cov(own.T)) for own in np.moveaxis(centre, 2, 0)]))
    scale = np.linalg.cholesky(whole)  # of the population's precision: x scale is white
    own = np.array([np.atleast_2d(np.cov(draws.T)) for draws in np.moveaxis(believed, 2, 0)])
    left, turned = np.linalg.eigh(scale.swapaxes(1, 2) @ own @ scale)
    axes = scale @ turned  # (n, D, direction)
    apart = np.einsum("nda,nd->na", axes, believed.mean(axis=0).T - around)
    informed = left < 1.0
    gained = np.where(informed, 1.0 / left - 1.0, 0.0)
    precision = np.einsum("nda,na,nea->nde", axes, gained, axes)
    moved = np.einsum("nda,na->nd", axes, np.where(informed, apart / left, 0.0))
    return PseudoLikelihood(precision, moved + np.einsum("nde,ne->nd", precision, around))


def importance_nodes(
    said: PseudoLikelihood, centre: np.ndarray, root: np.ndarray, spots: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places (count, D, n) around where people of one population who answered so must be, and their log density.

    `centre` (D, n) and `root` (D, D) are the population's; `spots` (count, n, D) are of a standard t distribution.
    """
    of_population = np.linalg.inv(root @ root.T)
    spread = np.linalg.inv(said.precision + of_population)
    middle = np.einsum("nde,ne->nd", spread, said.information + centre.T @ of_population)
    lower = np.linalg.cholesky(spread)
    x = middle + np.einsum("nde,cne->cnd", lower, spots)
    log_q = multivariate_t(shape=np.eye(len(centre)), df=T_DEGREES_OF_FREEDOM).logpdf(spots).reshape(spots.shape[:2])
    return x.swapaxes(1, 2), log_q - np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)


def log_likelihood_at(
    at: PosteriorArrays, ready: PointwiseLikelihood, x: np.ndarray, shared: np.ndarray, who: np.ndarray
) -> np.ndarray:
    """Log likelihood of people at `x` (M, D, n) where what is shared is `shared` (R,), (M, n)."""
    count, rows, people = x.shape
    level = parameter_matrix(at, x.swapaxes(0, 1).reshape(rows, count * people), shared[:, None])
    return log_likelihood_by_person(ready, level, np.tile(who, count)).reshape(count, people)


class MarginalLikelihood(NamedTuple):
    """Log p(y | theta) of people (S, n), and the variance (n,) of their score by the choice of nodes."""

    log_p: np.ndarray
    alike: np.ndarray  # where 1 / p is averaged over draws: all draws carry the same of the score
    by_density: np.ndarray  # where p is: a draw carries as much as the answers are probable to it


def relative_variance(share: np.ndarray) -> np.ndarray:
    """Relative variance (n,) of a mean over nodes, of whose sum each carries a `share` (node, n)."""
    return (share**2).sum(axis=0) - 1.0 / len(share)


def marginal_likelihood(
    at: PosteriorArrays,
    believed: np.ndarray,
    ready: PointwiseLikelihood,
    who: np.ndarray,
    generator: np.random.Generator,
) -> MarginalLikelihood:
    """Everyone's own parameters integrated out; `believed` (draw, D, n) is what is believed, their answers known."""
    rows, people = believed.shape[1:]
    if not rows:  # nobody has anything of their own
        whole = [log_likelihood_at(at, ready, np.zeros((1, 0, people)), shared, who)[0] for shared in at.shared]
        return MarginalLikelihood(np.array(whole), np.zeros(people), np.zeros(people))
    said = person_pseudo_likelihood(believed, at.centre[:, :, who], at.root)
    spots = multivariate_t(shape=np.eye(rows), df=T_DEGREES_OF_FREEDOM).rvs((N_NODES, people), random_state=generator)
    spots = spots.reshape(N_NODES, people, rows)
    found, share, carried = [], np.zeros((N_NODES, people)), np.full((N_NODES, people), -np.inf)
    for shared, centre, root in zip(at.shared, at.centre[:, :, who], at.root, strict=True):
        x, log_q = importance_nodes(said, centre, root, spots)
        weight = log_likelihood_at(at, ready, x, shared, who) + person_log_density(x, centre, root) - log_q
        total = logsumexp(weight, axis=0)
        found.append(total - np.log(N_NODES))
        share += np.exp(weight - total) / len(at.shared)
        carried = np.logaddexp(carried, weight)
    by_density = np.exp(carried - logsumexp(carried, axis=0))
    return MarginalLikelihood(np.array(found), relative_variance(share), relative_variance(by_density))


def psis_weights(log_p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log weights (S, n) of draws that turn a fit to everyone into one to all others, and Pareto's k (n,).

    What is as probable in every draw tells nothing of them: they weigh the same, and have no tail (k = 0).
    """
    weight, k = np.full_like(log_p, -np.log(len(log_p))), np.zeros(log_p.shape[1])
    [told] = np.nonzero(np.ptp(log_p, axis=0) > ROUNDING_RANGE)
    if len(told):
        smoothed, tails = xr.DataArray(log_p[:, told], dims=("sample", "person")).azstats.psislw(dim="sample")
        found = smoothed.transpose("sample", "person").values
        weight[:, told], k[told] = found - logsumexp(found, axis=0), tails.values
    return weight, k


def mcse_variance(log_weight: np.ndarray) -> np.ndarray:
    """Variance of a leave-one-out score by simulation, from weights (S, ...) that are 1 / density."""
    return np.exp(2.0 * log_weight).sum(axis=0) - 1.0 / len(log_weight)


def leave_one_person_out(at: PosteriorArrays, ready: PointwiseLikelihood, seed: int) -> LeftOutPeople:
    """Everyone as seen by a fit to all others, from one to everyone."""
    everyone = np.arange(at.level.shape[2])
    found = marginal_likelihood(at, at.level, ready, everyone, np.random.default_rng(seed))
    weight, k = psis_weights(found.log_p)
    return LeftOutPeople(at, everyone, found.log_p, weight, k, found.alike + mcse_variance(weight))


def leave_out_by_refit(
    at: PosteriorArrays, without: PosteriorArrays, ready: PointwiseLikelihood, who: np.ndarray, seed: int
) -> LeftOutPeople:
    """The people `who` (n,) as seen by a fit `without` their answers; `at` is one with them."""
    log_p, _, variance = marginal_likelihood(without, at.level[:, :, who], ready, who, np.random.default_rng(seed))
    relative = np.exp(log_p - log_p.max(axis=0))
    variance = variance + relative.var(axis=0) / relative.mean(axis=0) ** 2 / len(log_p)
    return LeftOutPeople(without, who, log_p, np.full_like(log_p, -np.log(len(log_p))), np.zeros(len(who)), variance)
