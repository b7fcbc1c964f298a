"""Bayesian credit assignment: one Gaussian over the availability of every figure and self-worth.

A figure j responds with probability sigmoid(a_j + w), where a_j is its availability and w is self-worth. Let h be the
indicator vector of this figure and of self-worth:

    s  = h' C h,   p = sigmoid(h' m / sqrt(1 + pi s / 8)),   H = p (1 - p)
    m <- m + C h (outcome - p) / (1 + s H)            (an outcome is observed)
    C <- C - C h h' C  H / (1 + s H)
    C <- C + diffusion * elapsed * (prior correlation)        (time passes)

This is the moderated update of Spiegelhalter & Lauritzen (1990), doi:10.1002/net.3230200507. Its error relative to the
exact posterior is 3% at s = 1 and 8% at s = 2. The prior therefore keeps s near or below 2.

Hypothesis: an outcome changes the beliefs about the figure and about oneself in proportion to the uncertainty of each.
What one belief explains, the other does not have to explain. `m` and `C` are in log-odds. C is stored in three blocks:
among figures, between figures and self-worth, and of self-worth. Beliefs are reported as
probabilities. Availability is that of a response of this figure to a person of neutral self-worth (log-odds 0).
Self-worth is that of a response of a neutral figure to this person. An outcome between 0 and 1 enters as a tempered
likelihood.
"""

from typing import NamedTuple

import numpy as np

from iwm_bayes.ops import (
    Array,
    broadcast_figures,
    constant,
    count_figures,
    exchangeable_matrix,
    logit,
    outer,
    sigmoid,
    sqrt,
    sum_over_figures,
)
from iwm_bayes.rules.location import LOG_ODDS, fields_scale
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Beliefs, Event, Parameter, Rule

LATEX = Notation(
    symbols={
        "availability_start": r"a_0",
        "worth_start": r"w_0",
        "total_variance": r"V",
        "self_share": r"\phi",
        "diffusion": r"q",
        "figure_correlation": r"\rho",
    },
    start=(
        r"C_{jj} = (1 - \phi)\,V, \quad C_{jk} = \rho\,(1 - \phi)\,V, \quad C_{ww} = \phi\,V, \quad C_{jw} = 0",
        r"m_j = \operatorname{logit}(a_0)\sqrt{1 + \tfrac{\pi}{8}\,C_{jj}}, \quad "
        r"m_w = \operatorname{logit}(w_0)\sqrt{1 + \tfrac{\pi}{8}\,C_{ww}}",
    ),
    time=(
        r"C_{jj} \leftarrow C_{jj} + q\,\Delta t, \quad C_{jk} \leftarrow C_{jk} + \rho\,q\,\Delta t, \quad "
        r"C_{ww} \leftarrow C_{ww} + q\,\Delta t",
    ),
    outcome=(
        r"s = h^{\top} C\,h, \quad p = \sigma\left(\frac{h^{\top} m}{\sqrt{1 + \tfrac{\pi}{8}\,s}}\right), \quad "
        r"H = p\,(1 - p)",
        r"m \leftarrow m + C\,h\,\frac{o - p}{1 + s\,H}",
        r"C \leftarrow C - C\,h\,h^{\top} C\,\frac{H}{1 + s\,H}",
    ),
    belief=(
        r"a_j = \sigma\left(\frac{m_j}{\sqrt{1 + \tfrac{\pi}{8}\,C_{jj}}}\right), \quad "
        r"w = \sigma\left(\frac{m_w}{\sqrt{1 + \tfrac{\pi}{8}\,C_{ww}}}\right)",
    ),
    quantities={
        "m, C": "mean and covariance of all beliefs, in log-odds",
        "j, k": "two different figures; w: the self",
        "h": "vector with 1 for the figure of the event and for the self, 0 otherwise",
        "p": "expected outcome",
        "a_j, w": "availability of figure j, and self-worth",
    },
)


class Parameters(NamedTuple):
    availability_start: Array = Parameter(
        "unit",
        (0.15, 0.85),
        meaning="initial availability: probability that a figure responds to a person of neutral self-worth",
    )
    worth_start: Array = Parameter(
        "unit", (0.15, 0.85), meaning="initial self-worth: probability that a neutral figure responds to oneself"
    )
    total_variance: Array = Parameter(
        "positive",
        (0.3, 2.0),
        meaning="initial uncertainty: variance of availability plus that of self-worth, log-odds squared",
    )
    self_share: Array = Parameter(
        "unit",
        (0.15, 0.85),
        meaning="share of self-worth in the initial uncertainty: how far prediction errors change self-worth",
    )
    diffusion: Array = Parameter(
        "positive",
        (0.002, 0.1),
        pooling="complete",
        meaning="uncertainty (variance) added per unit of time, log-odds squared",
    )
    figure_correlation: Array = Parameter(
        "unit",
        (0.1, 0.8),
        pooling="complete",
        meaning="prior correlation of the availabilities of two figures: generalisation across figures",
    )


class State(NamedTuple):
    availability: Array  # mean of each figure's availability, (figure, person)
    worth: Array  # mean of self-worth, (person,)
    among_figures: Array  # covariance of availabilities, (figure, figure, person)
    with_worth: Array  # covariance of each availability with self-worth, (figure, person)
    of_worth: Array  # variance of self-worth, (person,)


def moderated_probability(mean: Array, variance: Array) -> Array:
    """Compute the expectation of the sigmoid of a Gaussian, by MacKay's approximation."""
    return sigmoid(mean / sqrt(1.0 + constant(np.pi / 8) * variance))


def moderated_mean(probability: Array, variance: Array) -> Array:
    """Compute the Gaussian mean whose moderated probability is `probability`."""
    return logit(probability) * sqrt(1.0 + constant(np.pi / 8) * variance)


def start(p: Parameters, figures: int) -> State:
    availability_variance = (1.0 - p.self_share) * p.total_variance
    worth_variance = p.self_share * p.total_variance
    return State(
        broadcast_figures(moderated_mean(p.availability_start, availability_variance), figures),
        moderated_mean(p.worth_start, worth_variance),
        exchangeable_matrix(availability_variance, p.figure_correlation * availability_variance, figures),
        broadcast_figures(0.0 * worth_variance, figures),
        worth_variance,
    )


def drift(p: Parameters, s: State, event: Event) -> State:
    added = p.diffusion * event.since_any
    figures = count_figures(event.figure)
    return s._replace(
        among_figures=s.among_figures + exchangeable_matrix(added, p.figure_correlation * added, figures),
        of_worth=s.of_worth + added,
    )


def credit(s: State, event: Event) -> tuple[Array, Array, Array, Array]:
    """Compute C h for the figures and for self-worth, then the mean h' m and the variance h' C h."""
    to_figures = sum_over_figures(s.among_figures * event.figure) + s.with_worth
    to_worth = sum_over_figures(s.with_worth * event.figure) + s.of_worth
    mean = sum_over_figures(s.availability * event.figure) + s.worth
    return to_figures, to_worth, mean, sum_over_figures(to_figures * event.figure) + to_worth


def learn(p: Parameters, s: State, event: Event) -> State:
    to_figures, to_worth, mean, variance = credit(s, event)
    expected = moderated_probability(mean, variance)
    information = expected * (1.0 - expected)
    prediction_error = (event.outcome - expected) / (1.0 + variance * information)
    curvature = information / (1.0 + variance * information)
    return State(
        s.availability + to_figures * prediction_error,
        s.worth + to_worth * prediction_error,
        s.among_figures - outer(to_figures, to_figures) * curvature,
        s.with_worth - to_figures * to_worth * curvature,
        s.of_worth - to_worth * to_worth * curvature,
    )


def gaussian_belief(mean: Array, variance: Array) -> Belief:
    """Convert a Gaussian in log-odds to a belief in 0..1; the variance is by the delta method."""
    probability = moderated_probability(mean, variance)
    return Belief(probability, (probability * (1.0 - probability)) ** 2 * variance)


def figure_variance(s: State, event: Event) -> Array:
    """Return the variance of the availability of the event's figure."""
    return sum_over_figures(sum_over_figures(s.among_figures * event.figure) * event.figure)


def beliefs(p: Parameters, s: State, event: Event) -> Beliefs:
    _, _, mean, variance = credit(s, event)
    availability = sum_over_figures(s.availability * event.figure)
    return Beliefs(
        moderated_probability(mean, variance),
        gaussian_belief(availability, figure_variance(s, event)),
        gaussian_belief(s.worth, s.of_worth),
    )


def own_mean(s: State, event: Event, name: str, belief: Array) -> Array:
    """Return the mean in log-odds at which a belief would have this value, with its present uncertainty."""
    return moderated_mean(belief, s.of_worth if name == "worth" else figure_variance(s, event))


RULE = Rule(
    Parameters(),
    start,
    drift,
    learn,
    beliefs,
    frozenset({"availability_start"}),
    outcomes="binary",
    own_scale=fields_scale(own_mean, LOG_ODDS),
)
