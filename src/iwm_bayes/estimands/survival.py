"""How many are earned secure by when, also where people are followed for unequal times.

Security is earned when a hold of several sessions begins, so it can be seen while as many remain. Whose sessions end
before has not failed: no more is known of them. Shares are those of Kaplan & Meier (1958),
doi:10.1080/01621459.1958.10501452: plain shares where all are followed equally long, otherwise what would have been
had those whose sessions ended gone on like those who stayed.

Judgements have leaves (..., person); people who do not start insecure count nowhere.
"""

import numpy as np

from iwm_bayes.estimands.earned_security import Judgement


def number_at_risk(judged: Judgement, steps: np.ndarray) -> np.ndarray:
    """How many are at risk at each step, (..., step): neither earned secure before it nor followed no further."""
    ends = np.where(judged.earned, judged.sessions, judged.followed)
    return (judged.insecure[..., None] & (ends[..., None] >= steps)).sum(axis=-2)


def cumulative_incidence(judged: Judgement, steps: np.ndarray) -> np.ndarray:
    """Share that is earned secure by each step, (..., step); NaN where nobody is at risk at the first."""
    earns = (judged.insecure & judged.earned)[..., None] & (judged.sessions[..., None] == steps)
    risk = number_at_risk(judged, steps)
    left = np.cumprod(1.0 - earns.sum(axis=-2) / np.maximum(risk, 1), axis=-1)
    return np.where(risk[..., :1] > 0, 1.0 - left, np.nan)


def incidence_by_session(judged: Judgement, last: int) -> np.ndarray:
    """Share that is earned secure by each of sessions 1 to `last`, (..., session)."""
    return cumulative_incidence(judged, np.arange(1, last + 1))


def first_half(share: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The first step by which half or more are earned secure, (...); one more than the last if none, NaN as shares."""
    reached = share >= 0.5 - 1e-9  # a product of fractions may miss a half by rounding
    first = np.where(reached.any(axis=-1), steps[reached.argmax(axis=-1)], steps[-1] + 1.0)
    return np.where(np.isnan(share[..., 0]), np.nan, first)


def median_sessions(judged: Judgement, last: int) -> np.ndarray:
    """Sessions until half are earned secure, (...); last + 1 if they are not."""
    return first_half(incidence_by_session(judged, last), np.arange(1, last + 1))


def median_corrective(judged: Judgement, last: int) -> np.ndarray:
    """Corrective experiences until half are earned secure, (...); last + 1 if they are not.

    Who is not earned secure is followed for as many as they had.
    """
    counted = judged._replace(sessions=judged.corrective, followed=judged.corrective)
    return first_half(cumulative_incidence(counted, np.arange(last + 1)), np.arange(last + 1))
