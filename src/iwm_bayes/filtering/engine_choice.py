"""Which engine computes likelihoods and posteriors: the fast one, or the plain one.

    fast     machine code of this program; it needs versions of three libraries that are known to serve it
    plain    public functions of PyTensor and nutpie alone: slower to compile and to run, the same density

The environment variable `IWM_ENGINE` chooses. Without it, the fast engine is used where the versions are known. Where
it cannot be built for a model, the plain one is used in its place. The program warns once for each reason.
"""

import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from iwm_bayes.types import InputError

VARIABLE = "IWM_ENGINE"
ENGINE_NAMES = ("fast", "plain")
FENCE: Mapping[str, tuple[str, str]] = {  # libraries whose inner parts the fast engine uses: from, and below
    "llvmlite": ("0.46", "0.51"),
    "numba": ("0.63", "0.69"),
    "nutpie": ("0.16.11", "0.17"),
    "pytensor": ("3.3.6", "3.4"),
}


engine_of_block: ContextVar[str | None] = ContextVar("engine_of_block", default=None)
reasons_given: set[str] = set()


class PlainEngineWarning(UserWarning):
    """The fast engine cannot be built here, and the plain one is used in its place."""


def release(text: str) -> tuple[int, ...]:
    """Return the numbers at the beginning of a version: (0, 68, 0) of "0.68.0rc1"."""
    numbers = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(number) for number in numbers.group().split(".")) if numbers else ()


@cache
def installed_version(library: str) -> str | None:
    """Return the version of a library; None where it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def versions_outside(fence: Mapping[str, tuple[str, str]] = FENCE) -> list[str]:
    """Return what is outside the versions that the fast engine can use, such as "numba 0.71 (0.63 to below 0.69)"."""
    found = []
    for library, (lowest, beyond) in fence.items():
        own = installed_version(library)
        if own is None or not release(lowest) <= release(own) < release(beyond):
            found.append(f"{library} {own or 'is missing'} ({lowest} to below {beyond})")
    return found


def warn_of_plain_engine(reason: str) -> None:
    """Warn that the fast engine cannot be built, once for each reason."""
    if reason in reasons_given:
        return
    reasons_given.add(reason)
    warnings.warn(
        f"the fast engine cannot be built ({reason}), so the plain one is used: slower, with the same results",
        PlainEngineWarning,
        stacklevel=3,
    )


def engine_name() -> str:
    """Return the engine in use, "fast" or "plain"; InputError where `IWM_ENGINE` names neither."""
    name = engine_of_block.get() or os.environ.get(VARIABLE)
    if name and name not in ENGINE_NAMES:
        raise InputError([f"{VARIABLE}={name}: there is no such engine; choose from {', '.join(ENGINE_NAMES)}"])
    if not name and (outside := versions_outside()):
        warn_of_plain_engine(f"it has not been tried with {', '.join(outside)}")
        return "plain"
    return name or "fast"


@contextmanager
def using_engine(name: str) -> Iterator[None]:
    """Use an engine while the block runs, whatever `IWM_ENGINE` says; other threads keep theirs."""
    token = engine_of_block.set(name)
    try:
        yield
    finally:
        engine_of_block.reset(token)


def with_fallback[Built](build: Mapping[str, Callable[[], Built]]) -> Built:
    """Build something with the engine in use; where the fast one fails and the plain one does not, with the plain one.

    `build` has a function for each engine. What fails with both is a fault of what is built: the first error is raised.
    An engine that was asked for by name is not replaced.
    """
    name = engine_name()
    if name == "plain" or os.environ.get(VARIABLE) == name:
        return build[name]()
    try:
        return build[name]()
    except InputError:
        raise
    except Exception as error:  # whatever another version of a library raises
        try:
            with using_engine("plain"):
                built = build["plain"]()
        except Exception:  # the plain engine cannot build it either, so the fault is that of the model
            raise error from None
        warn_of_plain_engine(f"{type(error).__name__}: {str(error).partition('\n')[0]}")
        return built
