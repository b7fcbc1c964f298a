"""Where a rule's state holds its beliefs, so that time or chance can move them in addition to learning.

    own scale   b        the belief itself (`on_outcome_scale`); it can leave 0..1
                logit b  its log-odds (`in_log_odds`)

A learner with a location says which field of its state is the belief, and on which scale. `lift_learner` makes from it
the `OwnScale` of a rule for both beliefs. A rule whose state has the fields `availability` (figure, person) and `worth`
gets its own scale from `fields_scale`.
"""

from collections.abc import Callable, Mapping
from functools import partial

from iwm_bayes.ops import Array, logit, sum_over_figures
from iwm_bayes.types import Event, Location, OwnScale, State

BOTH = ("availability", "worth")


def field_location(field: str, link: Callable[[Array], Array], steepness: float) -> Location:
    """Return a location in one field of the state."""
    return Location(lambda s: getattr(s, field), lambda s, belief: s._replace(**{field: belief}), link, steepness)


def identity(belief: Array) -> Array:
    """Return a belief as it is."""
    return belief


LOG_ODDS = 4.0  # derivative of the logit at .5
on_outcome_scale = partial(field_location, link=identity, steepness=1.0)
in_log_odds = partial(field_location, link=logit, steepness=LOG_ODDS)


def fields_scale(link: Callable[[State, Event, str, Array], Array], steepness: float) -> OwnScale:
    """Return the own scale of a rule whose state has the fields `availability` (figure, person) and `worth`.

    `link` takes (s, event, "availability" or "worth", belief in 0..1).
    """

    def read(s: State, event: Event) -> dict[str, Array]:
        return {"availability": sum_over_figures(event.figure * s.availability), "worth": s.worth}

    def move(s: State, event: Event, added: Mapping[str, Array]) -> State:
        availability = s.availability + event.figure * added["availability"]
        return s._replace(availability=availability, worth=s.worth + added["worth"])

    def to_own(s: State, event: Event, beliefs: Mapping[str, Array]) -> dict[str, Array]:
        return {name: link(s, event, name, belief) for name, belief in beliefs.items()}

    return OwnScale(BOTH, read, move, to_own, steepness)
