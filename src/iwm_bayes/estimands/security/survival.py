"""Time to earned security where people are observed for different numbers of sessions.

A person is earned secure from the session at which the duration criterion begins. It can begin only while enough
sessions remain. People whose sessions end before that have not failed: they are right-censored, at their horizon.

Shares are estimated as in Kaplan & Meier (1958), doi:10.1080/01621459.1958.10501452. Where everyone has the same
horizon, they are plain shares. So they are where people whose sessions end early continue with those of others
(`follow_up`). Otherwise they assume that people with a short horizon are like the others.

Shares end at the last step that can be assessed: few people who are left do not represent the others.

Arrays of a `Judgement` are (..., person). People who are not insecure at baseline are left out everywhere.
"""

import numpy as np

from iwm_bayes.estimands.security.criterion import Judgement

MIN_AT_RISK = 5  # people, and ...
MIN_SHARE_AT_RISK = 0.1  # ... this share of those insecure at baseline: with fewer, a share is not read


def within_follow_up(judged: Judgement) -> Judgement:
    """Return what can be said from people's own sessions alone, without those of donors."""
    return judged._replace(earned=judged.earned & (judged.sessions <= judged.followed), horizon=judged.followed)


def number_at_risk(judged: Judgement, steps: np.ndarray) -> np.ndarray:
    """Count the people who are neither earned secure nor censored before each step, (..., step)."""
    ends = np.where(judged.earned, judged.sessions, judged.horizon)
    return (judged.insecure[..., None] & (ends[..., None] >= steps)).sum(axis=-2)


def cumulative_incidence(judged: Judgement, steps: np.ndarray) -> np.ndarray:
    """Estimate the share that is earned secure by each step, (..., step); NaN if nobody is at risk at the first."""
    events = (judged.insecure & judged.earned)[..., None] & (judged.sessions[..., None] == steps)
    at_risk = number_at_risk(judged, steps)
    survival = np.cumprod(1.0 - events.sum(axis=-2) / np.maximum(at_risk, 1), axis=-1)
    return np.where(at_risk[..., :1] > 0, 1.0 - survival, np.nan)


def last_assessable(judged: Judgement, steps: np.ndarray) -> int:
    """Return the last step at which shares can be read; one before the first step if there is none.

    Until then enough people are at risk, on average over draws: MIN_AT_RISK people, and MIN_SHARE_AT_RISK of those who
    are insecure at baseline. As long as nobody is censored, a share is a plain proportion. It is then enough that so
    many people are observed, at risk or not. Sessions of donors do not count.
    """

    def mean_count(people: np.ndarray) -> np.ndarray:
        return people.sum(axis=-2).reshape(-1, len(steps)).mean(axis=0)

    judged = within_follow_up(judged)
    insecure, earned, horizon = (x[..., None] for x in (judged.insecure, judged.earned, judged.horizon))
    needed = max(MIN_AT_RISK, MIN_SHARE_AT_RISK * judged.insecure.sum(axis=-1).mean())
    is_observed = mean_count(insecure & (horizon >= steps)) >= needed
    is_complete = mean_count(insecure & ~earned & (horizon < steps)) < 0.5
    at_risk = number_at_risk(judged, steps).reshape(-1, len(steps)).mean(axis=0) >= needed
    return int(steps[0] - 1 + np.cumprod(is_observed & (at_risk | is_complete)).sum())


def incidence_by_session(judged: Judgement, last: int) -> np.ndarray:
    """Estimate the share that is earned secure by each of the sessions 1 to `last`, (..., session)."""
    return cumulative_incidence(judged, np.arange(1, last + 1))


def incidence_until(judged: Judgement, last: int, until: int) -> np.ndarray:
    """Estimate the share that is earned secure by each of the sessions 1 to `last`; NaN after session `until`."""
    return np.where(np.arange(1, last + 1) <= until, incidence_by_session(judged, last), np.nan)


def first_half(share: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the first step by which half of the people are earned secure, (...).

    It is infinite if there is none, and NaN where shares are NaN or there are no steps.
    """
    if not len(steps):
        return np.full(share.shape[:-1], np.nan)
    reached = share >= 0.5 - 1e-9  # a product of fractions may miss a half by rounding
    first = np.where(reached.any(axis=-1), steps[reached.argmax(axis=-1)], np.inf)
    return np.where(np.isnan(share[..., 0]), np.nan, first)


def median_sessions(judged: Judgement, last: int) -> np.ndarray:
    """Return the sessions until half of the people are earned secure, (...); infinite if fewer are by session `last`.

    NaN if `last` is 0, or if nobody is at risk.
    """
    return first_half(incidence_by_session(judged, last), np.arange(1, last + 1))


def by_corrective_experiences(judged: Judgement) -> tuple[Judgement, np.ndarray]:
    """Return people with their corrective experiences in place of sessions, and the steps from 0 to the largest.

    A person who is not earned secure is censored at the number of their corrective experiences.
    """
    steps = np.arange(int(judged.corrective.max(initial=0)) + 1)
    horizon = np.where(judged.earned, steps[-1], judged.corrective)
    can_begin = judged.insecure & (judged.horizon > 0)  # others are not observed long enough to count at all
    counted = judged._replace(insecure=can_begin, sessions=judged.corrective, horizon=horizon, followed=horizon)
    return counted, steps


def median_corrective(judged: Judgement, last: int) -> np.ndarray:
    """Return the corrective experiences until half of the people are earned secure, (...).

    It is infinite if fewer are by session `last`, or while enough people are at risk (`last_assessable`). NaN if nobody
    is, or if `last` is 0.
    """
    until = median_sessions(judged, last)
    by_then = judged._replace(earned=judged.earned & (judged.sessions <= last))
    counted, steps = by_corrective_experiences(by_then)
    steps = steps[: last_assessable(counted, steps) + 1]
    return np.where(np.isfinite(until), first_half(cumulative_incidence(counted, steps), steps), until)
