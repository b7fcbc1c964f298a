"""Ask a learning rule which of its parameters it reads: does anything change if one of them does?

The rule is taken through two events that use everything a rule can use, from initial beliefs that stay the same.
"""

import numpy as np

from iwm_bayes.rules.own_file import N_PEOPLE, example_values
from iwm_bayes.rules.rule_file import N_FIGURES, example_event
from iwm_bayes.types import Event, Params, Rule, State, experienced, named_leaves, unflatten


def is_read(rule: Rule, name: str, learns: bool) -> bool:
    """Return whether two events differ with a parameter of a rule, from the same start; `learns` says if both teach."""
    leaves = dict(named_leaves(rule.parameters))
    values = {leaf: example_values(declared) for leaf, declared in leaves.items()}
    p = unflatten(rule.parameters, iter(values.values()))
    low, high = leaves[name].prior_90
    other = unflatten(rule.parameters, iter((values | {name: values[name] + 0.1 * (high - low)}).values()))
    event, _ = example_event()
    numbers = {term: np.linspace(-1.0, 1.0, N_PEOPLE) for term in (*rule.terms, *rule.innovations)}
    one = event.since_any
    distress = np.linspace(0.0, 1.0, N_PEOPLE)  # some are calm
    event = event._replace(distress=distress, threat=0.5 * one, rated=one, terms=numbers, innovations=numbers)
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
