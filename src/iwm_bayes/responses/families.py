"""The distributions of answers: how an answer is scored, and how one is drawn.

    normal         log p(x)  = -((x - mu) / sigma)^2 / 2 - log(sigma) - log(2 pi) / 2
      censored     log P(0)  = log Phi((low - mu) / sigma),    log P(1) = log Phi((mu - high) / sigma)
    Bernoulli      log P(x)  = log sigmoid(logit_p) for 1,     log sigmoid(-logit_p) for 0
    beta           log p(x)  = (a - 1) log(x) + (b - 1) log(1 - x) - log B(a, b),    a = mu nu,   b = (1 - mu) nu
    categorical    log P(k)  = log(p_k)

Each density is one text for arrays and for graphs. It returns one number per answer. Arguments broadcast to the shape
of the answers; the probabilities `p` of a categorical answer have the choices as their last axis.

Johnson, Kotz & Balakrishnan (1994, 1995), Continuous Univariate Distributions; on censoring, Tobin (1958),
doi:10.2307/1907382; on the beta by mean and precision, Ferrari & Cribari-Neto (2004), doi:10.1080/0266476042000214501.
"""

from collections.abc import Mapping

import numpy as np

from iwm_bayes.ops import Array, constant, erfcx, exp, gammaln, log, log1p, minimum, replace_where, take_choice, where
from iwm_bayes.types import Family

HALF = constant(0.5)
SQRT_TWO = np.sqrt(2.0)
LOG_TWO = np.log(2.0)
LOG_SQRT_TWO_PI = np.log(2.0 * np.pi) / 2.0
FAR = constant(10.0)  # SDs from which on a normal tail has the probability 1, to all digits


def normal_log_density(value: Array, mu: Array, sigma: Array) -> Array:
    """Return the log density of a normal answer with mean `mu` and SD `sigma`."""
    return -HALF * ((value - mu) / sigma) ** 2 - (log(sigma) + LOG_SQRT_TWO_PI)


def normal_log_cdf(bound: Array, mu: Array, sigma: Array) -> Array:
    """Return the log probability that a normal answer is below a bound, by one special function.

    From ten SDs on it is 0, to all digits.
    """
    distance = minimum((bound - mu) / sigma, FAR)
    return log(erfcx(-distance / SQRT_TWO) / 2.0) - distance**2 / 2.0


def normal_log_tail(value: Array, low: Array, high: Array, mu: Array, sigma: Array) -> Array:
    """Return the log probability that a normal answer is beyond the bound, `low` or `high`, at which it was recorded.

    A tail above the upper bound is that below its mirror image: one tail is half the work of two.
    """
    return normal_log_cdf(where(value <= low, low, 2.0 * mu - high), mu, sigma)


def bernoulli_log_density(value: Array, logit_p: Array) -> Array:
    """Return the log probability of a yes (1) or a no (0): the log of sigmoid(x) or sigmoid(-x), x being the log odds.

        ±x / 2 - |x| / 2 - log((1 + exp(-|x|)) / 2) - log 2

    A formula with both logs, or with a softplus exact to the last digit of a probability near 1, takes more than twice
    as long as an exp and a log.
    """
    size = abs(logit_p)
    return (value - HALF) * logit_p - size / 2.0 - log(HALF + HALF * exp(-size)) - LOG_TWO


def beta_log_density(value: Array, mu: Array, nu: Array) -> Array:
    """Return the log density of a beta answer, between 0 and 1, with mean `mu` and precision `nu`."""
    a, b = mu * nu, (1.0 - mu) * nu
    normaliser = gammaln(a) + gammaln(b) - gammaln(nu)
    return (a - 1.0) * log(value) + (b - 1.0) * log1p(-value) - normaliser


def categorical_log_density(value: Array, p: Array) -> Array:
    """Return the log probability of a choice 0, 1, ...; `p` has a probability per choice along its last axis."""
    return log(take_choice(p, value))


def draw_normal(generator: np.random.Generator, mu: Array, sigma: Array) -> Array:
    """Draw normal answers."""
    return generator.normal(mu, sigma)


def draw_censored_normal(generator: np.random.Generator, mu: Array, sigma: Array) -> Array:
    """Draw normal answers; those beyond 0 and 1 are recorded as 0 and 1."""
    return np.clip(generator.normal(mu, sigma), 0.0, 1.0)


def draw_bernoulli(generator: np.random.Generator, logit_p: Array) -> Array:
    """Draw answers 0 or 1 by their log odds."""
    return (generator.logistic(size=np.shape(logit_p)) < logit_p).astype(np.float64)


def draw_beta(generator: np.random.Generator, mu: Array, nu: Array) -> Array:
    """Draw beta answers by their mean and precision."""
    return generator.beta(mu * nu, (1.0 - mu) * nu)


def draw_categorical(generator: np.random.Generator, p: Array) -> Array:
    """Draw choices 0, 1, ... by their probabilities along the last axis."""
    uniform = generator.random(p.shape[:-1])[..., None]
    return (uniform > np.cumsum(p, axis=-1)[..., :-1]).sum(axis=-1).astype(np.float64)


NORMAL = Family(normal_log_density, draw_normal)
CENSORED_NORMAL = Family(normal_log_density, draw_censored_normal, bounds=(0.0, 1.0), log_tail=normal_log_tail)
BERNOULLI = Family(bernoulli_log_density, draw_bernoulli, discrete=True)
BETA = Family(beta_log_density, draw_beta, clip_range=(0.005, 0.995))
CATEGORICAL = Family(categorical_log_density, draw_categorical, discrete=True)


def is_at_bound(family: Family, value: Array, recorded: Array) -> Array:
    """Return whether an answer was recorded at a bound, at which answers are censored; a number, 0 for no."""
    if family.bounds is None:
        return 0.0 * value
    low, high = map(constant, family.bounds)
    return recorded * ((value <= low) | (value >= high))


def density_of_tail(family: Family, arguments: Mapping[str, Array], value: Array) -> Array:
    """Return the log probability of answers of a censored family beyond the bound at which they were recorded."""
    assert family.bounds is not None  # a censored family has both
    assert family.log_tail is not None
    low, high = map(constant, family.bounds)
    return family.log_tail(value, low, high, **arguments)


def density_inside(family: Family, arguments: Mapping[str, Array], value: Array, recorded: Array) -> Array:
    """Return the log density of answers that lie at no bound; 0 for all others."""
    inside = where(recorded, family.log_density(value, **arguments), constant(0.0))
    return where(is_at_bound(family, value, recorded), constant(0.0), inside) if family.is_censored else inside


def response_log_density(family: Family, arguments: Mapping[str, Array], value: Array, recorded: Array) -> Array:
    """Return the log density of answers (event, person), arrays or a graph; 0 where none was recorded.

    Tails are costly, so they are computed only for answers at a bound.
    """
    density = where(recorded, family.log_density(value, **arguments), constant(0.0))
    if not family.is_censored:
        return density

    def tail(value: Array, *given: Array) -> Array:
        return density_of_tail(family, dict(zip(arguments, given, strict=True)), value)

    return replace_where(is_at_bound(family, value, recorded), density, tail, value, *arguments.values())
