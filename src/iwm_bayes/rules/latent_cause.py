"""Is this someone of the old kind, or an exception? Experience is sorted into causes as it is explained by them.

A cause expects an outcome (`availability`, and `worth` about oneself) and knows whom it was met with. At each event

    prior(old)     = sum over earlier events of responsibility / elapsed                     (time passes)
    prior(new)     = concentration
    resemblance    = (company with this figure + generality) / (all company + figures * generality)
    responsibility ~ prior * resemblance * Normal(outcome; availability, noise)       (an outcome is seen)
    availability  <- availability + availability_rate * responsibility * (outcome - availability)

and worth likewise. A belief is the mean over causes by prior, that of a figure by prior * resemblance too. What a
person brings is the first cause, as if it had explained one event before the first; new causes begin like it.

Claim: abrupt, all-good care is put down to an exception and leaves the early model as it was: after a long gap, or a
reminder, it is back. Care that grows better by and by can be explained by the early model, and changes it. Sorting is
soft, with room for three causes besides the new one, and 1 / elapsed is a sum of three exponentials, within 8 % of it
between 1 and 100 units of time. `noise` is a standard deviation in outcome units. Gershman, Monfils, Norman & Niv
(2017), doi:10.7554/eLife.23763, eqs 1-4, without their iterations between trials; the company after Anderson (1991),
doi:10.1037/0033-295X.98.3.409.
"""

from math import prod
from typing import NamedTuple

from iwm_bayes.ops import Array, by_figure, constant, count_figures, each_figure, exp, minimum, over_figures
from iwm_bayes.types import Belief, Beliefs, Event, Parameter, Rule

PACES = [constant(pace) for pace in (1.0, 0.144, 0.0154)]  # of the sum of three exponentials that is nearest
WEIGHTS = [constant(weight) for weight in (1.96, 0.29, 0.045)]  # to 1 / t between t = 1 and 100


class Parameters(NamedTuple):
    availability_start: Array = Parameter("unit", (0.15, 0.85), meaning="what any cause expects of a figure at first")
    worth_start: Array = Parameter("unit", (0.15, 0.85), meaning="what any cause says of oneself at first")
    availability_rate: Array = Parameter(
        "unit", (0.05, 0.8), meaning="share of the surprise that a wholly responsible cause learns of figures"
    )
    worth_rate: Array = Parameter(
        "unit", (0.05, 0.8), meaning="share of the surprise that a wholly responsible cause learns of oneself"
    )
    concentration: Array = Parameter(
        "positive", (0.02, 2.0), pooling="complete", meaning="readiness to see an exception, in events one unit ago"
    )
    noise: Array = Parameter("positive", (0.1, 0.6), fixed=0.3, meaning="sd of outcomes of one cause")
    generality: Array = Parameter(
        "positive", (0.2, 5.0), fixed=1.0, meaning="events by which a cause applies to anyone, whoever it was met with"
    )


class Cause(NamedTuple):
    availability: Array
    worth: Array
    recency: Array  # responsibility for earlier events, fading at each pace: (pace, person)
    company: Array  # responsibility for events with each figure: (figure, person)


class State(NamedTuple):
    early: Cause
    second: Cause
    third: Cause


def start(p: Parameters, figures: int) -> State:
    none = 0.0 * p.availability_start
    company = each_figure(none, figures)
    new = Cause(p.availability_start, p.worth_start, each_figure(none, len(PACES)), company)
    return State(new._replace(recency=by_figure([weight + none for weight in WEIGHTS])), new, new)


def drift(p: Parameters, s: State, event: Event) -> State:
    kept = by_figure([exp(-pace * event.since_any) for pace in PACES])
    return State(*(cause._replace(recency=cause.recency * kept) for cause in s))


def candidates(p: Parameters, s: State, event: Event) -> list[Cause]:
    """The causes that may explain an event: those at work so far, and one that is new."""
    nobody = each_figure(0.0 * event.outcome, count_figures(event.figure))
    new = Cause(p.availability_start, p.worth_start, by_figure([p.concentration]), nobody)
    return [*s, new]


def priors(causes: list[Cause]) -> list[Array]:
    """How far each cause suggests itself before it is known who is met."""
    return [over_figures(cause.recency) for cause in causes]


def resemblances(p: Parameters, causes: list[Cause], event: Event) -> list[Array]:
    """How far the figure met is one of those with whom each cause was met."""
    everyone = constant(count_figures(event.figure)) * p.generality
    return [
        (over_figures(event.figure * cause.company) + p.generality) / (over_figures(cause.company) + everyone)
        for cause in causes
    ]


def shares(*factors: list[Array]) -> list[Array]:
    """The products of the factors of each cause, as shares of their sum."""
    weights = [prod(each) for each in zip(*factors, strict=True)]
    total = sum(weights[1:], weights[0])
    return [weight / total for weight in weights]


def explain(p: Parameters, cause: Cause, responsibility: Array, event: Event) -> Cause:
    """A cause after an event that it is partly responsible for."""
    return Cause(
        cause.availability + p.availability_rate * responsibility * (event.outcome - cause.availability),
        cause.worth + p.worth_rate * responsibility * (event.outcome - cause.worth),
        cause.recency + by_figure([weight * responsibility for weight in WEIGHTS]),
        cause.company + event.figure * responsibility,
    )


def learn(p: Parameters, s: State, event: Event) -> State:
    causes = candidates(p, s, event)
    likely = [exp(-(((event.outcome - cause.availability) / p.noise) ** 2) / 2.0) for cause in causes]
    early, second, third, new = shares(priors(causes), resemblances(p, causes, event), likely)
    opened = minimum(over_figures(s.second.company), constant(1.0))
    return State(
        explain(p, s.early, early, event),
        explain(p, s.second, second + (1.0 - opened) * new, event),
        explain(p, s.third, third + opened * new, event),
    )


def beliefs(p: Parameters, s: State, event: Event) -> Beliefs:
    causes = candidates(p, s, event)
    in_general, with_figure = shares(priors(causes)), shares(priors(causes), resemblances(p, causes, event))
    availability = sum(share * cause.availability for share, cause in zip(with_figure, causes, strict=True))
    worth = sum(share * cause.worth for share, cause in zip(in_general, causes, strict=True))
    return Beliefs(availability, Belief(availability), Belief(worth))


RULE = Rule(Parameters(), start, drift, learn, beliefs)
