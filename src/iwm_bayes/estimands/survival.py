"""Time to earned security where people are observed for different numbers of sessions.

A person is earned secure from the session at which the duration criterion begins. It can begin only while enough
sessions remain. People whose sessions end before that have not failed: they are right-censored.

Shares are estimated as in Kaplan & Meier (1958), doi:10.1080/01621459.1958.10501452. Where everyone is observed equally
long, they are plain shares. Otherwise they assume that people whose sessions ended would have continued like those who
stayed.

Arrays of a `Judgement` are (..., person). People who are not insecure at baseline are left out everywhere.
"""

import numpy as np

from iwm_bayes.estimands.criterion import Judgement


def number_at_risk(judged: Judgement, steps: np.ndarray) -> np.ndarray:
    """Count the people who are neither earned secure nor censored before each step, (..., step)."""
    ends = np.where(judged.earned, judged.sessions, judged.followed)
    return (judged.insecure[..., None] & (ends[..., None] >= steps)).sum(axis=-2)


def cumulative_incidence(judged: Judgement, steps: np.ndarray) -> np.ndarray:
    """Estimate the share that is earned secure by each step, (..., step); NaN if nobody is at risk at the first."""
    events = (judged.insecure & judged.earned)[..., None] & (judged.sessions[..., None] == steps)
    at_risk = number_at_risk(judged, steps)
    survival = np.cumprod(1.0 - events.sum(axis=-2) / np.maximum(at_risk, 1), axis=-1)
    return np.where(at_risk[..., :1] > 0, 1.0 - survival, np.nan)


def incidence_by_session(judged: Judgement, last: int) -> np.ndarray:
    """Estimate the share that is earned secure by each of the sessions 1 to `last`, (..., session)."""
    return cumulative_incidence(judged, np.arange(1, last + 1))


def first_half(share: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return the first step by which half of the people are earned secure, (...).

    It is the last step + 1 if there is none, and NaN where shares are NaN.
    """
    reached = share >= 0.5 - 1e-9  # a product of fractions may miss a half by rounding
    first = np.where(reached.any(axis=-1), steps[reached.argmax(axis=-1)], steps[-1] + 1.0)
    return np.where(np.isnan(share[..., 0]), np.nan, first)


def median_sessions(judged: Judgement, last: int) -> np.ndarray:
    """Return the sessions until half of the people are earned secure, (...); `last` + 1 if fewer are."""
    return first_half(incidence_by_session(judged, last), np.arange(1, last + 1))


def median_corrective(judged: Judgement, last: int) -> np.ndarray:
    """Return the corrective experiences until half of the people are earned secure, (...); `last` + 1 if fewer are.

    A person who is not earned secure is censored at the number of their corrective experiences.
    """
    counted = judged._replace(sessions=judged.corrective, followed=judged.corrective)
    return first_half(cumulative_incidence(counted, np.arange(last + 1)), np.arange(last + 1))
