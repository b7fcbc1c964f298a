"""What a response can read of a mind and of an event.

A *reading* is one thing, at one moment of an event, about the figure of the event or a named one. `READOUTS` says what
there is to read; `required_readouts` lists what a response needs, and `readout_arguments` hands it over in the order of `given`.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from iwm_bayes.ops import Array, by_figure, constant
from iwm_bayes.types import Beliefs, Event, Response


class View(NamedTuple):
    """What there is to read at one moment of an event."""

    before: Beliefs  # when the event began
    now: Beliefs
    event: Event
    told: Array  # 1 once the outcome was experienced, else 0


def was_experienced(view: View) -> Array:
    """1 once the outcome was experienced, else 0."""
    return view.told


def centred_outcome(view: View) -> Array:
    """How far from the middle of the scale the outcome was, 0 where there was none to experience."""
    return view.told * (view.event.outcome - constant(0.5))


READOUTS: Mapping[str, Callable[[View], Array]] = {
    "expected": lambda view: view.now.expected,
    "availability": lambda view: view.now.availability.mean,
    "worth": lambda view: view.now.worth.mean,  # type: ignore[union-attr]  # theory.load gives it where it is read
    "act": centred_outcome,
    "told": was_experienced,
    "acts": centred_outcome,  # the same by another name, for a response that keeps them and reads this one, too
    "number": was_experienced,  # of acts, likewise
    "surprise": lambda view: view.told * (view.event.outcome - view.before.expected),
    "worth_change": lambda view: view.now.worth.mean - view.before.worth.mean,  # type: ignore[union-attr]
    "perceived": lambda view: view.before.perceived,  # where `assimilating` gives it
    "distress": lambda view: view.event.distress,
    "threat": lambda view: view.told * view.event.threat,
}


class Readout(NamedTuple):
    """One thing that is read at every event."""

    about: str  # a key of READS
    timing: Literal["before", "after"]
    figure: int | None = None  # about whom; None is the figure of the event


def required_readouts(response: Response, figures: int) -> list[Readout]:
    """What a response needs: what is held (about one figure or each), then everything else, in order.

    `figures` is how many there are to turn to, not counting someone whom nobody has met.
    """
    whom = range(figures) if response.figure_scope == "each" else [None]
    asked = [(response.about, figure) for figure in whom] + [(about, None) for about in response.also_reads]
    return [
        Readout(about, "after" if about in response.accumulates else response.timing, whom) for about, whom in asked
    ]


def readout_arguments(response: Response, found: Mapping[Readout, Array], figures: int) -> list[Array]:
    """What `given` takes beside the parameters: readings, those about each figure together (figure, person)."""
    values = [found[reading] for reading in required_readouts(response, figures)]
    return values if response.figure_scope == "met" else [by_figure(values[:figures]), *values[figures:]]
