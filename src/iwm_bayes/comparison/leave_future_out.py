"""How well a theory foretells the next sessions of people who were not in the fit.

Everyone has particles: draws of the population as a fit to all others has it, each with a person drawn from it. From
session to session they are weighed by how probable they made the answers (sequential Monte Carlo). Where few carry
the weight they are drawn anew, and each takes some Metropolis steps among people of its population who could have
answered so. The score of a session is the log of the density that the particles give it, on average, before it is seen:

    one session ahead     everything before it is known
    four sessions ahead   the answers of the three sessions between are not; what happened in them is

Sessions are scored from the fifth on, for both alike. With one session ahead the scores of all sessions would add up
to the log probability of everything that a person answered.
Burkner, Gabry & Vehtari (2020), doi:10.1080/00949655.2020.1783262; Chopin (2002), doi:10.1093/biomet/89.3.539.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from iwm_bayes.comparison.draws import PosteriorArrays, parameter_matrix, person_log_density
from iwm_bayes.comparison.leave_one_person_out import LeftOutPeople, mcse_variance
from iwm_bayes.comparison.pointwise import PointwiseLikelihood, log_likelihood_by_session

HORIZONS = (1, 4)
FIRST_SCORED = max(HORIZONS)  # index of the first session that is scored: the fifth
N_PARTICLES, N_REPLICATES, N_MOVES = 250, 4, 4


class Particles(NamedTuple):
    """People as they might be (P of each of n), and the populations that they come from."""

    x: np.ndarray  # (P, n, D)
    centre: np.ndarray  # (P, n, D)
    root: np.ndarray  # (P, n, D, D)
    shared: np.ndarray  # (P, n, R)


class ParticleFilter(NamedTuple):
    """What particles are weighed with."""

    ready: PointwiseLikelihood
    at: PosteriorArrays

    def said(self, particles: Particles, who: np.ndarray, ahead: int = 1) -> np.ndarray:
        """Log density of every session of the people `who` (n,), (P, session, n)."""
        count, people, _ = particles.x.shape
        x, shared = (leaf.reshape(count * people, leaf.shape[2]).T for leaf in (particles.x, particles.shared))
        found = log_likelihood_by_session(self.ready, parameter_matrix(self.at, x, shared), np.tile(who, count), ahead)
        return found.reshape(-1, count, people).swapaxes(0, 1)

    def horizons(self, particles: Particles, who: np.ndarray) -> np.ndarray:
        """The same as foretold so many sessions ahead, (ahead, P, session, n); apart only where answers echo."""
        if self.ready.echoes:
            return np.array([self.said(particles, who, ahead) for ahead in HORIZONS])
        return np.array([self.said(particles, who)] * len(HORIZONS))


def systematic_resample(log_weight: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """So many draws by their weights (S, n), systematic, for each person: indices (count, n)."""
    edges = np.cumsum(np.exp(log_weight - logsumexp(log_weight, axis=0)), axis=0)
    places = (np.arange(count)[:, None] + generator.random(edges.shape[1])) / count
    found = [np.searchsorted(edge, place) for edge, place in zip(edges.T, places.T, strict=True)]
    return np.minimum(np.array(found).T, len(edges) - 1)


def initial_particles(seen: LeftOutPeople, generator: np.random.Generator) -> Particles:
    """People of the populations that all others make likely."""
    which = systematic_resample(seen.log_weight, N_PARTICLES, generator)
    centre, root = seen.at.centre[which, :, seen.who], seen.at.root[which]
    x = centre + np.einsum("pnde,pne->pnd", root, generator.normal(size=centre.shape))
    return Particles(x, centre, root, seen.at.shared[which])


def population_log_density(particles: Particles) -> np.ndarray:
    """Log density of people in their populations, (P, n)."""
    return person_log_density(particles.x[..., None], particles.centre[..., None], particles.root)[..., 0]


def metropolis_moves(
    weighing: ParticleFilter, particles: Particles, who: np.ndarray, known: int, rng: np.random.Generator
) -> Particles:
    """Some Metropolis steps of the people `who`, given their answers in so many first sessions."""

    def target(particles: Particles) -> np.ndarray:
        return population_log_density(particles) + weighing.said(particles, who)[:, :known].sum(axis=1)

    count, _, rows = particles.x.shape
    apart = particles.x - particles.x.mean(axis=0)
    spread = np.einsum("pnd,pne->nde", apart, apart) / count + 1e-9 * np.eye(rows)
    stride = 2.38 / np.sqrt(rows) * np.linalg.cholesky(spread)
    here = target(particles)
    for _ in range(N_MOVES if rows else 0):
        there = particles._replace(x=particles.x + np.einsum("nde,pne->pnd", stride, rng.normal(size=apart.shape)))
        beyond = target(there)
        accepted = np.log(rng.random(here.shape)) < beyond - here
        particles = particles._replace(x=np.where(accepted[..., None], there.x, particles.x))
        here = np.where(accepted, beyond, here)
    return particles


def smc_predictive(seen: LeftOutPeople, ready: PointwiseLikelihood, rng: np.random.Generator) -> np.ndarray:
    """Log density of every session, (ahead, session, n), to those who know all others and the sessions before."""
    weighing, particles, people = ParticleFilter(ready, seen.at), initial_particles(seen, rng), len(seen.who)
    densities = weighing.horizons(particles, seen.who)
    weight = np.full((N_PARTICLES, people), -np.log(N_PARTICLES))
    found = np.zeros((len(HORIZONS), ready.sessions, people))
    for session in range(ready.sessions):
        for index, coming in enumerate(session + ahead - 1 for ahead in HORIZONS):
            if coming < ready.sessions:
                found[index, coming] = logsumexp(weight + densities[index, :, coming], axis=0)
        weight = weight + densities[0, :, session]
        weight -= logsumexp(weight, axis=0)
        [poor] = np.nonzero(np.exp(-logsumexp(2.0 * weight, axis=0)) < N_PARTICLES / 2.0)
        if len(poor) and session + 1 < ready.sessions:
            which = systematic_resample(weight[:, poor], N_PARTICLES, rng)
            renewed = Particles(*(leaf[which, poor] for leaf in particles))
            renewed = metropolis_moves(weighing, renewed, seen.who[poor], session + 1, rng)
            for old, new in zip(particles, renewed, strict=True):
                old[:, poor] = new
            densities[..., poor] = weighing.horizons(renewed, seen.who[poor])
            weight[:, poor] = -np.log(N_PARTICLES)
    return found


def leave_future_out(seen: LeftOutPeople, ready: PointwiseLikelihood, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log scores one and four sessions ahead, (ahead, n), and their variances by simulation."""
    generator = np.random.default_rng(seed)
    found = np.array([smc_predictive(seen, ready, generator) for _ in range(N_REPLICATES)])
    scores = logsumexp(found, axis=0) - np.log(N_REPLICATES)
    variance = found[:, :, FIRST_SCORED:].sum(axis=2).var(axis=0, ddof=1) / N_REPLICATES
    return scores[:, FIRST_SCORED:].sum(axis=1), variance + mcse_variance(seen.log_weight)
