"""Effects of event terms: a parameter has a value per event.

    value[event] = unlink(link(value) + sum over terms of effect * term[event])

`value` is the person's, `term` a column of the data that changes from session to session, such as homework. An effect
is a parameter: a number on the link scale of what it moves. The value of an event counts for all that happens at it:
time passes before it, its outcome is learned, and beliefs are read out.

Initial beliefs and initial uncertainty are read once, before the first event, so that no event can change them.
"""

from collections.abc import Mapping
from typing import Any

from iwm_bayes.ops import Array
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.rules.modifiers.probe import is_read
from iwm_bayes.rules.modifiers.shift import SHIFTS
from iwm_bayes.types import Event, Parameter, Params, Rule, State, named_leaves, unflatten

type Effects = Mapping[str, Mapping[str, str]]  # by parameter: the term of every effect, by the effect's name

INITIAL = "start"  # a word in the names of parameters that are read once


def moved(declared: Params, values: Params, effects: Effects, own: Params, terms: Mapping[str, Array]) -> Params:
    """Return parameters at an event: `own` has the effects, `declared` the supports of `values`."""
    supports = {name: parameter.support for name, parameter in named_leaves(declared)}
    found = dict(named_leaves(values))
    for name, of_terms in effects.items():
        first, *others = (getattr(own, effect) * terms[term] for effect, term in of_terms.items())
        found[name] = SHIFTS[supports[name]](found[name], sum(others, first))
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
