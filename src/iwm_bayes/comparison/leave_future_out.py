"""Leave-future-out cross-validation: the log predictive density of the next sessions of people outside the fit.

Each person has particles: draws of the population under a fit to all others, each with a person drawn from it.
Sequential Monte Carlo weighs them, session by session, by the density of the person's responses. Where the effective
number of particles is small, they are resampled. Each resampled particle then takes some Metropolis steps, given the
responses so far. The log predictive density of a session is that of the weighted particles before the session:

    horizon 1    all earlier sessions are known
    horizon 4    the responses of the three sessions between are not known; their outcomes are

Sessions count from the fifth on, for both horizons. With horizon 1, the sum over all sessions would be the log
probability of everything that a person responded.
Burkner, Gabry & Vehtari (2020), doi:10.1080/00949655.2020.1783262; Chopin (2002), doi:10.1093/biomet/89.3.539.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from iwm_bayes.comparison.draws import PosteriorArrays, parameter_matrix, person_log_density
from iwm_bayes.comparison.leave_one_person_out import LeftOutPeople, mcse_variance
from iwm_bayes.comparison.pointwise import PointwiseLikelihood, log_likelihood_by_session

HORIZONS = (1, 4)  # sessions ahead
FIRST_SCORED = max(HORIZONS)  # index of the first session that counts: the fifth
N_PARTICLES, N_REPLICATES, N_MOVES = 250, 4, 4


class Particles(NamedTuple):
    """P possible sets of parameters for each of n people, and the populations that they come from."""

    theta: np.ndarray  # (P, n, D)
    mean: np.ndarray  # (P, n, D)
    cholesky: np.ndarray  # (P, n, D, D)
    complete: np.ndarray  # (P, n, R)


class ParticleFilter(NamedTuple):
    """The likelihood that weighs particles, and the posterior that they come from."""

    likelihood: PointwiseLikelihood
    posterior: PosteriorArrays

    def log_density(self, particles: Particles, people: np.ndarray, horizon: int = 1) -> np.ndarray:
        """Compute the log density of every session of `people` (n,), (P, session, n)."""
        count, n_people, _ = particles.theta.shape
        theta, complete = (
            leaf.reshape(count * n_people, leaf.shape[2]).T for leaf in (particles.theta, particles.complete)
        )
        matrix = parameter_matrix(self.posterior, theta, complete)
        by_session = log_likelihood_by_session(self.likelihood, matrix, np.tile(people, count), horizon)
        return by_session.reshape(-1, count, n_people).swapaxes(0, 1)

    def log_density_by_horizon(self, particles: Particles, people: np.ndarray) -> np.ndarray:
        """Compute it for every horizon, (horizon, P, session, n); horizons differ only where responses carry over."""
        if self.likelihood.depends_on_horizon:
            return np.array([self.log_density(particles, people, horizon) for horizon in HORIZONS])
        return np.array([self.log_density(particles, people)] * len(HORIZONS))


def systematic_resample(log_weight: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """Draw `count` indices for each person by their weights (S, n), by systematic resampling, (count, n)."""
    cumulative = np.cumsum(np.exp(log_weight - logsumexp(log_weight, axis=0)), axis=0)
    points = (np.arange(count)[:, None] + generator.random(cumulative.shape[1])) / count
    indices = [np.searchsorted(edges, own) for edges, own in zip(cumulative.T, points.T, strict=True)]
    return np.minimum(np.array(indices).T, len(cumulative) - 1)


def initial_particles(left_out: LeftOutPeople, generator: np.random.Generator) -> Particles:
    """Draw people from the populations of fits to all others."""
    posterior = left_out.posterior
    draw = systematic_resample(left_out.log_weight, N_PARTICLES, generator)
    mean, cholesky = posterior.mean[draw, :, left_out.people], posterior.cholesky[draw]
    theta = mean + np.einsum("pnde,pne->pnd", cholesky, generator.normal(size=mean.shape))
    return Particles(theta, mean, cholesky, posterior.complete[draw])


def population_log_density(particles: Particles) -> np.ndarray:
    """Compute the log density of people in their populations, (P, n)."""
    theta, mean = particles.theta[..., None], particles.mean[..., None]
    return person_log_density(theta, mean, particles.cholesky)[..., 0]


def metropolis_moves(
    particle_filter: ParticleFilter,
    particles: Particles,
    people: np.ndarray,
    n_known: int,
    generator: np.random.Generator,
) -> Particles:
    """Move the particles of `people` by some Metropolis steps, given the responses of the first `n_known` sessions."""

    def target(particles: Particles) -> np.ndarray:
        likelihood = particle_filter.log_density(particles, people)[:, :n_known].sum(axis=1)
        return population_log_density(particles) + likelihood

    count, _, size = particles.theta.shape
    deviation = particles.theta - particles.theta.mean(axis=0)
    covariance = np.einsum("pnd,pne->nde", deviation, deviation) / count + 1e-9 * np.eye(size)
    step = 2.38 / np.sqrt(size) * np.linalg.cholesky(covariance)
    current = target(particles)
    for _ in range(N_MOVES if size else 0):
        jump = np.einsum("nde,pne->pnd", step, generator.normal(size=deviation.shape))
        proposal = particles._replace(theta=particles.theta + jump)
        proposed = target(proposal)
        accepted = np.log(generator.random(current.shape)) < proposed - current
        particles = particles._replace(theta=np.where(accepted[..., None], proposal.theta, particles.theta))
        current = np.where(accepted, proposed, current)
    return particles


def smc_predictive(
    left_out: LeftOutPeople, likelihood: PointwiseLikelihood, generator: np.random.Generator
) -> np.ndarray:
    """Compute the log predictive density of every session by sequential Monte Carlo, (horizon, session, n)."""
    particle_filter, people = ParticleFilter(likelihood, left_out.posterior), left_out.people
    particles = initial_particles(left_out, generator)
    densities = particle_filter.log_density_by_horizon(particles, people)
    log_weight = np.full((N_PARTICLES, len(people)), -np.log(N_PARTICLES))
    predictive = np.zeros((len(HORIZONS), likelihood.n_sessions, len(people)))
    for session in range(likelihood.n_sessions):
        for index, target in enumerate(session + horizon - 1 for horizon in HORIZONS):
            if target < likelihood.n_sessions:
                predictive[index, target] = logsumexp(log_weight + densities[index, :, target], axis=0)
        log_weight = log_weight + densities[0, :, session]
        log_weight -= logsumexp(log_weight, axis=0)
        [degenerate] = np.nonzero(np.exp(-logsumexp(2.0 * log_weight, axis=0)) < N_PARTICLES / 2.0)
        if len(degenerate) and session + 1 < likelihood.n_sessions:
            which = systematic_resample(log_weight[:, degenerate], N_PARTICLES, generator)
            renewed = Particles(*(leaf[which, degenerate] for leaf in particles))
            renewed = metropolis_moves(particle_filter, renewed, people[degenerate], session + 1, generator)
            for old, new in zip(particles, renewed, strict=True):
                old[:, degenerate] = new
            densities[..., degenerate] = particle_filter.log_density_by_horizon(renewed, people[degenerate])
            log_weight[:, degenerate] = -np.log(N_PARTICLES)
    return predictive


def leave_future_out(
    left_out: LeftOutPeople, likelihood: PointwiseLikelihood, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ELPD of people at each horizon, (horizon, n), and its Monte Carlo variance."""
    generator = np.random.default_rng(seed)
    runs = np.array([smc_predictive(left_out, likelihood, generator) for _ in range(N_REPLICATES)])
    by_session = logsumexp(runs, axis=0) - np.log(N_REPLICATES)
    variance = runs[:, :, FIRST_SCORED:].sum(axis=2).var(axis=0, ddof=1) / N_REPLICATES
    return by_session[:, FIRST_SCORED:].sum(axis=1), variance + mcse_variance(left_out.log_weight)
