"""Time to earned security with right-censoring, compared with published numbers and another program."""

import numpy as np
import pytest
from scipy import stats

from iwm_bayes.estimands.security.criterion import DEFAULT_CRITERION, Judgement
from iwm_bayes.estimands.security.survival import (
    cumulative_incidence,
    incidence_by_session,
    last_assessable,
    median_corrective,
    median_sessions,
    number_at_risk,
)

# Kaplan & Meier (1958), table 1: eight items, four deaths and four losses, times in tenths
TIMES = np.array([8, 10, 27, 31, 54, 70, 92, 121])
DIED = np.array([True, False, False, True, True, False, True, False])


def judgement(until, earned, insecure=True, corrective=0):
    """Make people who are earned secure, or censored, at so many sessions."""
    until, earned = np.asarray(until), np.asarray(earned, dtype=bool)
    sessions = np.where(earned, until, until + DEFAULT_CRITERION.duration)
    corrective = np.broadcast_to(corrective, until.shape)
    insecure = np.broadcast_to(insecure, until.shape)
    return Judgement(insecure, sessions, earned, earned, sessions, corrective, 0 * until, until, until)


def test_the_example_of_kaplan_and_meier():
    """P(t) is .875, .700, .525 and .2625 after the four deaths."""
    found = 1.0 - incidence_by_session(judgement(TIMES, DIED), 130)
    np.testing.assert_allclose(found[[7, 29, 30, 53, 91, 129]], [0.875, 0.875, 0.7, 0.525, 0.2625, 0.2625])


def test_as_scipy_has_it():
    """The estimate agrees where some people are censored late and some are secure at baseline; so does the risk set."""
    generator = np.random.default_rng(1)
    until, earned, insecure = generator.integers(1, 20, 60), generator.random(60) < 0.5, generator.random(60) < 0.8
    found = judgement(until, earned, insecure)
    kept, lost = (until[insecure & which] for which in (earned, ~earned))
    known = stats.ecdf(stats.CensoredData(uncensored=kept, right=lost)).cdf
    np.testing.assert_allclose(incidence_by_session(found, 19), known.evaluate(np.arange(1, 20)), atol=1e-12)
    assert number_at_risk(found, np.array([1, 10])).tolist() == [insecure.sum(), (until[insecure] >= 10).sum()]


def test_without_censoring_it_is_a_share():
    """It is computed for each draw; half of an even number is half."""
    earned = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
    found = judgement(np.where(earned, [2, 5, 7, 9], 9), earned)
    np.testing.assert_allclose(
        incidence_by_session(found, 9)[:, [0, 1, 4, 8]],
        [[0, 0.25, 0.5, 0.75], [0, 0.25, 0.5, 0.5], [0, 0.25, 0.25, 0.25]],
    )
    assert median_sessions(found, 9).tolist() == [5, 5, np.inf]


def test_people_who_leave_early_do_not_count_as_secure():
    """A quarter is secure by session 2 and the others leave by session 4: the median is not reached."""
    found = judgement([2, 2, 3, 3, 3, 4, 4, 4], [1, 1, 0, 0, 0, 0, 0, 0])
    assert median_sessions(found, 19) == np.inf
    assert np.median(found.sessions) < 19


def test_experiences_are_counted_as_sessions_are():
    """Six of twelve need one to three, and the others had three or four without: half are secure after three."""
    earned, corrective = np.arange(12) < 6, [1, 1, 2, 2, 3, 3] + [3] * 3 + [4] * 3
    assert median_corrective(judgement([9] * 12, earned, corrective=corrective), 9) == 3
    assert median_corrective(judgement([9] * 12, earned & False, corrective=corrective), 9) == np.inf


def test_people_who_cannot_be_judged_do_not_count_their_experiences():
    """Ten people are observed too briefly for a hold of six; five of the other six are secure after one."""
    known = judgement([9] * 6 + [0] * 10, [True] * 5 + [False] * 11, corrective=[1] * 6 + [0] * 10)
    assert median_corrective(known, 9) == 1


def test_experiences_are_not_counted_where_sessions_are_not():
    """Where half are not earned secure by the last session that is read, there is no count of experiences either."""
    known = judgement([3] * 4 + [12] * 6 + [9] * 2, [True] * 10 + [False] * 2, corrective=[1] * 10 + [5] * 2)
    assert median_corrective(known, 12) == 1
    assert median_corrective(known, 9) == np.inf
    assert np.isnan(median_corrective(known, 0))


def test_shares_end_where_few_are_at_risk():
    """Five people and a tenth of those insecure at baseline must be at risk, as soon as anybody is censored."""
    steps = np.arange(1, 31)
    assert last_assessable(judgement(np.arange(1, 21), np.zeros(20)), steps) == 16  # five are left at session 16
    assert last_assessable(judgement(np.repeat(np.arange(1, 21), 10), np.zeros(200)), steps) == 19  # twenty of 200
    everyone = judgement([10] * 20, np.arange(20) < 18)
    assert (
        last_assessable(everyone._replace(followed=np.full(20, 19), horizon=np.full(20, 19)), steps) == 19
    )  # nobody is censored until then
    assert last_assessable(judgement([19] * 4, [0] * 4), steps) == 0
    assert last_assessable(judgement([19] * 40, [0] * 40, insecure=np.arange(40) < 3), steps) == 0


@pytest.mark.parametrize(("until", "insecure"), [([5, 5], False), ([0, 0], True)])
def test_shares_are_nan_where_nobody_could_earn_security(until, insecure):
    """Nobody is insecure at baseline, or nobody has enough sessions for the duration criterion."""
    found = judgement(until, [0, 0], insecure)
    assert np.isnan(incidence_by_session(found, 9)).all()
    assert np.isnan(median_sessions(found, 9))
    assert np.isnan(median_sessions(found, 0))
    assert np.isnan(median_corrective(found, 9))


def test_a_product_of_fractions_reaches_a_half():
    """Six of twelve, one at a time: 11/12 10/11 ... 6/7 is a half, whatever rounding makes of it."""
    share = cumulative_incidence(judgement(np.arange(1, 13), np.arange(12) < 6), np.arange(1, 13))
    assert share[5] == pytest.approx(0.5)
    assert median_sessions(judgement(np.arange(1, 13), np.arange(12) < 6), 12) == 6
