"""A very different figure forms a new category: latent-cause inference.

A cause has expectations of outcomes (`availability`, and `worth` about oneself) and records the figures that it was met
with. At each event

    prior(old)     = sum over earlier events of responsibility / elapsed                     (time passes)
    prior(new)     = concentration
    resemblance    = (company with this figure + generality) / (all company + figures * generality)
    responsibility ~ prior * resemblance * Normal(outcome; availability, noise)       (an outcome is observed)
    availability  <- availability + availability_rate * responsibility * (outcome - availability)

and self-worth likewise. Self-worth is the mean over causes, weighted by prior. Availability is weighted by prior *
resemblance. The variance of a belief is that between the causes, with the same weights. The early model is the first
cause, as if it had explained one event before the first. New causes start with the same beliefs.

Hypothesis: abrupt, fully responsive care is taken as an exception and leaves the early model unchanged. After a long
gap or a reminder, the early model returns. The early model can explain care that improves gradually, and is changed by
it. Assignment to causes is soft, to three causes and a new one. 1 / elapsed is approximated by three exponentials,
within 8% between 1 and 100 units of time. `noise` is a standard deviation in outcome units. Gershman, Monfils, Norman &
Niv (2017), doi:10.7554/eLife.23763, eqs 1-4, without their iterations between trials. The weighting by company is after
Anderson (1991), doi:10.1037/0033-295X.98.3.409.
"""

from math import prod
from typing import NamedTuple

from iwm_bayes.ops import (
    Array,
    broadcast_figures,
    constant,
    count_figures,
    exp,
    minimum,
    stack_figures,
    sum_over_figures,
)
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Beliefs, Event, Parameter, Rule

LATEX = Notation(
    symbols={
        "availability_start": r"a_0",
        "worth_start": r"w_0",
        "availability_rate": r"\alpha_a",
        "worth_rate": r"\alpha_w",
        "concentration": r"\gamma",
        "noise": r"\epsilon",
        "generality": r"g",
    },
    start=(r"a_c = a_0, \quad w_c = w_0, \quad n_{cj} = 0",),
    time=(r"\pi_c = \sum_{e} \frac{r_{ce}}{\Delta t_e}, \quad \pi_{\text{new}} = \gamma",),
    outcome=(
        r"q_c = \frac{n_{cj} + g}{\sum_i n_{ci} + J g}",
        r"r_c \propto \pi_c\,q_c\,\exp\left(-\frac{(o - a_c)^2}{2\,\epsilon^2}\right), \quad \sum_c r_c = 1",
        r"a_c \leftarrow a_c + \alpha_a\,r_c\,(o - a_c), \quad w_c \leftarrow w_c + \alpha_w\,r_c\,(o - w_c)",
        r"n_{cj} \leftarrow n_{cj} + r_c",
    ),
    belief=(
        r"a = \frac{\sum_c \pi_c\,q_c\,a_c}{\sum_c \pi_c\,q_c}, \quad w = \frac{\sum_c \pi_c\,w_c}{\sum_c \pi_c}",
        r"\operatorname{Var}(a) = \frac{\sum_c \pi_c\,q_c\,(a_c - a)^2}{\sum_c \pi_c\,q_c}",
    ),
    quantities={
        "c": "a cause: the early model, two later ones, or a new one",
        "a_c, w_c": "availability and self-worth under a cause",
        "r_c": "responsibility of a cause for the event; e: earlier events",
        "n_{cj}": "company: responsibility of a cause for events with figure j of J",
        "a, w": "availability and self-worth",
    },
)

# The sum of three exponentials that is nearest to 1 / t between t = 1 and t = 100.
DECAY_RATES = [constant(rate) for rate in (1.0, 0.144, 0.0154)]
WEIGHTS = [constant(weight) for weight in (1.96, 0.29, 0.045)]


class Parameters(NamedTuple):
    availability_start: Array = Parameter("unit", (0.15, 0.85), meaning="initial availability under every cause")
    worth_start: Array = Parameter("unit", (0.15, 0.85), meaning="initial self-worth under every cause")
    availability_rate: Array = Parameter(
        "unit", (0.05, 0.8), meaning="learning rate of availability, for a cause with full responsibility"
    )
    worth_rate: Array = Parameter(
        "unit", (0.05, 0.8), meaning="learning rate of self-worth, for a cause with full responsibility"
    )
    concentration: Array = Parameter(
        "positive",
        (0.02, 2.0),
        pooling="complete",
        meaning="prior weight of a new cause, in events one unit of time ago",
    )
    noise: Array = Parameter("positive", (0.1, 0.6), fixed=0.3, meaning="SD of outcomes of one cause")
    generality: Array = Parameter(
        "positive", (0.2, 5.0), fixed=1.0, meaning="prior weight of every figure in a cause, in events"
    )


class Cause(NamedTuple):
    availability: Array
    worth: Array
    recency: Array  # responsibility for earlier events, decaying at each rate: (rate, person)
    company: Array  # responsibility for events with each figure: (figure, person)


class State(NamedTuple):
    early: Cause
    second: Cause
    third: Cause


def start(p: Parameters, figures: int) -> State:
    zero = 0.0 * p.availability_start
    company = broadcast_figures(zero, figures)
    new = Cause(p.availability_start, p.worth_start, broadcast_figures(zero, len(DECAY_RATES)), company)
    return State(new._replace(recency=stack_figures([weight + zero for weight in WEIGHTS])), new, new)


def drift(p: Parameters, s: State, event: Event) -> State:
    retention = stack_figures([exp(-rate * event.since_any) for rate in DECAY_RATES])
    return State(*(cause._replace(recency=cause.recency * retention) for cause in s))


def candidates(p: Parameters, s: State, event: Event) -> list[Cause]:
    """Return the causes that may explain an event: the three known ones, and a new one."""
    no_company = broadcast_figures(0.0 * event.outcome, count_figures(event.figure))
    new = Cause(p.availability_start, p.worth_start, stack_figures([p.concentration]), no_company)
    return [*s, new]


def priors(causes: list[Cause]) -> list[Array]:
    """Return the prior weight of each cause, before the figure is known."""
    return [sum_over_figures(cause.recency) for cause in causes]


def resemblances(p: Parameters, causes: list[Cause], event: Event) -> list[Array]:
    """Return how far the event's figure resembles the company of each cause."""
    all_figures = constant(count_figures(event.figure)) * p.generality
    return [
        (sum_over_figures(event.figure * cause.company) + p.generality)
        / (sum_over_figures(cause.company) + all_figures)
        for cause in causes
    ]


def normalised_products(*factors: list[Array]) -> list[Array]:
    """Multiply the factors of each cause, and normalise the products to a sum of 1."""
    weights = [prod(each) for each in zip(*factors, strict=True)]
    total = sum(weights[1:], weights[0])
    return [weight / total for weight in weights]


def update_cause(p: Parameters, cause: Cause, responsibility: Array, event: Event) -> Cause:
    """Return a cause after an event for which it has some responsibility."""
    return Cause(
        cause.availability + p.availability_rate * responsibility * (event.outcome - cause.availability),
        cause.worth + p.worth_rate * responsibility * (event.outcome - cause.worth),
        cause.recency + stack_figures([weight * responsibility for weight in WEIGHTS]),
        cause.company + event.figure * responsibility,
    )


def learn(p: Parameters, s: State, event: Event) -> State:
    causes = candidates(p, s, event)
    likelihoods = [exp(-(((event.outcome - cause.availability) / p.noise) ** 2) / 2.0) for cause in causes]
    early, second, third, new = normalised_products(priors(causes), resemblances(p, causes, event), likelihoods)
    # A new cause becomes the second one, and the third one where the second is already in use.
    second_in_use = minimum(sum_over_figures(s.second.company), constant(1.0))
    return State(
        update_cause(p, s.early, early, event),
        update_cause(p, s.second, second + (1.0 - second_in_use) * new, event),
        update_cause(p, s.third, third + second_in_use * new, event),
    )


def sum_of_products(shares: list[Array], values: list[Array]) -> Array:
    """Return the sum of shares times values."""
    products = [share * value for share, value in zip(shares, values, strict=True)]
    return sum(products[1:], products[0])


def mixed_belief(shares: list[Array], values: list[Array]) -> Belief:
    """Return the belief of a person who holds several, each with a share: their mean and the variance between them."""
    mean = sum_of_products(shares, values)
    return Belief(mean, sum_of_products(shares, [(value - mean) ** 2 for value in values]))


def beliefs(p: Parameters, s: State, event: Event) -> Beliefs:
    causes = candidates(p, s, event)
    prior_shares = normalised_products(priors(causes))
    figure_shares = normalised_products(priors(causes), resemblances(p, causes, event))
    availability = mixed_belief(figure_shares, [cause.availability for cause in causes])
    worth = mixed_belief(prior_shares, [cause.worth for cause in causes])
    return Beliefs(availability.mean, availability, worth)


NO_OWN_SCALE = "several causes hold a belief each, and it is not defined which of them would move"
RULE = Rule(Parameters(), start, drift, learn, beliefs, no_own_scale=NO_OWN_SCALE)
