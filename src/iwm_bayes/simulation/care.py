"""Care schedules: the chance that an attachment figure responds, session by session.

At each session the figure is responsive (outcome 1) or unresponsive (outcome 0). The schedules are those of the
attachment literature. They are constant care, inconsistent care, and loss or gain of a responsive figure. There are
also ruptures that are repaired, care that reacts to the person's bids, and frightening care. In graded care nothing is
left to chance: every session is responsive to the same degree.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from iwm_bayes.types import InputError

MAX_PULL_LOG_ODDS = 4.0  # a chance of .8 becomes .35 for people who never ask, and .97 for people who always do


class Care(NamedTuple):
    """The care of one figure: what it does by itself, and how the person's bids change it."""

    chances: Callable[[int], np.ndarray]  # number of sessions -> (session,), chance of a responsive session
    pull: float = 0.0  # difference in log odds of that chance between bids at every event and none
    threat: float = 0.0  # chance of frightening or intrusive care at a session, responsive or not
    graded: bool = False  # whether the outcome of a session is the chance itself, and not 1 or 0 at random

    def __call__(self, sessions: int) -> np.ndarray:
        """Return the chances of a responsive session, (session,), for so many sessions."""
        return self.chances(sessions)


class DistressProcess(NamedTuple):
    """How distress rises and falls. The default numbers are a choice."""

    rate: float = 0.0  # chance that something distressing happens before an event; 0: there is no distress
    soothing: float = 0.6  # share of distress that a responsive outcome removes: co-regulation
    self_regulation: float = 0.4  # share that a full belief in availability removes at every event


class EventCare(NamedTuple):
    """The care of every figure at one event, (figure, 1) each, and the person's distress process."""

    chance: np.ndarray  # of a responsive outcome with this figure; NaN at an assessment, which has no outcome
    pull: np.ndarray  # log odds by which bids change that chance
    threat: np.ndarray  # chance of frightening care
    distress: DistressProcess = DistressProcess()
    graded: np.ndarray = np.zeros((1, 1), dtype=bool)  # whether the outcome is the chance itself


def constant_care(rate: float = 0.8) -> Care:
    """Return care in which every session is responsive with chance `rate`."""
    return Care(lambda sessions: np.full(sessions, rate))


def graded(level: float = 0.8) -> Care:
    """Return care in which every session is responsive to the same degree: its outcome is `level`."""
    return Care(lambda sessions: np.full(sessions, level), graded=True)


def intermittent(low: float = 0.2, high: float = 0.8, every: int = 4) -> Care:
    """Return care that alternates: `every` sessions with chance `high`, then `every` sessions with chance `low`."""
    return Care(lambda sessions: np.where(np.arange(sessions) // every % 2 == 0, high, low))


def reversal(first: float = 0.8, then: float = 0.2, after: int = 10) -> Care:
    """Return care with chance `first` for `after` sessions, and chance `then` from there on."""
    return Care(lambda sessions: np.where(np.arange(sessions) < after, first, then))


def rupture_and_repair(rate: float = 0.8, every: int = 6, repair: float = 1.0) -> Care:
    """Return care with chance `rate`, in which every `every`-th session is a rupture (0).

    The session after a rupture is its repair, with chance `repair`.
    """

    def chances(sessions: int) -> np.ndarray:
        position = np.arange(sessions) % every
        after_rupture = (position == 0) & (np.arange(sessions) > 0)
        return np.where(position == every - 1, 0.0, np.where(after_rupture, repair, rate))

    return Care(chances)


def reactive(rate: float = 0.8, pull: float = 0.5, containment: float = 0.0) -> Care:
    """Return the care of a therapist who rescues people who always ask, and withdraws from people who never ask.

    `pull` (0..1) is the effect of the person's bids; a pull of 1 is 4 log odds. `containment` is the share of it that
    the therapist notices and does not act on. At containment 1, only the limits of the setting remain: a chance `rate`
    that does not depend on bids.
    """
    return Care(lambda sessions: np.full(sessions, rate), MAX_PULL_LOG_ODDS * pull * (1.0 - containment))


def frightening(rate: float = 0.8, threat: float = 0.3) -> Care:
    """Return constant care that frightens or intrudes with chance `threat`, whether it is responsive or not."""
    return Care(lambda sessions: np.full(sessions, rate), threat=threat)


def pulled_chance(chance: np.ndarray, pull: np.ndarray, bids: np.ndarray) -> np.ndarray:
    """Return the chance of a responsive outcome, given the share of recent events with a bid (.5 changes nothing)."""
    return np.where(pull == 0, chance, expit(logit(chance) + pull * (bids - 0.5)))


CARE_SCHEDULES: Mapping[str, Callable[..., Care]] = {
    "constant": constant_care,
    "graded": graded,
    "intermittent": intermittent,
    "reversal": reversal,
    "rupture_and_repair": rupture_and_repair,
    "reactive": reactive,
    "frightening": frightening,
}


def parse_care(text: str) -> Care:
    """Return the care that is written as `name` or `name:parameter=value,parameter=value`.

    InputError lists every fault.
    """
    name, _, rest = text.partition(":")
    if name not in CARE_SCHEDULES:
        raise InputError([f"there is no care {name!r}; choose from {', '.join(CARE_SCHEDULES)}"])
    types = {key: kind for key, kind in CARE_SCHEDULES[name].__annotations__.items() if key != "return"}
    values: dict[str, float] = {}
    problems = []
    for part in filter(None, rest.split(",")):
        key, _, value = part.partition("=")
        if key not in types:
            problems.append(f"care {name!r} has no parameter {key!r}; it has {', '.join(types)}")
            continue
        try:
            values[key] = types[key](value)
        except ValueError:
            problems.append(f"care {name!r}: {key}={value!r} is not of type {types[key].__name__}")
            continue
        low, high = (0.0, 1.0) if types[key] is float else (1, float("inf"))
        if not low <= values[key] <= high:
            problems.append(f"care {name!r}: {key}={value} must lie in {low:g}..{high:g}")
    if problems:
        raise InputError(problems)
    return CARE_SCHEDULES[name](**values)
