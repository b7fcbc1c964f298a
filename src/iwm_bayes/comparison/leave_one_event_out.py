"""The log predictive density of every event, given all other responses of its person and of everyone else.

Importance weights 1 / p(event | theta), smoothed by PSIS, turn draws of the fit into draws of a fit without the event.
They fail (Pareto's k above 0.7) where one event changes what is known about its person. There the person's parameters
are integrated out first, by the importance nodes of `leave_one_person_out`:

    p(event | other events of the person, phi) = p(all events | phi) / p(other events | phi)

Then only the population phi is reweighted, which one event hardly changes. Where this fails too, the model is fitted
without the event. Vehtari, Gelman & Gabry (2017),
doi:10.1007/s11222-016-9696-4; on integration: Vehtari, Mononen, Tolvanen, Sivula & Winther (2016), Journal of Machine
Learning Research 17(103).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from iwm_bayes.comparison.draws import PosteriorArrays, parameter_matrix, person_log_density
from iwm_bayes.comparison.elpd import MAX_PARETO_K, Elpd
from iwm_bayes.comparison.leave_one_person_out import (
    importance_nodes,
    mcse_variance,
    pseudo_likelihood_of,
    psis_weights,
    relative_variance,
    standard_t,
)
from iwm_bayes.comparison.pointwise import PointwiseLikelihood, log_likelihood_by_event

MAX_DRAWS, MAX_DENSITIES = 4000, 20_000_000  # draws of a fit, and densities of events at them (160 MB)
MIN_DRAWS = 400
N_NODES = 400  # importance nodes per draw of the population, of a person whose weights fail
MAX_REFITS = 10  # of a model, for events whose weights still fail


class EventScores(NamedTuple):
    """The log predictive densities of events, with their Monte Carlo variances and Pareto's k, (event,) each."""

    elpd: np.ndarray
    variance: np.ndarray
    pareto_k: np.ndarray


def n_event_draws(likelihood: PointwiseLikelihood) -> int:
    """Return from how many draws events are scored: as many as fit into memory."""
    return int(np.clip(MAX_DENSITIES // max(likelihood.answered.sum(), 1), MIN_DRAWS, MAX_DRAWS))


def weigh_draws(log_p: np.ndarray) -> EventScores:
    """Score events by importance weights, from their log densities (draw, event)."""
    log_weight, pareto_k = psis_weights(log_p)
    return EventScores(logsumexp(log_p + log_weight, axis=0), mcse_variance(log_weight), pareto_k)


def log_density_of_events(posterior: PosteriorArrays, likelihood: PointwiseLikelihood) -> np.ndarray:
    """Compute the log density of every event with a response at every draw, (draw, event)."""
    people, answered = np.arange(likelihood.session.shape[1]), likelihood.answered
    draws = zip(posterior.theta, posterior.complete, strict=True)
    matrices: Iterator[np.ndarray] = (parameter_matrix(posterior, theta, own[:, None]) for theta, own in draws)
    return np.array([log_likelihood_by_event(likelihood, matrix, people)[answered] for matrix in matrices])


def integrate_person(
    posterior: PosteriorArrays, populations: PosteriorArrays, likelihood: PointwiseLikelihood, person: int, seed: int
) -> EventScores:
    """Score the events of one person with their parameters integrated out, for every draw of `populations`.

    `posterior` has the draws of the person by which nodes are placed. Pareto's k is the larger one of two: that of the
    draws of the population, and that of the nodes.
    """
    generator, size = np.random.default_rng([seed, person]), posterior.theta.shape[1]
    means = populations.mean[:, :, [person]]
    pseudo_likelihood = pseudo_likelihood_of(posterior, populations, np.array([person]))
    standard_nodes = standard_t(size).rvs(N_NODES, random_state=generator).reshape(N_NODES, 1, size)
    answered, columns = likelihood.answered[:, person], np.full(N_NODES, person)
    log_p, log_share = [], np.full((N_NODES, answered.sum()), -np.inf)
    for complete, mean, cholesky in zip(populations.complete, means, populations.cholesky, strict=True):
        nodes, log_q = importance_nodes(pseudo_likelihood, mean, cholesky, standard_nodes)
        matrix = parameter_matrix(populations, nodes[:, :, 0].T, complete[:, None])
        by_event = log_likelihood_by_event(likelihood, matrix, columns)[answered]
        whole = by_event.sum(axis=0) + (person_log_density(nodes, mean, cholesky) - log_q)[:, 0]
        others = whole - by_event  # (event, node)
        total = logsumexp(others, axis=1)
        log_p.append(logsumexp(whole) - total)
        log_share = np.logaddexp(log_share, (others - total[:, None]).T)
    scores = weigh_draws(np.array(log_p))
    share = np.exp(log_share - logsumexp(log_share, axis=0))
    return EventScores(
        scores.elpd,
        scores.variance + relative_variance(share),
        np.maximum(scores.pareto_k, psis_weights(-log_share)[1]),
    )


def event_people(likelihood: PointwiseLikelihood) -> np.ndarray:
    """Return the person of every event with a response, (event,)."""
    return np.broadcast_to(np.arange(likelihood.answered.shape[1]), likelihood.answered.shape)[likelihood.answered]


def leave_one_event_out(
    posterior: PosteriorArrays, populations: PosteriorArrays, likelihood: PointwiseLikelihood, seed: int
) -> EventScores:
    """Estimate the ELPD of every event left out in turn, with all its responses, from one fit to all of them.

    `posterior` has all draws that are used, `populations` those for which people are integrated out.
    """
    person, scores = event_people(likelihood), weigh_draws(log_density_of_events(posterior, likelihood))
    if not posterior.theta.shape[1]:
        return scores
    for one in np.unique(person[scores.pareto_k > MAX_PARETO_K]):
        integrated = integrate_person(posterior, populations, likelihood, int(one), seed)
        [own] = np.nonzero(person == one)
        better = (scores.pareto_k[own] > MAX_PARETO_K) & (integrated.pareto_k < scores.pareto_k[own])
        scores = replace_scores(scores, own[better], EventScores(*(leaf[better] for leaf in integrated)))
    return scores


def replace_scores(scores: EventScores, where: np.ndarray, better: EventScores) -> EventScores:
    """Return the scores with those of some events replaced."""
    leaves = [leaf.copy() for leaf in scores]
    for leaf, improved in zip(leaves, better, strict=True):
        leaf[where] = improved
    return EventScores(*leaves)


def refit_folds(scores: EventScores, person: np.ndarray, fold_size: int) -> list[np.ndarray]:
    """Return the events whose weights fail in folds, which have one event of each of at most so many people.

    There are at most `MAX_REFITS` folds. Those that fail most come first.
    """
    folds: list[list[int]] = []
    for event in np.argsort(-scores.pareto_k, kind="stable")[: (scores.pareto_k > MAX_PARETO_K).sum()]:
        roomy = (fold for fold in folds if len(fold) < fold_size and person[event] not in person[fold])
        fold = next(roomy, None)
        if fold is None and len(folds) < MAX_REFITS:
            folds.append(fold := [])
        if fold is not None:
            fold.append(int(event))
    return [np.array(fold) for fold in folds]


def score_by_refit(refit: PosteriorArrays, likelihood: PointwiseLikelihood, events: np.ndarray) -> EventScores:
    """Score events by the draws of a fit without them."""
    log_p = log_density_of_events(refit, likelihood)[:, events]
    relative = np.exp(log_p - log_p.max(axis=0))
    variance = relative.var(axis=0) / relative.mean(axis=0) ** 2 / len(log_p)
    return EventScores(logsumexp(log_p, axis=0) - np.log(len(log_p)), variance, np.zeros(len(events)))


def events_mask(likelihood: PointwiseLikelihood, events: np.ndarray) -> np.ndarray:
    """Return where these of the events with a response are, (event, person)."""
    mask = np.zeros_like(likelihood.answered)
    mask[tuple(place[events] for place in np.nonzero(likelihood.answered))] = True
    return mask


def by_person(scores: EventScores, likelihood: PointwiseLikelihood) -> Elpd:
    """Return the scores of events, summed by person."""
    person, n_people = event_people(likelihood), likelihood.answered.shape[1]
    elpd, variance = (np.bincount(person, values, n_people) for values in scores[:2])
    return Elpd(elpd, variance, scores.pareto_k)
