"""From one belief to a working model: lift a learner to availability and worth.

Availability is learned for each figure apart, worth from every figure; each copy has its own
parameters. With transfer, a person meets a new figure with

    (1 - transfer) * start + transfer * mean of the states of the figures met

which is transference as Barnby et al. (2020), doi:10.1371/journal.pcbi.1008372, write it. Variances
are averaged as they stand, not drifted since those figures were last seen.
"""

from typing import Any, NamedTuple

from iwm_bayes.ops import Array, constant, each_figure, has_figures, maximum, over_figures, where
from iwm_bayes.types import Belief, Beliefs, Event, Learner, Parameter, Params, Rule, State, each, leaves

TRANSFER = Parameter(
    "unit", (0.05, 0.95), pooling="shared", meaning="share of a new figure's start that comes from earlier figures"
)


class Nothing(NamedTuple):
    """A part that this theory does without; it has no leaves."""


class Lifted(NamedTuple):
    """Parameters, or states, of the copies of a learner."""

    availability: Any
    worth: Any = Nothing()
    transfer: Any = Nothing()


def here(event: Event, tree: Any) -> Any:
    """What belongs to the event's figure: leaves (figure, person) become (person,), others stay."""
    return each(lambda leaf: over_figures(event.figure * leaf) if has_figures(leaf) else leaf, tree)


def put(event: Event, new: State, old: State) -> State:
    """`old` with the event's figure set to `new`."""
    return each(lambda here, all_: all_ + event.figure * (here - over_figures(event.figure * all_)), new, old)


def arrival(event: Event, transfer: Array, fresh: State, old: State) -> State:
    """Start with a figure never met from what was learned of those who were."""
    known = over_figures(event.met)
    arriving = event.figure * (1.0 - event.met) * where(known > 0, constant(1), constant(0))

    def mix(first: Array, leaf: Array) -> Array:
        others = over_figures(event.met * leaf) / maximum(known, constant(1))
        return leaf + arriving * (first + transfer * (others - first) - leaf)

    return each(mix, fresh, old)


def independent(learner: Learner, worth: bool = True, transfer: bool = False) -> Rule:
    """A rule with availability per figure and, if `worth`, one belief in oneself, both learned alike."""
    declared = Lifted(
        learner.parameters,
        learner.parameters if worth else Nothing(),
        TRANSFER if transfer else Nothing(),
    )

    def start(p: Params, figures: int) -> State:
        availability = each(lambda leaf: each_figure(leaf, figures), learner.start(p.availability))
        return Lifted(availability, learner.start(p.worth) if worth else Nothing())

    def drift(p: Params, s: State, event: Event) -> State:
        fresh = learner.start(here(event, p.availability))
        availability = arrival(event, p.transfer, fresh, s.availability) if transfer else s.availability
        drifted = learner.drift(here(event, p.availability), here(event, availability), event.since_figure)
        return Lifted(
            put(event, drifted, availability),
            learner.drift(here(event, p.worth), s.worth, event.since_any) if worth else Nothing(),
        )

    def learn(p: Params, s: State, event: Event) -> State:
        learned = learner.learn(here(event, p.availability), here(event, s.availability), event.outcome)
        return Lifted(
            put(event, learned, s.availability),
            learner.learn(here(event, p.worth), s.worth, event.outcome) if worth else Nothing(),
        )

    def beliefs(p: Params, s: State, event: Event) -> Beliefs:
        availability: Belief = learner.belief(here(event, p.availability), here(event, s.availability))
        return Beliefs(
            availability.mean, availability, learner.belief(here(event, p.worth), s.worth) if worth else None
        )

    by_figure = frozenset(name for name, _ in leaves(learner.parameters, "availability"))
    return Rule(declared, start, drift, learn, beliefs, by_figure, learner.outcomes)
