"""Which theory do people follow? Random-effects Bayesian model selection.

Each person follows one theory; theories have unknown frequencies r in the population:

    r ~ Dirichlet(prior),   P(theory of a person | r) = r,   log evidence of a person under each theory is given

The posterior of r is found by variational Bayes (Stephan et al., 2009, doi:10.1016/j.neuroimage.2009.03.025). The
omnibus risk is the probability that all frequencies are equal and the differences seen are chance; it protects the
exceedance probability, that a theory is the most frequent (Rigoux et al., 2014, doi:10.1016/j.neuroimage.2013.08.065).
Exceedance is an integral over one dimension (Soch & Allefeld, 2016, arXiv:1611.01439).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.integrate import quad
from scipy.special import digamma, expit, gammaln, logsumexp, xlogy
from scipy.stats import gamma

from iwm_bayes.types import InputError

MAX_ITERATIONS, TOLERANCE = 10_000, 1e-8  # of the update, and the change of `counts` after which it is over


class Selection(NamedTuple):
    """What people's log evidence says of theories (K of them), or of families of theories."""

    counts: np.ndarray  # (K,) of the Dirichlet posterior: prior counts and the people who follow each
    frequency: np.ndarray  # (K,) its mean
    exceedance: np.ndarray  # (K,) probability of being the most frequent
    protected: np.ndarray  # (K,) the same, allowing for all being equally frequent
    risk: float  # Bayesian omnibus risk: probability that all are equally frequent
    follows: np.ndarray  # (person, K) probability of each person to follow each
    evidence: float  # lower bound of the log evidence that frequencies differ


def dirichlet_constant(counts: np.ndarray) -> float:
    """Logarithm of the constant that a Dirichlet density is divided by."""
    return float(gammaln(counts).sum() - gammaln(counts.sum()))


def exceedance_probability(counts: np.ndarray) -> np.ndarray:
    """P(frequency k is the largest) under a Dirichlet, (K,)."""

    def beyond_all(x: float, k: int) -> float:
        others = np.delete(counts, k)
        return float(gamma.pdf(x, counts[k]) * gamma.cdf(x, others).prod())

    found = []
    for k, count in enumerate(counts):
        ends = gamma.ppf([1e-12, 0.1, 0.5, 0.9, 1.0 - 1e-12], count)
        found.append(sum(quad(beyond_all, low, high, args=(k,))[0] for low, high in pairwise(ends)))
    return np.array(found) / np.sum(found)


def attribution_probability(log_evidence: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Probability of each person to follow each theory, (person, K), given what is believed of frequencies."""
    logit = log_evidence + digamma(counts) - digamma(counts.sum())
    return np.exp(logit - logsumexp(logit, axis=1, keepdims=True))


def evidence_lower_bound(log_evidence: np.ndarray, prior: np.ndarray, counts: np.ndarray, follows: np.ndarray) -> float:
    """Lower bound of the log evidence of frequencies that differ, right after an update of `counts`."""
    fit = (follows * log_evidence).sum() - xlogy(follows, follows).sum()
    return float(fit + dirichlet_constant(counts) - dirichlet_constant(prior))


def variational_posterior(log_evidence: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The posterior's counts (K,) and who follows what (person, K)."""
    counts = prior + len(log_evidence) / len(prior)
    for _ in range(MAX_ITERATIONS):
        follows = attribution_probability(log_evidence, counts)
        last, counts = counts, prior + follows.sum(axis=0)
        if np.abs(counts - last).max() < TOLERANCE:
            break
    return counts, follows


def family_membership(families: Mapping[str, Sequence[str]], theories: Sequence[str]) -> np.ndarray:
    """Which theory is of which family, (family, theory) 0 or 1; InputError unless each is of exactly one."""
    which = np.array([[name in family for name in theories] for family in families.values()], dtype=float)
    unknown = {name for family in families.values() for name in family} - set(theories)
    problems = [f"families: {name} is no theory that is compared" for name in sorted(unknown)]
    problems += [
        f"families: {name} is in {times:g} families. Put it in one"
        for name, times in zip(theories, which.sum(axis=0), strict=True)
        if times != 1
    ]
    if problems:
        raise InputError(problems)
    return which


def random_effects_bms(log_evidence: np.ndarray, member: np.ndarray | None = None, count: float = 1.0) -> Selection:
    """Model selection from log evidence (person, theory), natural logarithms.

    `member` (family, theory) asks about families instead: every family is as likely as another before any data, and
    so is every theory within it. `count` is the prior count of each; at 1 every set of frequencies is as likely.
    """
    group = np.eye(log_evidence.shape[1]) if member is None else member
    prior = count * (group / group.sum(axis=1, keepdims=True)).sum(axis=0)
    counts, follows = variational_posterior(log_evidence, prior)
    evidence = evidence_lower_bound(log_evidence, prior, counts, follows)
    equal = float(logsumexp(log_evidence + np.log(prior / prior.sum()), axis=1).sum())
    risk = float(expit(equal - evidence))
    counts, follows = group @ counts, follows @ group.T
    chance = exceedance_probability(counts)
    protected = (1.0 - risk) * chance + risk / len(group)
    return Selection(counts, counts / counts.sum(), chance, protected, risk, follows, evidence)


def same_frequencies_in_groups(log_evidence: np.ndarray, group: np.ndarray) -> float:
    """Probability that theories are as frequent in every group as in all others; `group` is (person,), of any names.

    Both possibilities are taken to be as likely before any data (Rigoux et al., 2014, section "between-groups").
    """
    together = random_effects_bms(log_evidence).evidence
    apart = sum(random_effects_bms(log_evidence[group == name]).evidence for name in np.unique(group))
    return float(expit(together - apart))
