"""How figures behave: the chance that an act is responsive, session by session.

A care is a function of the number of sessions that returns a chance 0..1 for each. Each act is then
responsive (1) or not (0) by that chance. The patterns are those of the attachment literature: reliable
care, inconsistent care, loss of a good figure or gain of one, and ruptures that are repaired.
"""

from collections.abc import Callable, Mapping

import numpy as np

from iwm_bayes.core import InputError

type Care = Callable[[int], np.ndarray]  # sessions -> (session,), chance of a responsive act


def steady(rate: float = 0.8) -> Care:
    """Every act is responsive with the same chance."""
    return lambda sessions: np.full(sessions, rate)


def intermittent(low: float = 0.2, high: float = 0.8, every: int = 4) -> Care:
    """Stretches of `every` sessions with chance `high` alternate with stretches of `low`."""
    return lambda sessions: np.where(np.arange(sessions) // every % 2 == 0, high, low)


def reversal(first: float = 0.8, then: float = 0.2, after: int = 10) -> Care:
    """Chance `first` for `after` sessions, `then` from there on."""
    return lambda sessions: np.where(np.arange(sessions) < after, first, then)


def rupture_and_repair(rate: float = 0.8, every: int = 6, repair: float = 1.0) -> Care:
    """Chance `rate`, but every `every`-th session is a rupture (0) and the next its repair (chance `repair`)."""

    def care(sessions: int) -> np.ndarray:
        place = np.arange(sessions) % every
        after_rupture = (place == 0) & (np.arange(sessions) > 0)
        return np.where(place == every - 1, 0.0, np.where(after_rupture, repair, rate))

    return care


CARES: Mapping[str, Callable[..., Care]] = {
    "steady": steady,
    "intermittent": intermittent,
    "reversal": reversal,
    "rupture_and_repair": rupture_and_repair,
}


def parse(text: str) -> Care:
    """A care written as `name` or `name:parameter=value,parameter=value`; InputError says what is wrong."""
    name, _, rest = text.partition(":")
    if name not in CARES:
        raise InputError([f"there is no care {name!r}; choose from {', '.join(CARES)}"])
    declared = CARES[name].__annotations__
    settings: dict[str, float] = {}
    problems = []
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        kind = declared.get(key) if key != "return" else None
        if kind is None:
            known = ", ".join(key for key in declared if key != "return")
            problems.append(f"care {name!r} has no parameter {key!r}; it has {known}")
            continue
        try:
            settings[key] = kind(value)
        except ValueError:
            problems.append(f"care {name!r}: {key}={value!r} is not of type {kind.__name__}")
            continue
        lowest, highest = (0.0, 1.0) if kind is float else (1, float("inf"))
        if not lowest <= settings[key] <= highest:
            problems.append(f"care {name!r}: {key}={value} must lie in {lowest:g}..{highest:g}")
    if problems:
        raise InputError(problems)
    return CARES[name](**settings)
