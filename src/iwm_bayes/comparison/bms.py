"""Random-effects Bayesian model selection: how frequent each model is in a population.

Each person follows one of K models. The models have unknown frequencies r in the population:

    r ~ Dirichlet(prior counts),   P(person follows model k | r) = r[k]

The log evidence of each person under each model is given. Variational Bayes finds the posterior of r (Stephan et al.,
2009, doi:10.1016/j.neuroimage.2009.03.025). The Bayesian omnibus risk (BOR) is the probability that all models are
equally frequent. It corrects the exceedance probability (XP), the probability that a model is the most frequent one.
The result is the protected exceedance probability (PXP; Rigoux et al., 2014, doi:10.1016/j.neuroimage.2013.08.065).
XP is an integral over one dimension (Soch & Allefeld, 2016, arXiv:1611.01439).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, expit, gammaln, logsumexp, xlogy

from iwm_bayes.lazy import lazy_module
from iwm_bayes.types import InputError

integrate = lazy_module("scipy.integrate")
stats = lazy_module("scipy.stats")

MAX_ITERATIONS, TOLERANCE = 10_000, 1e-8  # of the update; it ends when no count changes by more than the tolerance


class Selection(NamedTuple):
    """Frequencies and attributions of K models, or of K families of models."""

    counts: np.ndarray  # (K,) of the Dirichlet posterior: prior counts plus the people attributed to each model
    frequency: np.ndarray  # (K,) posterior mean of r
    xp: np.ndarray  # (K,) exceedance probability
    pxp: np.ndarray  # (K,) protected exceedance probability
    bor: float  # Bayesian omnibus risk: probability that all models are equally frequent
    attribution: np.ndarray  # (person, K) probability that a person follows each model
    evidence: float  # lower bound of the log evidence of frequencies that may differ


def dirichlet_constant(counts: np.ndarray) -> float:
    """Return the logarithm of the normalising constant of a Dirichlet density."""
    return float(gammaln(counts).sum() - gammaln(counts.sum()))


def exceedance_probability(counts: np.ndarray) -> np.ndarray:
    """Compute P(frequency k is the largest) under a Dirichlet, (K,)."""

    def density_above_others(x: float, k: int) -> float:
        others = np.delete(counts, k)
        return float(stats.gamma.pdf(x, counts[k]) * stats.gamma.cdf(x, others).prod())

    integrals = []
    for k, count in enumerate(counts):
        ends = stats.gamma.ppf([1e-12, 0.1, 0.5, 0.9, 1.0 - 1e-12], count)
        parts = (integrate.quad(density_above_others, low, high, args=(k,)) for low, high in pairwise(ends))
        integrals.append(sum(part for part, _ in parts))
    return np.array(integrals) / np.sum(integrals)


def attribution_probability(log_evidence: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Compute the probability that each person follows each model, (person, K), given the Dirichlet posterior."""
    logit = log_evidence + digamma(counts) - digamma(counts.sum())
    return np.exp(logit - logsumexp(logit, axis=1, keepdims=True))


def evidence_lower_bound(
    log_evidence: np.ndarray, prior: np.ndarray, counts: np.ndarray, attribution: np.ndarray
) -> float:
    """Compute the lower bound of the log evidence of frequencies that may differ, right after an update of counts."""
    fit = (attribution * log_evidence).sum() - xlogy(attribution, attribution).sum()
    return float(fit + dirichlet_constant(counts) - dirichlet_constant(prior))


def variational_posterior(log_evidence: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the counts of the Dirichlet posterior, (K,), and the attributions, (person, K)."""
    counts = prior + len(log_evidence) / len(prior)
    for _ in range(MAX_ITERATIONS):
        attribution = attribution_probability(log_evidence, counts)
        last, counts = counts, prior + attribution.sum(axis=0)
        if np.abs(counts - last).max() < TOLERANCE:
            break
    return counts, attribution


def family_membership(families: Mapping[str, Sequence[str]], models: Sequence[str]) -> np.ndarray:
    """Return which model belongs to which family, (family, model), 0 or 1; InputError unless each is in exactly one."""
    membership = np.array([[name in family for name in models] for family in families.values()], dtype=float)
    unknown = {name for family in families.values() for name in family} - set(models)
    problems = [f"families: {name} is not one of the compared models" for name in sorted(unknown)]
    problems += [
        f"families: {name} is in {times:g} families. Put it in exactly one"
        for name, times in zip(models, membership.sum(axis=0), strict=True)
        if times != 1
    ]
    if problems:
        raise InputError(problems)
    return membership


def random_effects_bms(log_evidence: np.ndarray, membership: np.ndarray | None = None, count: float = 1.0) -> Selection:
    """Select among models from log evidence (person, model), in natural logarithms.

    `membership` (family, model) selects among families instead. All families then have the same prior probability, and
    so do all models within a family. `count` is the prior count of each; 1 makes all frequencies equally probable.
    """
    families = np.eye(log_evidence.shape[1]) if membership is None else membership
    prior = count * (families / families.sum(axis=1, keepdims=True)).sum(axis=0)
    counts, attribution = variational_posterior(log_evidence, prior)
    evidence = evidence_lower_bound(log_evidence, prior, counts, attribution)
    evidence_if_equal = float(logsumexp(log_evidence + np.log(prior / prior.sum()), axis=1).sum())
    bor = float(expit(evidence_if_equal - evidence))
    counts, attribution = families @ counts, attribution @ families.T
    xp = exceedance_probability(counts)
    pxp = (1.0 - bor) * xp + bor / len(families)
    return Selection(counts, counts / counts.sum(), xp, pxp, bor, attribution, evidence)


def same_frequencies_in_groups(log_evidence: np.ndarray, group: np.ndarray) -> float:
    """Compute the probability that models are equally frequent in all groups; `group` is (person,), of any names.

    Equal and different frequencies have the same prior probability (Rigoux et al., 2014, section "between-groups").
    """
    pooled = random_effects_bms(log_evidence).evidence
    by_group = sum(random_effects_bms(log_evidence[group == name]).evidence for name in np.unique(group))
    return float(expit(pooled - by_group))
