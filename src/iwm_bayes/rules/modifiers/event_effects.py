"""Effects of event terms: a parameter has a value per event.

    value[event] = unlink(link(value) + sum over terms of effect * term[event])

`value` is the person's, `term` a column of the data that changes from session to session, such as homework. An effect
is a parameter: a number on the link scale of what it moves. The value of an event counts for all that happens at it:
time passes before it, its outcome is learned, and beliefs are read out.

Initial beliefs and initial uncertainty are read once, before the first event, so that no event can change them.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from iwm_bayes.ops import Array, exp
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.rules.own_file import N_PEOPLE, example_values
from iwm_bayes.rules.rule_file import N_FIGURES, example_event
from iwm_bayes.types import Event, Parameter, Params, Rule, State, experienced, named_leaves, unflatten

type Effects = Mapping[str, Mapping[str, str]]  # by parameter: the term of every effect, by the effect's name

MOVE: Mapping[str, Callable[[Array, Array], Array]] = {  # unlink(link(value) + by), by the support of the value
    "unit": lambda value, by: value * exp(by) / (1.0 - value + value * exp(by)),
    "positive": lambda value, by: value * exp(by),
    "real": lambda value, by: value + by,
}
INITIAL = "start"  # a word in the names of parameters that are read once


def moved(declared: Params, values: Params, effects: Effects, own: Params, terms: Mapping[str, Array]) -> Params:
    """Return parameters at an event: `own` has the effects, `declared` the supports of `values`."""
    supports = {name: parameter.support for name, parameter in named_leaves(declared)}
    found = dict(named_leaves(values))
    for name, of_terms in effects.items():
        first, *others = (getattr(own, effect) * terms[term] for effect, term in of_terms.items())
        found[name] = MOVE[supports[name]](found[name], sum(others, first))
    return unflatten(values, iter(found.values()))


def with_event_effects(rule: Rule, effects: Effects, added: Mapping[str, Parameter]) -> Rule:
    """Add effects of event terms on parameters of a rule; `added` declares them. The rule must name its `terms`."""

    def at_event(p: Any, old_p: Any, event: Event) -> Any:
        return moved(rule.parameters, old_p, effects, p, event.terms)

    def drift(p: Any, old_p: Any, s: State, event: Event) -> State:
        return rule.drift(at_event(p, old_p, event), s, event)

    def learn(p: Any, old_p: Any, s: State, event: Event) -> State:
        return rule.learn(at_event(p, old_p, event), s, event)

    def beliefs(p: Any, old_p: Any, s: State, event: Event) -> Any:
        return rule.beliefs(at_event(p, old_p, event), s, event)

    def outcome(p: Any, old_p: Any, event: Event) -> Array:
        return rule.outcome(at_event(p, old_p, event), event)  # type: ignore[misc]  # used where the rule has one

    latent = {"outcome": outcome} if rule.outcome else {}
    return with_parameters(rule, added, drift=drift, learn=learn, beliefs=beliefs, **latent)


def is_read_at_events(rule: Rule, name: str) -> bool:
    """Return whether a parameter of a rule matters after the first event began: whether events can change it."""
    return INITIAL not in name.split("_") and is_read(rule, name, learns=True)


def is_read_without_outcome(rule: Rule, name: str) -> bool:
    """Return whether a parameter of a rule matters at events without an outcome, while time passes or in a belief."""
    return INITIAL not in name.split("_") and is_read(rule, name, learns=False)


def is_read(rule: Rule, name: str, learns: bool) -> bool:
    """Return whether two events differ with a parameter of a rule, from the same start; `learns` says if both teach."""
    leaves = dict(named_leaves(rule.parameters))
    values = {leaf: example_values(declared) for leaf, declared in leaves.items()}
    p = unflatten(rule.parameters, iter(values.values()))
    low, high = leaves[name].prior_90
    other = unflatten(rule.parameters, iter((values | {name: values[name] + 0.1 * (high - low)}).values()))
    event, _ = example_event()
    numbers = {term: np.linspace(-1.0, 1.0, N_PEOPLE) for term in (*rule.terms, *rule.innovations)}
    event = event._replace(distress=event.since_any, rated=event.since_any, terms=numbers, innovations=numbers)
    with np.errstate(all="ignore"):
        start = rule.start(p, N_FIGURES)
        first, second = (two_events(rule, own, start, event, learns) for own in (p, other))
    return not np.allclose(first, second, rtol=1e-9, equal_nan=True)


def two_events(rule: Rule, p: Params, s: State, event: Event, learns: bool) -> np.ndarray:
    """Return the states and beliefs of two events from a state on, as one row of numbers."""
    numbers: list[np.ndarray] = []
    event = experienced(rule, p, event)
    for _ in range(2):
        before = rule.drift(p, s, event)
        s = rule.learn(p, before, event) if learns else before
        found = (before, s, rule.beliefs(p, before, event), rule.beliefs(p, s, event))
        numbers += [np.ravel(leaf) for tree in found for _, leaf in named_leaves(tree) if leaf is not None]
    return np.concatenate(numbers)
