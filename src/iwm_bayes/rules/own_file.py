"""A Python file of one's own, with a learning rule or responses: run it and its functions within a time limit.

The checks find mistakes, and they are no protection: the file runs with all rights of the user. So it runs only where
somebody trusts it (see `model.specification.model_file.load_model`).
"""

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, get_args

import numpy as np

from iwm_bayes.types import InputError, Parameter, Params, is_branch, named_leaves

TIME_LIMIT = 30.0  # seconds for the file, and again for its functions; a file may import a large library
N_PEOPLE = 3  # of the example
SUPPORTS = get_args(Parameter.__annotations__["support"])


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


def run_python_file(path: Path) -> ModuleType:
    """Run a Python file and return what it defines; InputError where it is not there, stops or fails.

    What runs is the text as it is now. Python's own cache would miss a change within a second that keeps the length.
    """
    spec = spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None:
        raise InputError([f'{path}: there is no such Python file. A part of your own is named "file.py:NAME"'])
    module = module_from_spec(spec)

    def run() -> None:
        exec(compile(path.read_bytes(), path, "exec", dont_inherit=True), vars(module))

    run_guarded(path, "the file", "Correct it", run)
    return module


def parameter_problems(part: str, declarations: Params) -> list[str]:
    """Return what is wrong with the declarations of the parameters of a part, a rule or a response."""
    if not is_branch(declarations):
        return [f"the parameters of the {part} must be a NamedTuple of Parameter"]
    problems = []
    for name, declared in named_leaves(declarations):
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
