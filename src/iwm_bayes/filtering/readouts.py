"""Readouts: the beliefs and the properties of an event that a response can depend on.

A *readout* is one quantity, before or after the outcome, about the figure of the event or about a named figure.
`READOUTS` defines all quantities, apart from the event terms of a study. `required_readouts` lists those that a
response needs, and `readout_arguments` passes their values to the response in the order of its `arguments`.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from iwm_bayes.ops import Array, constant, stack_figures
from iwm_bayes.types import Beliefs, Event, Response


class ReadoutContext(NamedTuple):
    """Everything that a readout is computed from."""

    before: Beliefs  # before the outcome
    now: Beliefs  # at the time of the readout
    event: Event
    experienced: Array  # 1 if the outcome has been experienced by now, else 0
    initial: Callable[[], Beliefs]  # before the first event, about the same figure


def was_experienced(context: ReadoutContext) -> Array:
    """Return 1 if the outcome has been experienced, else 0."""
    return context.experienced


def centred_outcome(context: ReadoutContext) -> Array:
    """Return the outcome minus .5, the middle of the scale; 0 if it has not been experienced."""
    return context.experienced * (context.event.outcome - constant(0.5))


READOUTS: Mapping[str, Callable[[ReadoutContext], Array]] = {
    "expected": lambda context: context.now.expected,
    "availability": lambda context: context.now.availability.mean,
    "worth": lambda context: context.now.worth.mean,  # type: ignore[union-attr]  # `load_model` checks that it exists
    "centred_outcome": centred_outcome,
    "was_experienced": was_experienced,
    "centred_outcomes": centred_outcome,  # the same under another name: a response can sum it and use it unsummed, too
    "outcome_count": was_experienced,  # likewise
    "prediction_error": lambda context: context.experienced * (context.event.outcome - context.before.expected),
    "worth_change": lambda context: context.now.worth.mean - context.before.worth.mean,  # type: ignore[union-attr]  # as above
    "initial_availability": lambda context: context.initial().availability.mean,
    "initial_worth": lambda context: context.initial().worth.mean,  # type: ignore[union-attr]  # as above
    "distress": lambda context: context.event.distress,
    "threat": lambda context: context.experienced * context.event.threat,
    "pull": lambda context: context.now.pull,
}


TERM = "term "  # with the name of an event term: the readout of this term


def readout_value(about: str, context: ReadoutContext) -> Array:
    """Return the value of a readout: one of `READOUTS`, or "term NAME" for an event term."""
    return context.event.terms[about.removeprefix(TERM)] if about.startswith(TERM) else READOUTS[about](context)


class Readout(NamedTuple):
    """One quantity that is computed at every event."""

    about: str  # a key of `READOUTS`, or "term NAME"; of a dyad, with the role of the member in front
    timing: Literal["before", "after"]  # relative to the outcome
    figure: int | None = None  # about this figure; None: about the figure of the event


def required_readouts(response: Response, figures: int) -> list[Readout]:
    """List what a response needs: its main readout (about one figure or about each), then its further readouts.

    `figures` is the number of figures that a person can turn to; it excludes the generalised expectation.
    """
    main = [(response.about, figure) for figure in (range(figures) if response.figure_scope == "each" else [None])]
    further = [(about, None) for about in response.also_reads]
    over_events = {*response.accumulates, *(response.lagged if response.lag else ())}
    return [
        Readout(about, "after" if about in over_events else response.timing, figure) for about, figure in main + further
    ]


def readout_arguments(response: Response, readouts: Mapping[Readout, Array], figures: int) -> list[Array]:
    """Return the arguments of `Response.arguments` after the parameters.

    Readouts about each figure are stacked to (figure, person).
    """
    values = [readouts[readout] for readout in required_readouts(response, figures)]
    return values if response.figure_scope == "met" else [stack_figures(values[:figures]), *values[figures:]]
