"""Earned security: who starts insecure, from when on they are secure, and what it took.

Prospective, because people who are called earned secure in retrospect had good parenting (Roisman et al.,
2002, doi:10.1111/1467-8624.00467); strict, because a lax rule is met by chance. Everything here works on
arrays (session, person); a posterior draw of a person is a person.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from iwm_bayes.core import Beliefs, Event, Model, Params
from iwm_bayes.filtering import Moment
from iwm_bayes.ops import each_figure


class Criterion(NamedTuple):
    """What counts as earned security; stored with every answer."""

    insecure: float = 0.4  # starts insecure: availability or worth at or below
    secure: float = 0.6  # earned secure: both at or above ...
    hold: int = 6  # ... for this many sessions ...
    disappointment: float = 0.5  # ... at least one of which brought an outcome below this
    surprise: float = 0.25  # corrective: the outcome exceeds the expectation by this, while not yet secure


class Path(NamedTuple):
    """Beliefs along the sessions of one figure, or of all for the general model; (session, person)."""

    availability: np.ndarray  # after the session; for the general model, what is expected of someone new
    worth: np.ndarray | None
    availability_before: np.ndarray
    worth_before: np.ndarray | None
    expected: np.ndarray  # of the figure met, before the outcome
    outcome: np.ndarray
    seen: np.ndarray
    repair: np.ndarray  # a seen outcome of .5 or more directly after one below .5 with the same figure
    counts: np.ndarray  # False beyond a person's last session


class Judgement(NamedTuple):
    """Earned security of each person; (person,)."""

    insecure: np.ndarray  # starts insecure: only these can earn security
    sessions: np.ndarray  # until earned secure; one more than there were if that did not happen
    earned: np.ndarray
    corrective: np.ndarray  # corrective experiences until then
    repairs: np.ndarray  # repairs until then


def toward(event: Event, figure: int, figures: int) -> Event:
    """The same moment, with thoughts turned to a figure; no time passes."""
    is_figure = each_figure(np.zeros_like(event.outcome), figures)
    is_figure[figure] = 1.0
    met = np.maximum(event.met, event.figure)
    nothing = np.zeros_like(event.outcome)
    return event._replace(figure=is_figure, met=met, since_figure=nothing, since_any=nothing)


def path(
    model: Model, p: Params, moments: Iterable[Moment], counts: np.ndarray, figure: int | None, figures: int
) -> Path:
    """Collect beliefs along a walk at the events that count, for a figure by index, or in general (None).

    `counts` is (event, person). In general the last of the `figures` is someone whom nobody has met.
    """
    rule, about = model.rule, figures - 1 if figure is None else figure

    def level(beliefs: Beliefs) -> np.ndarray:
        return beliefs.expected if figure is None else beliefs.availability.mean

    columns: list[list[np.ndarray]] = []
    latest = each_figure(np.full(counts.shape[1], np.nan), figures)  # outcome last seen of each figure
    for moment in moments:
        event = toward(moment.event, about, figures)
        now, then = (
            rule.beliefs(p, rule.drift(p, s, event) if figure is None else s, event)
            for s in (moment.after, moment.before)
        )
        met = rule.beliefs(p, moment.before, moment.event)
        worths = [
            beliefs.worth.mean if beliefs.worth else np.full_like(met.expected, np.nan) for beliefs in (now, then)
        ]
        outcome, here = moment.event.outcome, (moment.event.figure > 0) & moment.seen
        repair = (here & (latest < 0.5)).any(axis=0) & (outcome >= 0.5)
        latest = np.where(here, outcome, latest)
        columns.append([level(now), worths[0], level(then), worths[1], met.expected, outcome, moment.seen, repair])
    order = np.argsort(~counts, axis=0, kind="stable")[: max(int(counts.sum(axis=0).max()), 1)]
    kept = [np.take_along_axis(np.stack(column), order, axis=0) for column in zip(*columns, strict=True)]
    still = np.take_along_axis(counts, order, axis=0)
    if np.isnan(kept[1]).all():
        kept[1] = kept[3] = None
    return Path(*kept[:6], seen=kept[6] & still, repair=kept[7] & still, counts=still)


def both(availability: np.ndarray, worth: np.ndarray | None, holds: str, level: float) -> np.ndarray:
    """Where both beliefs (`all`) or one of them (`any`) are at or above, or at or below, a level."""
    tests = [
        belief >= level if holds == "all" else belief <= level for belief in (availability, worth) if belief is not None
    ]
    return np.logical_and.reduce(tests) if holds == "all" else np.logical_or.reduce(tests)


def windows(x: np.ndarray, length: int) -> np.ndarray:
    """Sums over the next `length` sessions, at every session from which so many remain."""
    total = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0)])
    return total[length:] - total[:-length] if len(x) >= length else np.zeros((0, *x.shape[1:]))


def judge(path: Path, criterion: Criterion) -> Judgement:
    """Apply the definition to every person of a path."""
    secure = both(path.availability, path.worth, "all", criterion.secure) & path.counts
    disappointed = path.seen & (path.outcome < criterion.disappointment)
    held = windows(secure, criterion.hold) == criterion.hold
    tried = windows(disappointed, criterion.hold) > 0
    starts = held & tried
    earned = starts.any(axis=0)
    last = path.counts.sum(axis=0)
    sessions = np.where(earned, starts.argmax(axis=0) + 1 if len(starts) else 0, last + 1)
    until = np.arange(1, len(path.counts) + 1)[:, None] <= sessions
    insecure_yet = ~both(path.availability_before, path.worth_before, "all", criterion.secure)
    corrective = path.seen & insecure_yet & (path.outcome - path.expected >= criterion.surprise)
    first_worth = None if path.worth_before is None else path.worth_before[0]
    return Judgement(
        both(path.availability_before[0], first_worth, "any", criterion.insecure),
        sessions,
        earned,
        (corrective & until).sum(axis=0),
        (path.repair & until).sum(axis=0),
    )


def styles(path: Path, criterion: Criterion) -> np.ndarray:
    """Style at each session: 0 secure, 1 preoccupied (low worth), 2 dismissing (low availability), 3 fearful.

    A belief is low below .5; Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226.
    """
    low_worth = np.zeros_like(path.seen) if path.worth is None else path.worth < 0.5
    return low_worth + 2 * (path.availability < 0.5)
