"""Earned security: which people are insecure at baseline, from which session on they are secure, and what it took.

The criterion is prospective, because people who are called earned secure in retrospect had good parenting (Roisman et
al., 2002, doi:10.1111/1467-8624.00467). It is strict, because a lax criterion is met by chance: beliefs must be secure
for some sessions, and resilient at each of them. Resilient means that one unresponsive session next would leave both
beliefs at a threshold or above, by the model's own update. It has an outcome of 0, and the same figure. So everyone is
asked the same question, whatever care they met. A hold that included a rupture is called tested; that is no condition.

A *rupture* is an observed outcome below 0.5. A *repair* is an observed outcome of 0.5 or more directly after a rupture
with the same figure. Sessions with other figures and outcomes that were not observed do not count in between.

Arrays are (session, person). A posterior draw of a person is a person.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

RESPONSIVE = 0.5  # the lowest outcome of a responsive session


class Criterion(NamedTuple):
    """The thresholds of earned security; they are stored with every result."""

    insecure_at_or_below: float = 0.4  # insecure at baseline: availability or self-worth
    secure_at_or_above: float = 0.6  # earned secure: both beliefs ...
    duration: int = 6  # ... for this many sessions, at each of which ...
    resilient_at_or_above: float = 0.5  # ... one more, unresponsive session would leave both here
    corrective_by: float = 0.25  # corrective experience: the least prediction error ...
    feared_below: float = 0.5  # ... of an expectation below this, while a belief is not yet secure


DEFAULT_CRITERION = Criterion()


class BeliefPath(NamedTuple):
    """Beliefs along the sessions with one figure, or with all figures for the generalised expectation.

    Arrays are (session, person). Self-worth is infinite in a model without it, so that it is never too low.
    """

    availability: np.ndarray  # after the session; for the generalised expectation, the availability of a new figure
    worth: np.ndarray
    availability_before: np.ndarray
    worth_before: np.ndarray
    availability_after_unresponsive: np.ndarray  # if one unresponsive session with the same figure came next
    worth_after_unresponsive: np.ndarray
    expected: np.ndarray  # the expectation of the figure of the session, before the outcome
    outcome: np.ndarray
    observed: np.ndarray
    rupture: np.ndarray  # see `ruptures_and_repairs`
    repair: np.ndarray
    is_session: np.ndarray  # False after a person's last session
    is_own: np.ndarray  # False where a session is that of a donor (`follow_up`), and after the last one


class Judgement(NamedTuple):
    """Earned security of each person, (person,)."""

    insecure: np.ndarray  # insecure before the first session: only these people can earn security
    sessions: np.ndarray  # until earned secure; the number of sessions + 1 if that did not happen
    earned: np.ndarray
    tested: np.ndarray  # earned secure, and the sessions of the duration criterion include a rupture
    held_from: np.ndarray  # as `sessions`, whether or not the beliefs were resilient
    corrective: np.ndarray  # corrective experiences until then, or until the last session that can be judged
    repairs: np.ndarray  # repairs until then, likewise
    horizon: np.ndarray  # the last session at which the duration criterion could still begin; 0 if there is none
    followed: np.ndarray  # the same among the person's own sessions, without those of donors


def ruptures_and_repairs(
    outcome: np.ndarray, observed: np.ndarray, figure: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find which events are ruptures and which are repairs, (event, person) each.

    Parameters
    ----------
    outcome
        Outcomes from 0 to 1, (event, person).
    observed
        Whether the outcome was observed, (event, person).
    figure
        Index of the figure of the event, (event, person).
    """
    everyone = np.arange(outcome.shape[1])
    last_outcome = np.full((int(figure.max()) + 1, len(everyone)), np.nan)  # of each figure, (figure, person)
    rupture, repair = observed & (outcome < RESPONSIVE), np.zeros(outcome.shape, dtype=bool)
    for event, (now, is_observed, index) in enumerate(zip(outcome, observed, figure, strict=True)):
        before = last_outcome[index, everyone]
        repair[event] = is_observed & (now >= RESPONSIVE) & (before < RESPONSIVE)
        last_outcome[index, everyone] = np.where(is_observed, now, before)
    return rupture, repair


def window_sums(x: np.ndarray, length: int) -> np.ndarray:
    """Sum over `length` sessions from each session on, as far as so many sessions remain."""
    total = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0)])
    return total[length:] - total[:-length] if len(x) >= length else np.zeros((0, *x.shape[1:]))


def judge(path: BeliefPath, criterion: Criterion) -> Judgement:
    """Apply a criterion to every person of a path.

    Parameters
    ----------
    path
        Beliefs and outcomes along the sessions, (session, person).
    criterion
        What counts as earned security.

    Returns
    -------
    Judgement
        Arrays (person,).
    """
    duration = criterion.duration
    secure = (np.minimum(path.availability, path.worth) >= criterion.secure_at_or_above) & path.is_session
    lowest_next = np.minimum(path.availability_after_unresponsive, path.worth_after_unresponsive)
    resilient = lowest_next >= criterion.resilient_at_or_above
    begins = window_sums(secure & resilient, duration) == duration
    earned = begins.any(axis=0)
    first = begins.argmax(axis=0) if len(begins) else np.zeros(earned.shape, dtype=int)
    has_rupture = window_sums(path.rupture, duration) > 0
    tested = earned & np.take_along_axis(has_rupture, first[None], axis=0)[0] if len(begins) else earned
    last = path.is_session.sum(axis=0)
    horizon = np.maximum(last + 1 - duration, 0)
    until = np.arange(1, len(path.is_session) + 1)[:, None] <= np.where(earned, first + 1, horizon)
    lower_before = np.minimum(path.availability_before, path.worth_before)
    feared = (path.expected < criterion.feared_below) & (lower_before < criterion.secure_at_or_above)
    corrective = path.observed & feared & (path.outcome - path.expected >= criterion.corrective_by)
    holds = window_sums(secure, duration) == duration
    held_from = np.where(holds.any(axis=0), holds.argmax(axis=0) + 1, last + 1) if len(holds) else last + 1
    return Judgement(
        insecure=(lower_before[0] <= criterion.insecure_at_or_below) & (last > 0),
        sessions=np.where(earned, first + 1, last + 1),
        earned=earned,
        tested=tested,
        held_from=held_from,
        corrective=(corrective & until).sum(axis=0),
        repairs=(path.repair & until).sum(axis=0),
        horizon=horizon,
        followed=np.maximum(path.is_own.sum(axis=0) + 1 - duration, 0),
    )


def by_draw_and_person(judged: Judgement, people: int) -> Judgement:
    """Reshape a judgement of (draw * person,) to (draw, person)."""
    return Judgement._make(leaf.reshape(-1, people) for leaf in judged)


def joined(parts: Iterable[Judgement]) -> Judgement:
    """Join judgements (draw, person) of several batches of draws."""
    return Judgement._make(np.concatenate(leaves) for leaves in zip(*parts, strict=True))


STYLES = ("secure", "preoccupied", "dismissing", "fearful")


def has_worth(path: BeliefPath) -> bool:
    """Return whether the model of a path has self-worth."""
    return bool(np.isfinite(path.worth).any())


def styles_at_end(path: BeliefPath) -> np.ndarray:
    """Return each person's attachment style at their own last session, as an index into STYLES, (person,).

    Preoccupied is low self-worth, dismissing is low availability, and fearful is both. A belief is low below 0.5.
    Bartholomew & Horowitz (1991), doi:10.1037/0022-3514.61.2.226.
    """
    last = np.maximum(path.is_own.sum(axis=0) - 1, 0)[None]
    worth, availability = (np.take_along_axis(belief, last, axis=0)[0] for belief in (path.worth, path.availability))
    return (worth < 0.5) + 2 * (availability < 0.5)
