"""Earned security as defined: boundary cases made by hand, and how often chance alone would meet it."""

import numpy as np
import pytest
from helpers import constants, course_of

from iwm_bayes.estimands.earned_security import (
    DEFAULT_CRITERION,
    STYLES,
    BeliefPath,
    Criterion,
    collect_path,
    judge,
    styles_at_end,
)
from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import filter_events
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.types import ModelSpec

NO_BELIEF = np.inf  # worth in a theory without it
LEARNER = RULES["rescorla_wagner"]


def life(availability, worth=NO_BELIEF, start=0.2, outcome=1.0, expected=1.0, seen=True, repair=False, counts=True):
    """One person's path by session; a single value holds at every session, beliefs before are those after the last."""
    after = np.zeros((len(availability), 1)) + np.c_[availability]
    worth, outcome, expected = (np.zeros_like(after) + np.c_[value] for value in (worth, outcome, expected))
    seen, repair, counts = (np.zeros(after.shape, dtype=bool) | np.c_[value] for value in (seen, repair, counts))
    before = [np.concatenate([np.minimum(start, belief[:1]), belief[:-1]]) for belief in (after, worth)]
    return BeliefPath(after, worth, *before, expected, outcome, seen & counts, repair & counts, counts)


def verdict(path, criterion=DEFAULT_CRITERION):
    """Sessions, whether earned, and whether they started insecure, of one person."""
    found = judge(path, criterion)
    return int(found.sessions[0]), bool(found.earned[0]), bool(found.insecure[0])


DISAPPOINTED = [1, 1, 0, 1, 1, 1]


def test_exactly_at_the_thresholds_counts():
    """At or above .6 for six sessions with one outcome below .5, from a start at or below .4."""
    assert verdict(life([0.6] * 6, worth=0.6, start=0.4, outcome=DISAPPOINTED)) == (1, True, True)
    assert verdict(life([0.6] * 6, worth=0.6, start=0.401, outcome=DISAPPOINTED)) == (1, True, False)
    assert verdict(life([0.6] * 6, worth=0.599, start=0.4, outcome=DISAPPOINTED)) == (7, False, True)
    assert verdict(life([0.599] * 6, worth=0.6, start=0.4, outcome=DISAPPOINTED)) == (7, False, True)


def test_either_belief_makes_a_start_insecure():
    """Low worth is as insecure as low availability."""
    secure = life([0.9] * 6, worth=0.9, start=0.9, outcome=DISAPPOINTED)
    assert verdict(secure) == (1, True, False)
    assert verdict(secure._replace(worth_before=np.full((6, 1), 0.4)))[2]
    assert verdict(secure._replace(availability_before=np.full((6, 1), 0.4)))[2]


def test_hold_exactly_met_and_one_short():
    """Six sessions at the very end are enough, five are not; a lapse starts the count again."""
    outcome = [0] * 9
    assert verdict(life([0.5] * 3 + [0.7] * 6, outcome=outcome)) == (4, True, True)
    assert verdict(life([0.5] * 4 + [0.7] * 5, outcome=outcome)) == (10, False, True)
    assert verdict(life([0.7] * 5 + [0.5] + [0.7] * 6, outcome=[0] * 12)) == (7, True, True)
    assert verdict(life([0.7] * 5, outcome=[0] * 5)) == (6, False, True)


def test_a_hold_is_seen_while_as_many_sessions_remain():
    """From the fourth of nine sessions six remain, from the second of seven; of five, from none."""
    assert judge(life([0.5] * 9, outcome=0), DEFAULT_CRITERION).followed.tolist() == [4]
    assert judge(life([0.5] * 5, outcome=0), DEFAULT_CRITERION).followed.tolist() == [0]
    assert judge(life([0.5] * 9, outcome=0, counts=[True] * 7 + [False] * 2), DEFAULT_CRITERION).followed.tolist() == [
        2
    ]


def test_without_a_disappointment_survived_nothing_is_earned():
    """The outcome below .5 must be seen, and within the six sessions."""
    assert not verdict(life([0.7] * 9, outcome=1.0))[1]
    assert not verdict(life([0.7] * 9, outcome=0.5))[1]
    assert not verdict(life([0.7] * 9, outcome=0.0, seen=False))[1]
    assert verdict(life([0.7] * 9, outcome=[1] * 8 + [0.49])) == (4, True, True)
    assert not verdict(life([0.5] + [0.7] * 8, outcome=[0] + [1] * 8))[1]


def test_not_earned_is_censored_at_the_last_session():
    """One more than there were, person by person; sessions after a person's last do not count."""
    short = life([0.7] * 9, outcome=0.0, counts=np.arange(9) < 5)
    assert verdict(short) == (6, False, True)
    assert verdict(life([0.7] * 9, outcome=0.0, counts=np.arange(9) < 6)) == (1, True, True)
    people = (short, life([0.5] * 9), life([0.5] * 3 + [0.7] * 6, outcome=0.0))
    together = BeliefPath(*(np.concatenate(columns, axis=1) for columns in zip(*people, strict=True)))
    assert judge(together, DEFAULT_CRITERION).sessions.tolist() == [6, 10, 4]


def test_corrective_experiences_until_then():
    """Better than expected by .25 or more, seen, while a belief is below .6, up to the session of being secure."""
    availability = [0.3, 0.4, 0.5, 0.5, 0.55, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.5, 0.5]
    outcome = [1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1]
    expected = [0.75, 0.76, 0.3, 0.4, 0.4, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]
    lived = life(availability, outcome=outcome, expected=expected, seen=np.arange(13) != 4)
    assert verdict(lived) == (6, True, True)
    # sessions 1, 4 and 6; of the rest 2 was too small, 3, 8 and 12 bad, 5 unseen, 13 after security was earned
    assert judge(lived, DEFAULT_CRITERION).corrective.tolist() == [3]
    low = np.full_like(lived.worth, 0.5)
    # with low worth throughout, 7, 9, 10, 11 and 13 are corrective too
    assert judge(lived._replace(worth_before=low, worth=low), DEFAULT_CRITERION).corrective.tolist() == [3 + 5]


def test_repairs_until_then():
    """Repairs are counted up to the session of being secure, and all of them where that never comes."""
    repair = [False, True, False, True, True, False, True, False, False]
    assert judge(life([0.5] * 3 + [0.7] * 6, outcome=0.0, repair=repair), DEFAULT_CRITERION).repairs.tolist() == [2]
    assert judge(life([0.5] * 9, outcome=0.0, repair=repair), DEFAULT_CRITERION).repairs.tolist() == [4]


def test_styles_at_the_last_session():
    """Low worth is preoccupied, low availability dismissing, both fearful; below .5 is low."""
    people = [life([0.1, availability], worth=worth) for availability, worth in [(0.5, 0.5), (0.9, 0.49), (0.4, 0.6)]]
    people += [life([0.4, 0.4], worth=0.2), life([0.8, 0.1], worth=0.8, counts=[True, False])]
    named = [STYLES[styles_at_end(person)[0]] for person in people]
    assert named == ["secure", "preoccupied", "dismissing", "fearful", "secure"]


def paths(outcomes, figure=None, figures=1, view=0, counts=None, transfer=None, unseen=()):
    """The path of one person who learns half of every surprise, from starts of .2."""
    rule = lift_learner(LEARNER, transfer=transfer is not None)
    values = {
        f"{belief}_{name}": x for belief in ("availability", "worth") for name, x in (("start", 0.2), ("rate", 0.5))
    }
    p = constants(rule, **values, **({} if transfer is None else {"transfer": transfer}))
    course = course_of(outcomes, figure, figures)
    course[list(unseen), EVENT_FIELDS.index("seen")] = 0.0
    counted = np.ones((len(outcomes), 1), dtype=bool) if counts is None else np.c_[counts]
    return collect_path(ModelSpec("", rule, {}), p, filter_events(rule, p, course, figures), counted, view, figures)


def test_path_of_a_figure_has_its_sessions_only():
    """Beliefs about the figure at its own sessions; worth also moves between them."""
    found = paths([1, 1, 0, 1], figure=[0, 1, 1, 0], figures=2, counts=[True, False, False, True])
    np.testing.assert_allclose(found.availability[:2, 0], [0.6, 0.8])
    np.testing.assert_allclose(found.availability_before[:2, 0], [0.2, 0.6])
    np.testing.assert_allclose(found.expected[:2, 0], [0.2, 0.6])
    np.testing.assert_allclose(found.worth[:2, 0], [0.6, (0.8 / 2 + 1) / 2])
    np.testing.assert_allclose(found.worth_before[:2, 0], [0.2, 0.4])
    assert found.counts.sum() == 2


@pytest.mark.parametrize(("transfer", "newcomer"), [(None, [0.2, 0.2]), (0.5, [0.4, 0.5]), (1.0, [0.6, 0.8])])
def test_path_in_general_is_about_someone_new(transfer, newcomer):
    """What is expected of one never met: the start, with transfer what became of those met, or in between."""
    found = paths([1, 1], figure=[0, 0], figures=2, view=None, transfer=transfer)
    np.testing.assert_allclose(found.availability[:, 0], newcomer)
    np.testing.assert_allclose(found.expected[:, 0], [0.2, 0.6])  # of the figure met


def test_repair_is_a_response_directly_after_a_failure_of_the_same_figure():
    """Others in between do not matter, nor does what was not seen; a second response is no repair."""
    found = paths([0, 1, 1, 1, 0.4, 0.9, 0.5], figure=[0, 1, 0, 0, 1, 0, 1], figures=2)
    assert np.flatnonzero(found.repair).tolist() == [2, 6]
    assert np.flatnonzero(paths([0, 1, 1], unseen=[1]).repair).tolist() == [2]
    assert np.flatnonzero(paths([0, 1, 1], unseen=[0]).repair).tolist() == []


PEOPLE = 40_000
LAX = Criterion(secure=0.5, hold=3, disappointment=np.inf)


@pytest.mark.parametrize(
    ("criterion", "care", "rate", "percent"),
    [
        (LAX, 0.5, 0.1, 61),
        (LAX, 0.5, 0.3, 86),
        (DEFAULT_CRITERION, 0.5, 0.1, 7),
        (DEFAULT_CRITERION, 0.5, 0.3, 23),
        (DEFAULT_CRITERION, 0.8, 0.1, 81),
        (DEFAULT_CRITERION, 0.8, 0.3, 91),
    ],
)
def test_how_often_it_is_met(criterion, care, rate, percent):
    """From a start of .3 within 24 sessions: a lax rule is met by chance, the strict one by good care.

    The tolerance is the rounding of the figure and four Monte-Carlo errors.
    """
    rule = lift_learner(LEARNER)
    values = {"availability_start": 0.3, "worth_start": 0.3, "availability_rate": rate, "worth_rate": rate}
    p = constants(rule, PEOPLE, **values)
    course = np.tile(course_of([0.0] * 24), (1, 1, PEOPLE))
    course[:, EVENT_FIELDS.index("outcome")] = np.random.default_rng(1).random((24, PEOPLE)) < care
    moments = filter_events(rule, p, course, 1)
    lived = collect_path(ModelSpec("", rule, {}), p, moments, np.ones((24, PEOPLE), dtype=bool), 0, 1)
    share = judge(lived, criterion).earned.mean()
    assert share == pytest.approx(percent / 100, abs=0.005 + 4 * np.sqrt(share * (1 - share) / PEOPLE))
