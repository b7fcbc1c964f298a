"""Surprise leaks between what is believed of others and of oneself.

    belief       <- 1/2 + (belief - 1/2) * (1 - fading)^elapsed                            (time passes)
    about_other   = outcome - availability,   about_self = outcome - worth           (an outcome is seen)
    availability <- availability + availability_rate * (about_other + availability_leak * about_self)
    worth        <- worth + worth_rate * (about_self + worth_leak * about_other)

Both are held within 0..1. Claim: self and other are not kept apart; a surprise about the one moves the other by
association, with no weighing of what explains what. A leak of 1 makes both move by the same sum of surprises.
Availability is learned for each figure apart and fades since that figure was met. After Ereira et al. (2020),
doi:10.1038/s41467-020-16856-8.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, constant, each_figure, maximum, minimum
from iwm_bayes.rules.lift import at_figure, set_at_figure
from iwm_bayes.types import Belief, Beliefs, Event, Parameter, Rule


class Parameters(NamedTuple):
    availability_start: Array = Parameter("unit", (0.15, 0.85), meaning="availability before the first event")
    worth_start: Array = Parameter("unit", (0.15, 0.85), meaning="worth before the first event")
    availability_rate: Array = Parameter("unit", (0.02, 0.5), meaning="share of a surprise about the figure learned")
    worth_rate: Array = Parameter("unit", (0.02, 0.5), meaning="share of a surprise about oneself learned")
    availability_leak: Array = Parameter(
        "unit", (0.05, 0.8), pooling="complete", meaning="share of a surprise about oneself that reaches availability"
    )
    worth_leak: Array = Parameter(
        "unit", (0.05, 0.8), pooling="complete", meaning="share of a surprise about the figure that reaches worth"
    )
    fading: Array = Parameter(
        "unit",
        (0.01, 0.2),
        pooling="complete",
        fixed=0.0,
        meaning="share of the way to an even belief, per unit of time",
    )


class State(NamedTuple):
    availability: Array  # (figure, person)
    worth: Array


def start(p: Parameters, figures: int) -> State:
    return State(each_figure(p.availability_start, figures), p.worth_start)


def fade(belief: Array, kept: Array) -> Array:
    return 0.5 + kept * (belief - 0.5)


def drift(p: Parameters, s: State, event: Event) -> State:
    of_figure = fade(at_figure(event, s).availability, (1.0 - p.fading) ** event.since_figure)
    return State(
        set_at_figure(event, of_figure, s.availability),
        fade(s.worth, (1.0 - p.fading) ** event.since_any),
    )


def within(belief: Array) -> Array:
    return minimum(maximum(belief, constant(0.0)), constant(1.0))


def learn(p: Parameters, s: State, event: Event) -> State:
    p, available = at_figure(event, p), at_figure(event, s).availability
    about_other, about_self = event.outcome - available, event.outcome - s.worth
    learned = available + p.availability_rate * (about_other + p.availability_leak * about_self)
    return State(
        set_at_figure(event, within(learned), s.availability),
        within(s.worth + p.worth_rate * (about_self + p.worth_leak * about_other)),
    )


def beliefs(p: Parameters, s: State, event: Event) -> Beliefs:
    available = at_figure(event, s).availability
    return Beliefs(available, Belief(available), Belief(s.worth))


RULE = Rule(
    Parameters(),
    start,
    drift,
    learn,
    beliefs,
    frozenset({"availability_start", "availability_rate", "availability_leak"}),
)
