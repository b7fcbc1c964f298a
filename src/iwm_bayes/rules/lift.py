"""From one belief to a working model: lift a learner to availability and worth.

Availability is learned for each figure apart, worth from every figure; each copy has its own
parameters. With transfer, a person meets a new figure with

    (1 - transfer) * start + transfer * mean of the states of the figures met

which is transference as Barnby et al. (2020), doi:10.1371/journal.pcbi.1008372, write it. Variances
are averaged as they stand, not drifted since those figures were last seen.
"""

from typing import Any, NamedTuple

from iwm_bayes.ops import Array, constant, each_figure, has_figures, maximum, over_figures, where
from iwm_bayes.types import Belief, Beliefs, Event, Learner, Parameter, Params, Rule, State, map_tree, named_leaves

TRANSFER = Parameter(
    "unit", (0.05, 0.95), pooling="complete", meaning="share of a new figure's start that comes from earlier figures"
)


class Absent(NamedTuple):
    """A part that this theory does without; it has no leaves."""


class BeliefCopies(NamedTuple):
    """Parameters, or states, of the copies of a learner."""

    availability: Any
    worth: Any = Absent()
    transfer: Any = Absent()


def at_figure(event: Event, tree: Any) -> Any:
    """What belongs to the event's figure: leaves (figure, person) become (person,), others stay."""
    return map_tree(lambda leaf: over_figures(event.figure * leaf) if has_figures(leaf) else leaf, tree)


def set_at_figure(event: Event, new: State, old: State) -> State:
    """`old` with the event's figure set to `new`."""
    return map_tree(lambda here, all_: all_ + event.figure * (here - over_figures(event.figure * all_)), new, old)


def transfer_to_new_figure(event: Event, transfer: Array, fresh: State, old: State) -> State:
    """Start with a figure never met from what was learned of those who were."""
    known = over_figures(event.met)
    arriving = event.figure * (1.0 - event.met) * where(known > 0, constant(1), constant(0))

    def mix(first: Array, leaf: Array) -> Array:
        others = over_figures(event.met * leaf) / maximum(known, constant(1))
        return leaf + arriving * (first + transfer * (others - first) - leaf)

    return map_tree(mix, fresh, old)


def lift_learner(learner: Learner, worth: bool = True, transfer: bool = False) -> Rule:
    """A rule with availability per figure and, if `worth`, one belief in oneself, both learned alike."""
    declared = BeliefCopies(
        learner.parameters,
        learner.parameters if worth else Absent(),
        TRANSFER if transfer else Absent(),
    )

    def start(p: Params, figures: int) -> State:
        availability = map_tree(lambda leaf: each_figure(leaf, figures), learner.start(p.availability))
        return BeliefCopies(availability, learner.start(p.worth) if worth else Absent())

    def drift(p: Params, s: State, event: Event) -> State:
        fresh = learner.start(at_figure(event, p.availability))
        availability = transfer_to_new_figure(event, p.transfer, fresh, s.availability) if transfer else s.availability
        drifted = learner.drift(at_figure(event, p.availability), at_figure(event, availability), event.since_figure)
        return BeliefCopies(
            set_at_figure(event, drifted, availability),
            learner.drift(at_figure(event, p.worth), s.worth, event.since_any) if worth else Absent(),
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
    return Rule(declared, start, drift, learn, beliefs, by_figure, learner.outcomes)
