"""How figures behave: the chance that an act is responsive, session by session.

Each act is responsive (1) or not (0) by its chance. The patterns are those of the attachment literature: reliable
care, inconsistent care, loss of a good figure or gain of one, ruptures that are repaired, care that is pulled along
by how much is asked of it, and care that frightens.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit

from iwm_bayes.types import InputError


class Care(NamedTuple):
    """What a figure does, whatever the person does (`chances`), and what the person's bids make of it (`pull`)."""

    chances: Callable[[int], np.ndarray]  # sessions -> (session,), chance of a responsive act
    pull: float = 0.0  # log-odds by which that chance rises with bids at every event, and falls with none
    threat: float = 0.0  # chance that an act frightens or intrudes, responsive or not

    def __call__(self, sessions: int) -> np.ndarray:
        return self.chances(sessions)


class DistressProcess(NamedTuple):
    """How distress comes and goes. The default numbers are a choice."""

    rate: float = 0.0  # chance that something distressing happens before an event; 0: distress plays no part
    soothing: float = 0.6  # share of distress that a responsive act takes away: co-regulation
    self_regulation: float = 0.4  # share that a sure belief in availability takes away at every event


class EventCare(NamedTuple):
    """What an event holds: of every figure, (figure, 1), and for the person."""

    chance: np.ndarray  # of a responsive act, if met; NaN at an assessment, where nothing can be experienced
    pull: np.ndarray  # log-odds by which bids move it
    threat: np.ndarray  # chance that an act frightens
    strain: DistressProcess = DistressProcess()


def constant_care(rate: float = 0.8) -> Care:
    """Every act is responsive with the same chance."""
    return Care(lambda sessions: np.full(sessions, rate))


def intermittent(low: float = 0.2, high: float = 0.8, every: int = 4) -> Care:
    """Stretches of `every` sessions with chance `high` alternate with stretches of `low`."""
    return Care(lambda sessions: np.where(np.arange(sessions) // every % 2 == 0, high, low))


def reversal(first: float = 0.8, then: float = 0.2, after: int = 10) -> Care:
    """Chance `first` for `after` sessions, `then` from there on."""
    return Care(lambda sessions: np.where(np.arange(sessions) < after, first, then))


def rupture_and_repair(rate: float = 0.8, every: int = 6, repair: float = 1.0) -> Care:
    """Chance `rate`, but every `every`-th session is a rupture (0) and the next its repair (chance `repair`)."""

    def chances(sessions: int) -> np.ndarray:
        place = np.arange(sessions) % every
        after_rupture = (place == 0) & (np.arange(sessions) > 0)
        return np.where(place == every - 1, 0.0, np.where(after_rupture, repair, rate))

    return Care(chances)


def reactive(rate: float = 0.8, pull: float = 0.5, containment: float = 0.0) -> Care:
    """A therapist pulled to rescue whoever always asks and to withdraw from whoever never does.

    `pull` (0..1, a pull of 1 being 4 log-odds) is what the person's bids do, and `containment` the share of it that
    the therapist notices and does not act on. At containment 1 what remains are the limits of the setting: a chance
    `rate` that does not depend on how much is asked.
    """
    return Care(lambda sessions: np.full(sessions, rate), MAX_PULL_LOG_ODDS * pull * (1.0 - containment))


def frightening(rate: float = 0.8, threat: float = 0.3) -> Care:
    """Steady care that at times frightens or intrudes, with chance `threat`, whether responsive or not."""
    return Care(lambda sessions: np.full(sessions, rate), threat=threat)


MAX_PULL_LOG_ODDS = 4.0  # a chance of .8 becomes .35 for someone who never asks, and .97 for one who always does
BID_MEMORY = (
    0.7  # share of the impression of past bids that is left at the next event: the last three count for two thirds
)


def pulled_chance(chance: np.ndarray, pull: np.ndarray, bids: np.ndarray) -> np.ndarray:
    """The chance of a responsive act, by the share of recent events at which a bid was made (.5 moves nothing)."""
    return np.where(pull == 0, chance, expit(logit(chance) + pull * (bids - 0.5)))


CARE_SCHEDULES: Mapping[str, Callable[..., Care]] = {
    "steady": constant_care,
    "intermittent": intermittent,
    "reversal": reversal,
    "rupture_and_repair": rupture_and_repair,
    "reactive": reactive,
    "frightening": frightening,
}


def parse_care(text: str) -> Care:
    """A care written as `name` or `name:parameter=value,parameter=value`; InputError says what is wrong."""
    name, _, rest = text.partition(":")
    if name not in CARE_SCHEDULES:
        raise InputError([f"there is no care {name!r}; choose from {', '.join(CARE_SCHEDULES)}"])
    declared = CARE_SCHEDULES[name].__annotations__
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
    return CARE_SCHEDULES[name](**settings)
