"""A learning rule in a Python file of one's own: check what the file defines.

The check takes the rule through one event of three people, on arrays.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from iwm_bayes.rules.own_file import N_PEOPLE, example_values, parameter_problems, run_guarded, run_python_file
from iwm_bayes.types import (
    Belief,
    Beliefs,
    Event,
    InputError,
    Learner,
    Rule,
    is_branch,
    named_leaves,
    unflatten,
)

N_FIGURES = 2  # of the example
ARGUMENTS = {  # of each function, in order
    Learner: {
        "start": "p",
        "drift": "p, s, elapsed",
        "notice": "s, event",
        "learn": "p, s, outcome",
        "belief": "p, s",
    },
    Rule: {"start": "p, figures", "drift": "p, s, event", "learn": "p, s, event", "beliefs": "p, s, event"},
}


def load_rule_file(path: Path, name: str) -> Learner | Rule:
    """Run a Python file and return the rule that it defines by this name; InputError says what is wrong with it."""
    return rule_of_module(path, run_python_file(path), name)


def rule_of_module(path: Path, module: ModuleType, name: str) -> Learner | Rule:
    """Return the rule that a file defines by this name; InputError says what is wrong with it."""
    rule = getattr(module, name, None)
    if not isinstance(rule, Learner | Rule):
        raise InputError([f"{path} has no Learner or Rule with the name {name!r}"])
    check_rule(path, rule)
    return rule


def check_rule(path: Path, rule: Learner | Rule) -> None:
    """Take a rule through one event of the example; InputError with the first thing that it does wrong."""
    if problems := parameter_problems("rule", rule.parameters):
        raise InputError(f"{path}: {problem}" for problem in problems)
    functions, (event, elapsed) = ARGUMENTS[type(rule)], example_event()
    p = unflatten(rule.parameters, map(example_values, [leaf for _, leaf in named_leaves(rule.parameters)]))

    def call(name: str, *arguments: Any) -> Any:
        remedy = f"It is called as {name}({functions[name]})"
        return run_guarded(path, f"`{name}`", remedy, lambda: getattr(rule, name)(*arguments))

    one_belief = isinstance(rule, Learner)
    start = call("start", p) if one_belief else call("start", p, N_FIGURES)
    check_state(path, "start", start, start)
    before = call("drift", p, start, elapsed if one_belief else event)
    check_state(path, "drift", before, start)
    if isinstance(rule, Learner) and rule.notice:
        before = call("notice", before, event)
        check_state(path, "notice", before, start)
    after = call("learn", p, before, event.outcome if one_belief else event)
    check_state(path, "learn", after, start)
    if isinstance(rule, Learner):
        check_belief(path, "belief", call("belief", p, after))
        check_location(path, rule, p, after)
        return
    beliefs = call("beliefs", p, after, event)
    if not isinstance(beliefs, Beliefs):
        raise InputError([f"{path}: `beliefs` must return Beliefs(expected, availability, worth)"])
    check_values(path, "beliefs", "expected", beliefs.expected, (N_PEOPLE,))
    for belief in (beliefs.availability, beliefs.worth):
        if belief is not None:
            check_belief(path, "beliefs", belief)


def example_event() -> tuple[Event, np.ndarray]:
    """Return an event with the second of two figures, and the time since the last one."""
    figure = np.repeat([[0.0], [1.0]], N_PEOPLE, axis=1)
    ones, zeros = np.ones(N_PEOPLE), np.zeros(N_PEOPLE)
    return Event(np.array([0.0, 0.5, 1.0]), figure, 1.0 - figure, ones, ones, zeros, zeros, zeros), ones


def check_state(path: Path, function: str, state: Any, start: Any) -> None:
    """Raise InputError unless a state has the form of the first one, and numbers of every person in each field."""
    if not is_branch(state) or type(state) is not type(start):
        form = type(start).__name__ if is_branch(start) else "a NamedTuple"
        raise InputError([f"{path}: `{function}` must return a state, {form}, and returns {type(state).__name__}"])
    for name, values in named_leaves(state):
        check_values(path, function, name, values, None)


def check_location(path: Path, rule: Learner, p: Any, state: Any) -> None:
    """Raise InputError unless the location of a learner, if it has one, is where the belief is."""
    if (location := rule.location) is None:
        return
    remedy = 'It is `on_outcome_scale("FIELD")` or `in_log_odds("FIELD")` of `rules.location`, for a field of the state'

    def moved_to(belief: float) -> Any:
        goal = location.link(belief + 0.0 * location.read(state))
        return rule.belief(p, location.write(state, goal)).mean

    if not np.allclose(run_guarded(path, "`location`", remedy, lambda: moved_to(0.7)), 0.7):
        raise InputError([f"{path}: `location` is not where the belief is: a belief put at .7 is another. {remedy}"])


def check_belief(path: Path, function: str, belief: Any) -> None:
    """Raise InputError unless a value is a Belief with numbers of every person."""
    if not isinstance(belief, Belief):
        raise InputError([f"{path}: `{function}` must return Belief(mean), and returns {type(belief).__name__}"])
    check_values(path, function, "mean", belief.mean, (N_PEOPLE,))
    if belief.variance is not None:
        check_values(path, function, "variance", belief.variance, (N_PEOPLE,))


def check_values(path: Path, function: str, name: str, values: Any, shape: tuple[int, ...] | None) -> None:
    """Raise InputError unless a field has finite numbers, one per person along its last axis."""
    where = f"{path}: `{function}` returns in the field `{name}`"
    if not isinstance(values, np.ndarray) or values.shape[-1:] != (N_PEOPLE,) or (shape and values.shape != shape):
        raise InputError(
            [f"{where} no array of one number per person. Build it from a parameter: 0.5 + 0 * p.start, not 0.5"]
        )
    if not np.issubdtype(values.dtype, np.floating) or not np.isfinite(values).all():
        raise InputError(
            [f"{where} {values[..., 0]}, which is no finite decimal number, for parameters in their prior range"]
        )
