"""A learning rule in a Python file of one's own: run the file within a time limit, and check what it defines.

The check takes the rule through one event of three people, on arrays. It finds mistakes, and it is no protection: the
file runs with all rights of the user. So it runs only where somebody trusts it (see `model.model_file.load_model`).
"""

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FrameType
from typing import Any, get_args

import numpy as np

from iwm_bayes.types import (
    Belief,
    Beliefs,
    Event,
    InputError,
    Learner,
    Parameter,
    Rule,
    is_branch,
    named_leaves,
    unflatten,
)

TIME_LIMIT = 30.0  # seconds for the file, and again for its functions; a file may import a large library
N_PEOPLE, N_FIGURES = 3, 2  # of the example
SUPPORTS = get_args(Parameter.__annotations__["support"])
ARGUMENTS = {  # of each function, in order
    Learner: {"start": "p", "drift": "p, s, elapsed", "learn": "p, s, outcome", "belief": "p, s"},
    Rule: {"start": "p, figures", "drift": "p, s, event", "learn": "p, s, event", "beliefs": "p, s, event"},
}


class TimeLimitExceeded(BaseException):
    """The time limit is over. Code that catches every `Exception` does not catch this."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeLimitExceeded if the block takes longer; without effect outside the main thread, or without alarms."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TimeLimitExceeded

    began, handler = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    remaining, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, handler)
        left = max(remaining - (time.monotonic() - began), 1e-3) if remaining else 0.0
        signal.setitimer(signal.ITIMER_REAL, left)  # an alarm that was set before this one


def run_guarded(path: Path, what: str, remedy: str, function: Callable[[], Any]) -> Any:
    """Return what a function of the file returns; InputError with the line of the file where it stops or fails."""
    try:
        with time_limit(TIME_LIMIT):
            return function()
    except TimeLimitExceeded:
        raise InputError([f"{path}: {what} takes longer than {TIME_LIMIT:g} s. Look for a loop without end"]) from None
    except SystemExit as error:
        raise InputError(
            [f"{path}{failing_line(path, error)}: {what} ends the program. Take the call of `exit` out"]
        ) from error
    except Exception as error:  # the code may raise anything
        fault = f"{what} does not run: {type(error).__name__}: {error}"
        raise InputError([f"{path}{failing_line(path, error)}: {fault}. {remedy}"]) from error


def failing_line(path: Path, error: BaseException) -> str:
    """Return the last line of a file in the traceback of an error, as ", line 7"; empty where the file is not in it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}" if error.lineno else ""
    return f", line {frames[-1].lineno}" if frames else ""


def load_rule_file(path: Path, name: str) -> Learner | Rule:
    """Run a Python file and return the rule that it defines by this name; InputError says what is wrong with it."""
    spec = spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise InputError([f'{path}: there is no such Python file. A learning rule of your own is named "file.py:NAME"'])
    module, loader = module_from_spec(spec), spec.loader
    run_guarded(path, "the file", "Correct it", lambda: loader.exec_module(module))
    rule = getattr(module, name, None)
    if not isinstance(rule, Learner | Rule):
        raise InputError([f"{path} has no Learner or Rule with the name {name!r}"])
    check_rule(path, rule)
    return rule


def check_rule(path: Path, rule: Learner | Rule) -> None:
    """Take a rule through one event of the example; InputError with the first thing that it does wrong."""
    if problems := parameter_problems(rule):
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
    after = call("learn", p, before, event.outcome if one_belief else event)
    check_state(path, "learn", after, start)
    if one_belief:
        check_belief(path, "belief", call("belief", p, after))
        return
    beliefs = call("beliefs", p, after, event)
    if not isinstance(beliefs, Beliefs):
        raise InputError([f"{path}: `beliefs` must return Beliefs(expected, availability, worth)"])
    check_values(path, "beliefs", "expected", beliefs.expected, (N_PEOPLE,))
    for belief in (beliefs.availability, beliefs.worth):
        if belief is not None:
            check_belief(path, "beliefs", belief)


def parameter_problems(rule: Learner | Rule) -> list[str]:
    """Return what is wrong with the declarations of a rule's parameters."""
    if not is_branch(rule.parameters):
        return ["the parameters of the rule must be a NamedTuple of Parameter"]
    problems = []
    for name, declared in named_leaves(rule.parameters):
        if not isinstance(declared, Parameter):
            problems.append(f"the parameter `{name}` must be a Parameter, not {declared!r}")
        elif declared.support not in SUPPORTS:
            problems.append(
                f"the parameter `{name}` has the support {declared.support!r}; choose from {', '.join(SUPPORTS)}"
            )
    return problems


def example_values(declared: Parameter) -> np.ndarray:
    """Return values of a parameter over its prior 90% range, or its fixed value, (person,)."""
    low, high = (declared.fixed, declared.fixed) if declared.fixed is not None else declared.prior_90
    return np.linspace(low, high, N_PEOPLE)


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
