"""From one belief to an internal working model: apply a learner to availability and to self-worth.

Availability is learned separately for each figure, self-worth from all figures. Each belief has its own parameters.
With transfer, the belief about a new figure starts at

    (1 - transfer) * start + transfer * mean of the states of the figures met

This is transference as in Barnby et al. (2020), doi:10.1371/journal.pcbi.1008372. Variances are averaged as they are,
without the time since the last event with those figures.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from iwm_bayes.ops import Array, broadcast_figures, constant, has_figures, maximum, sum_over_figures, where
from iwm_bayes.rules.location import BOTH
from iwm_bayes.types import (
    Belief,
    Beliefs,
    Event,
    Learner,
    Location,
    OwnScale,
    Parameter,
    Params,
    Rule,
    State,
    map_tree,
    named_leaves,
)

TRANSFER = Parameter(
    "unit",
    (0.05, 0.95),
    pooling="complete",
    meaning="share of the initial belief about a new figure that comes from earlier figures",
)


class Absent(NamedTuple):
    """A part that the model does not have; it has no leaves."""


class BeliefCopies(NamedTuple):
    """Parameters, or states, of the two beliefs that a learner is applied to."""

    availability: Any
    worth: Any = Absent()
    transfer: Any = Absent()


def at_figure(event: Event, tree: Any) -> Any:
    """Select the values of the event's figure: leaves (figure, person) become (person,), others stay."""
    return map_tree(lambda leaf: sum_over_figures(event.figure * leaf) if has_figures(leaf) else leaf, tree)


def set_at_figure(event: Event, new: State, old: State) -> State:
    """Return `old` with the values of the event's figure replaced by `new`."""
    return map_tree(lambda value, leaf: leaf + event.figure * (value - sum_over_figures(event.figure * leaf)), new, old)


def transfer_to_new_figure(event: Event, transfer: Array, initial: State, old: State) -> State:
    """Start the belief about a figure that was not met before from the beliefs about those that were."""
    n_met = sum_over_figures(event.met)
    is_new = event.figure * (1.0 - event.met) * where(n_met > 0, constant(1), constant(0))

    def mix(first: Array, leaf: Array) -> Array:
        others = sum_over_figures(event.met * leaf) / maximum(n_met, constant(1))
        return leaf + is_new * (first + transfer * (others - first) - leaf)

    return map_tree(mix, initial, old)


def lift_learner(learner: Learner, worth: bool = True, transfer: bool = False) -> Rule:
    """Make a rule with availability per figure and, if `worth`, self-worth; both are learned by the same equations."""
    declared = BeliefCopies(
        learner.parameters,
        learner.parameters if worth else Absent(),
        TRANSFER if transfer else Absent(),
    )

    def notice(s: State, event: Event) -> State:
        return learner.notice(s, event) if learner.notice else s

    def start(p: Params, figures: int) -> State:
        availability = map_tree(lambda leaf: broadcast_figures(leaf, figures), learner.start(p.availability))
        return BeliefCopies(availability, learner.start(p.worth) if worth else Absent())

    def drift(p: Params, s: State, event: Event) -> State:
        initial = learner.start(at_figure(event, p.availability))
        availability = (
            transfer_to_new_figure(event, p.transfer, initial, s.availability) if transfer else s.availability
        )
        of_figure = at_figure(event, availability)
        drifted = notice(learner.drift(at_figure(event, p.availability), of_figure, event.since_figure), event)
        return BeliefCopies(
            set_at_figure(event, drifted, availability),
            notice(learner.drift(at_figure(event, p.worth), s.worth, event.since_any), event) if worth else Absent(),
        )

    def learn(p: Params, s: State, event: Event) -> State:
        learned = learner.learn(at_figure(event, p.availability), at_figure(event, s.availability), event.outcome)
        return BeliefCopies(
            set_at_figure(event, learned, s.availability),
            learner.learn(at_figure(event, p.worth), s.worth, event.outcome) if worth else Absent(),
        )

    def beliefs(p: Params, s: State, event: Event) -> Beliefs:
        availability: Belief = learner.belief(at_figure(event, p.availability), at_figure(event, s.availability))
        return Beliefs(
            availability.mean, availability, learner.belief(at_figure(event, p.worth), s.worth) if worth else None
        )

    by_figure = frozenset(name for name, _ in named_leaves(learner.parameters, "availability"))
    rule = Rule(declared, start, drift, learn, beliefs, by_figure, learner.outcomes)
    own_scale = lift_location(learner.location, worth) if learner.location else None
    ordered = tuple(
        (f"{belief}_{low}", f"{belief}_{high}")
        for belief in (BOTH if worth else BOTH[:1])
        for low, high in learner.ordered
    )
    return rule._replace(own_scale=own_scale, no_own_scale=learner.no_location, ordered=ordered)


def lift_location(location: Location, worth: bool) -> OwnScale:
    """Return how both beliefs of a lifted learner are moved, from where it holds one of them."""

    def read(s: State, event: Event) -> dict[str, Array]:
        own = {"availability": at_figure(event, s.availability)} | ({"worth": s.worth} if worth else {})
        return {name: location.read(state) for name, state in own.items()}

    def moved(s: State, added: Array) -> State:
        return location.write(s, location.read(s) + added)

    def move(s: State, event: Event, added: Mapping[str, Array]) -> State:
        availability = moved(at_figure(event, s.availability), added["availability"])
        return BeliefCopies(
            set_at_figure(event, availability, s.availability), moved(s.worth, added["worth"]) if worth else Absent()
        )

    def link(s: State, event: Event, beliefs: Mapping[str, Array]) -> dict[str, Array]:
        return {name: location.link(belief) for name, belief in beliefs.items()}

    return OwnScale(BOTH if worth else BOTH[:1], read, move, link, location.steepness)
