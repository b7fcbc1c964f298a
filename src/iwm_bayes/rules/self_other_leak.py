"""Prediction errors spill over between self and other.

    belief       <- 1/2 + (belief - 1/2) * (1 - fading)^elapsed                            (time passes)
    about_other   = outcome - availability,   about_self = outcome - worth           (an outcome is observed)
    availability <- availability + availability_rate * (about_other + availability_leak * about_self)
    worth        <- worth + worth_rate * (about_self + worth_leak * about_other)

Both beliefs are limited to 0..1. Hypothesis: people do not separate self and other. A prediction error about one of
them changes the belief about the other by association, without weighing what explains what. At a leak of 1 and equal
rates, both change by the same amount. Availability is learned separately for each figure, and fades from the last event
with that figure. After Ereira et al. (2020), doi:10.1038/s41467-020-16856-8.
"""

from typing import NamedTuple

from iwm_bayes.ops import Array, broadcast_figures, constant, maximum, minimum
from iwm_bayes.rules.lift import at_figure, set_at_figure
from iwm_bayes.rules.location import fields_scale
from iwm_bayes.rules.notation import Notation
from iwm_bayes.types import Belief, Beliefs, Event, Parameter, Rule

LATEX = Notation(
    symbols={
        "availability_start": r"a_0",
        "worth_start": r"w_0",
        "availability_rate": r"\alpha_a",
        "worth_rate": r"\alpha_w",
        "availability_leak": r"\lambda_a",
        "worth_leak": r"\lambda_w",
        "fading": r"f",
    },
    start=(r"a = a_0, \quad w = w_0",),
    time=(
        r"a \leftarrow \tfrac{1}{2} + (1 - f)^{\Delta t}\left(a - \tfrac{1}{2}\right), \quad "
        r"w \leftarrow \tfrac{1}{2} + (1 - f)^{\Delta t}\left(w - \tfrac{1}{2}\right)",
    ),
    outcome=(
        r"\delta_a = o - a, \quad \delta_w = o - w",
        r"a \leftarrow \min\left(1,\ \max\left(0,\ a + \alpha_a\,(\delta_a + \lambda_a\,\delta_w)\right)\right)",
        r"w \leftarrow \min\left(1,\ \max\left(0,\ w + \alpha_w\,(\delta_w + \lambda_w\,\delta_a)\right)\right)",
    ),
    quantities={"a": "availability of the figure", "w": "self-worth"},
)


class Parameters(NamedTuple):
    availability_start: Array = Parameter("unit", (0.15, 0.85), meaning="initial availability, before the first event")
    worth_start: Array = Parameter("unit", (0.15, 0.85), meaning="initial self-worth, before the first event")
    availability_rate: Array = Parameter("unit", (0.02, 0.5), meaning="learning rate of availability")
    worth_rate: Array = Parameter("unit", (0.02, 0.5), meaning="learning rate of self-worth")
    availability_leak: Array = Parameter(
        "unit",
        (0.05, 0.8),
        pooling="complete",
        meaning="share of the prediction error about oneself that reaches availability",
    )
    worth_leak: Array = Parameter(
        "unit",
        (0.05, 0.8),
        pooling="complete",
        meaning="share of the prediction error about the figure that reaches self-worth",
    )
    fading: Array = Parameter(
        "unit",
        (0.01, 0.2),
        pooling="complete",
        fixed=0.0,
        meaning="share of the way to a belief of .5 per unit of time",
    )


class State(NamedTuple):
    availability: Array  # (figure, person)
    worth: Array


def start(p: Parameters, figures: int) -> State:
    return State(broadcast_figures(p.availability_start, figures), p.worth_start)


def fade(belief: Array, retention: Array) -> Array:
    """Move a belief towards .5; `retention` is the share of its distance that is left."""
    return 0.5 + retention * (belief - 0.5)


def drift(p: Parameters, s: State, event: Event) -> State:
    availability = fade(at_figure(event, s).availability, (1.0 - p.fading) ** event.since_figure)
    return State(
        set_at_figure(event, availability, s.availability),
        fade(s.worth, (1.0 - p.fading) ** event.since_any),
    )


def clip(belief: Array) -> Array:
    """Limit a belief to 0..1."""
    return minimum(maximum(belief, constant(0.0)), constant(1.0))


def learn(p: Parameters, s: State, event: Event) -> State:
    p, availability = at_figure(event, p), at_figure(event, s).availability
    about_other, about_self = event.outcome - availability, event.outcome - s.worth
    updated = availability + p.availability_rate * (about_other + p.availability_leak * about_self)
    return State(
        set_at_figure(event, clip(updated), s.availability),
        clip(s.worth + p.worth_rate * (about_self + p.worth_leak * about_other)),
    )


def beliefs(p: Parameters, s: State, event: Event) -> Beliefs:
    availability = at_figure(event, s).availability
    return Beliefs(availability, Belief(availability), Belief(s.worth))


def own_value(s: State, event: Event, name: str, belief: Array) -> Array:
    """Return a belief on the own scale, which is that of the outcome."""
    return belief


RULE = Rule(
    Parameters(),
    start,
    drift,
    learn,
    beliefs,
    frozenset({"availability_start", "availability_rate", "availability_leak"}),
    own_scale=fields_scale(own_value, 1.0),
)
