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

from iwm_bayes.comparison.draws import Sampled, density, rowed
from iwm_bayes.comparison.pointwise import Told, by_person

FREEDOM = 7.0  # of the t distribution that nodes are drawn from: tails beyond what is believed of anyone
NODES = 60  # per person and draw of the population
SAME = 1e-12  # range of a log density that is rounding


class Unseen(NamedTuple):
    """Some people's answers as seen from a fit to all others, by draw (S) and person (n)."""

    at: Sampled
    who: np.ndarray  # (n,) which people
    log_p: np.ndarray  # (S, n) log probability of what they answered
    log_weight: np.ndarray  # (S, n) of each draw without that person; sums to 1 over draws
    k: np.ndarray  # (n,) Pareto's k of the weights; 0 where the fit was without them
    variance: np.ndarray  # (n,) of the log score, by simulation

    @property
    def score(self) -> np.ndarray:
        """Log probability of their answers to a fit to all others, (n,): each person's log evidence."""
        return logsumexp(self.log_p + self.log_weight, axis=0)


def only(seen: Unseen, which: np.ndarray) -> Unseen:
    """Some of those people, by a mask or indices."""
    return Unseen(seen.at, *(leaf[..., which] for leaf in seen[1:]))


class Said(NamedTuple):
    """What a person's answers say of that person, as a Gaussian likelihood: n of them, in so many rows D."""

    precision: np.ndarray  # (n, D, D), 0 in directions of which nothing is said
    information: np.ndarray  # (n, D), precision times the place that is said


def said_of(believed: np.ndarray, centre: np.ndarray, root: np.ndarray) -> Said:
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
    return Said(precision, moved + np.einsum("nde,ne->nd", precision, around))


def nodes(said: Said, centre: np.ndarray, root: np.ndarray, spots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (count, D, n) around where people of one population who answered so must be, and their log density.

    `centre` (D, n) and `root` (D, D) are the population's; `spots` (count, n, D) are of a standard t distribution.
    """
    of_population = np.linalg.inv(root @ root.T)
    spread = np.linalg.inv(said.precision + of_population)
    middle = np.einsum("nde,ne->nd", spread, said.information + centre.T @ of_population)
    lower = np.linalg.cholesky(spread)
    x = middle + np.einsum("nde,cne->cnd", lower, spots)
    log_q = multivariate_t(shape=np.eye(len(centre)), df=FREEDOM).logpdf(spots).reshape(spots.shape[:2])
    return x.swapaxes(1, 2), log_q - np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)


def answered(at: Sampled, ready: Told, x: np.ndarray, shared: np.ndarray, who: np.ndarray) -> np.ndarray:
    """Log likelihood of people at `x` (M, D, n) where what is shared is `shared` (R,), (M, n)."""
    count, rows, people = x.shape
    level = rowed(at, x.swapaxes(0, 1).reshape(rows, count * people), shared[:, None])
    return by_person(ready, level, np.tile(who, count)).reshape(count, people)


class Integrated(NamedTuple):
    """Log p(y | theta) of people (S, n), and the variance (n,) of their score by the choice of nodes."""

    log_p: np.ndarray
    alike: np.ndarray  # where 1 / p is averaged over draws: all draws carry the same of the score
    by_density: np.ndarray  # where p is: a draw carries as much as the answers are probable to it


def uneven(share: np.ndarray) -> np.ndarray:
    """Relative variance (n,) of a mean over nodes, of whose sum each carries a `share` (node, n)."""
    return (share**2).sum(axis=0) - 1.0 / len(share)


def integrated(
    at: Sampled, believed: np.ndarray, ready: Told, who: np.ndarray, generator: np.random.Generator
) -> Integrated:
    """Everyone's own parameters integrated out; `believed` (draw, D, n) is what is believed, their answers known."""
    rows, people = believed.shape[1:]
    if not rows:  # nobody has anything of their own
        whole = [answered(at, ready, np.zeros((1, 0, people)), shared, who)[0] for shared in at.shared]
        return Integrated(np.array(whole), np.zeros(people), np.zeros(people))
    said = said_of(believed, at.centre[:, :, who], at.root)
    spots = multivariate_t(shape=np.eye(rows), df=FREEDOM).rvs((NODES, people), random_state=generator)
    spots = spots.reshape(NODES, people, rows)
    found, share, carried = [], np.zeros((NODES, people)), np.full((NODES, people), -np.inf)
    for shared, centre, root in zip(at.shared, at.centre[:, :, who], at.root, strict=True):
        x, log_q = nodes(said, centre, root, spots)
        weight = answered(at, ready, x, shared, who) + density(x, centre, root) - log_q
        total = logsumexp(weight, axis=0)
        found.append(total - np.log(NODES))
        share += np.exp(weight - total) / len(at.shared)
        carried = np.logaddexp(carried, weight)
    by_density = np.exp(carried - logsumexp(carried, axis=0))
    return Integrated(np.array(found), uneven(share), uneven(by_density))


def left_out(log_p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log weights (S, n) of draws that turn a fit to everyone into one to all others, and Pareto's k (n,).

    What is as probable in every draw tells nothing of them: they weigh the same, and have no tail (k = 0).
    """
    weight, k = np.full_like(log_p, -np.log(len(log_p))), np.zeros(log_p.shape[1])
    [told] = np.nonzero(np.ptp(log_p, axis=0) > SAME)
    if len(told):
        smoothed, tails = xr.DataArray(log_p[:, told], dims=("sample", "person")).azstats.psislw(dim="sample")
        found = smoothed.transpose("sample", "person").values
        weight[:, told], k[told] = found - logsumexp(found, axis=0), tails.values
    return weight, k


def simulated(log_weight: np.ndarray) -> np.ndarray:
    """Variance of a leave-one-out score by simulation, from weights (S, ...) that are 1 / density."""
    return np.exp(2.0 * log_weight).sum(axis=0) - 1.0 / len(log_weight)


def unseen(at: Sampled, ready: Told, seed: int) -> Unseen:
    """Everyone as seen by a fit to all others, from one to everyone."""
    everyone = np.arange(at.level.shape[2])
    found = integrated(at, at.level, ready, everyone, np.random.default_rng(seed))
    weight, k = left_out(found.log_p)
    return Unseen(at, everyone, found.log_p, weight, k, found.alike + simulated(weight))


def truly_unseen(at: Sampled, without: Sampled, ready: Told, who: np.ndarray, seed: int) -> Unseen:
    """The people `who` (n,) as seen by a fit `without` their answers; `at` is one with them."""
    log_p, _, variance = integrated(without, at.level[:, :, who], ready, who, np.random.default_rng(seed))
    relative = np.exp(log_p - log_p.max(axis=0))
    variance = variance + relative.var(axis=0) / relative.mean(axis=0) ** 2 / len(log_p)
    return Unseen(without, who, log_p, np.full_like(log_p, -np.log(len(log_p))), np.zeros(len(who)), variance)
