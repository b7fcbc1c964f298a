"""The criterion of earned security: boundary cases made by hand, and how often it is met by chance."""

import numpy as np
import pytest
from helpers import constants, one_person_events

from iwm_bayes.estimands.criterion import (
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

NO_BELIEF = np.inf  # self-worth in a model without it
LEARNER = RULES["rescorla_wagner"]


def path_of(
    availability, worth=NO_BELIEF, start=0.2, outcome=1.0, expected=1.0, observed=True, repair=False, is_session=True
):
    """Make one person's path by session; a single value applies to every session."""
    after = np.zeros((len(availability), 1)) + np.c_[availability]
    worth, outcome, expected = (np.zeros_like(after) + np.c_[value] for value in (worth, outcome, expected))
    observed, repair, is_session = (
        np.zeros(after.shape, dtype=bool) | np.c_[value] for value in (observed, repair, is_session)
    )
    before = [np.concatenate([np.minimum(start, belief[:1]), belief[:-1]]) for belief in (after, worth)]
    return BeliefPath(after, worth, *before, expected, outcome, observed & is_session, repair & is_session, is_session)


def result(path, criterion=DEFAULT_CRITERION):
    """Return sessions, whether security is earned, and whether the person is insecure at baseline."""
    judged = judge(path, criterion)
    return int(judged.sessions[0]), bool(judged.earned[0]), bool(judged.insecure[0])


DISAPPOINTED = [1, 1, 0, 1, 1, 1]


def test_exactly_at_the_thresholds_counts():
    """At or above .6 for six sessions with one outcome below .5, from a start at or below .4."""
    assert result(path_of([0.6] * 6, worth=0.6, start=0.4, outcome=DISAPPOINTED)) == (1, True, True)
    assert result(path_of([0.6] * 6, worth=0.6, start=0.401, outcome=DISAPPOINTED)) == (1, True, False)
    assert result(path_of([0.6] * 6, worth=0.599, start=0.4, outcome=DISAPPOINTED)) == (7, False, True)
    assert result(path_of([0.599] * 6, worth=0.6, start=0.4, outcome=DISAPPOINTED)) == (7, False, True)


def test_either_belief_makes_a_baseline_insecure():
    """Low self-worth is as insecure as low availability."""
    secure = path_of([0.9] * 6, worth=0.9, start=0.9, outcome=DISAPPOINTED)
    assert result(secure) == (1, True, False)
    assert result(secure._replace(worth_before=np.full((6, 1), 0.4)))[2]
    assert result(secure._replace(availability_before=np.full((6, 1), 0.4)))[2]


def test_duration_exactly_met_and_one_short():
    """Six sessions at the very end are enough, five are not; a lapse starts the count again."""
    outcome = [0] * 9
    assert result(path_of([0.5] * 3 + [0.7] * 6, outcome=outcome)) == (4, True, True)
    assert result(path_of([0.5] * 4 + [0.7] * 5, outcome=outcome)) == (10, False, True)
    assert result(path_of([0.7] * 5 + [0.5] + [0.7] * 6, outcome=[0] * 12)) == (7, True, True)
    assert result(path_of([0.7] * 5, outcome=[0] * 5)) == (6, False, True)


def test_the_duration_can_begin_while_enough_sessions_remain():
    """The last possible session is the fourth of nine and the second of seven; with five there is none."""
    assert judge(path_of([0.5] * 9, outcome=0), DEFAULT_CRITERION).followed.tolist() == [4]
    assert judge(path_of([0.5] * 5, outcome=0), DEFAULT_CRITERION).followed.tolist() == [0]
    assert judge(
        path_of([0.5] * 9, outcome=0, is_session=[True] * 7 + [False] * 2), DEFAULT_CRITERION
    ).followed.tolist() == [2]


def test_security_needs_a_disappointment():
    """The outcome below 0.5 must be observed, and be within the six sessions."""
    assert not result(path_of([0.7] * 9, outcome=1.0))[1]
    assert not result(path_of([0.7] * 9, outcome=0.5))[1]
    assert not result(path_of([0.7] * 9, outcome=0.0, observed=False))[1]
    assert result(path_of([0.7] * 9, outcome=[1] * 8 + [0.49])) == (4, True, True)
    assert not result(path_of([0.5] + [0.7] * 8, outcome=[0] + [1] * 8))[1]


def test_not_earned_is_censored_at_the_last_session():
    """It is the number of sessions + 1 for each person; events after a person's last session do not count."""
    short = path_of([0.7] * 9, outcome=0.0, is_session=np.arange(9) < 5)
    assert result(short) == (6, False, True)
    assert result(path_of([0.7] * 9, outcome=0.0, is_session=np.arange(9) < 6)) == (1, True, True)
    people = (short, path_of([0.5] * 9), path_of([0.5] * 3 + [0.7] * 6, outcome=0.0))
    together = BeliefPath(*(np.concatenate(columns, axis=1) for columns in zip(*people, strict=True)))
    assert judge(together, DEFAULT_CRITERION).sessions.tolist() == [6, 10, 4]


def test_corrective_experiences_until_then():
    """Observed outcomes that exceed the expectation by 0.25 or more while a belief is below 0.6, until security."""
    availability = [0.3, 0.4, 0.5, 0.5, 0.55, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.5, 0.5]
    outcome = [1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1]
    expected = [0.75, 0.76, 0.3, 0.4, 0.4, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]
    lived = path_of(availability, outcome=outcome, expected=expected, observed=np.arange(13) != 4)
    assert result(lived) == (6, True, True)
    # sessions 1, 4 and 6; 2 was too small, 3, 8 and 12 unresponsive, 5 not observed, and 13 after earned security
    assert judge(lived, DEFAULT_CRITERION).corrective.tolist() == [3]
    low = np.full_like(lived.worth, 0.5)
    # with low self-worth throughout, 7, 9, 10, 11 and 13 are corrective too
    assert judge(lived._replace(worth_before=low, worth=low), DEFAULT_CRITERION).corrective.tolist() == [3 + 5]


def test_repairs_until_then():
    """Repairs are counted until earned security, and all of them if that never comes."""
    repair = [False, True, False, True, True, False, True, False, False]
    assert judge(path_of([0.5] * 3 + [0.7] * 6, outcome=0.0, repair=repair), DEFAULT_CRITERION).repairs.tolist() == [2]
    assert judge(path_of([0.5] * 9, outcome=0.0, repair=repair), DEFAULT_CRITERION).repairs.tolist() == [4]


def test_styles_at_the_last_session():
    """Low self-worth is preoccupied, low availability dismissing, both fearful; below 0.5 is low."""
    people = [
        path_of([0.1, availability], worth=worth) for availability, worth in [(0.5, 0.5), (0.9, 0.49), (0.4, 0.6)]
    ]
    people += [path_of([0.4, 0.4], worth=0.2), path_of([0.8, 0.1], worth=0.8, is_session=[True, False])]
    named = [STYLES[styles_at_end(person)[0]] for person in people]
    assert named == ["secure", "preoccupied", "dismissing", "fearful", "secure"]


def paths(outcomes, figure=None, figures=1, view=0, counts=None, transfer=None, unobserved=()):
    """Return the path of one person with learning rates of 0.5 and initial beliefs of 0.2."""
    rule = lift_learner(LEARNER, transfer=transfer is not None)
    values = {
        f"{belief}_{name}": x for belief in ("availability", "worth") for name, x in (("start", 0.2), ("rate", 0.5))
    }
    p = constants(rule, **values, **({} if transfer is None else {"transfer": transfer}))
    course = one_person_events(outcomes, figure, figures)
    course[list(unobserved), EVENT_FIELDS.index("observed")] = 0.0
    counted = np.ones((len(outcomes), 1), dtype=bool) if counts is None else np.c_[counts]
    return collect_path(ModelSpec("", rule, {}), p, filter_events(rule, p, course, figures), counted, view, figures)


def test_path_of_a_figure_has_its_sessions_only():
    """Beliefs are about the figure at its own sessions; self-worth also changes between them."""
    found = paths([1, 1, 0, 1], figure=[0, 1, 1, 0], figures=2, counts=[True, False, False, True])
    np.testing.assert_allclose(found.availability[:2, 0], [0.6, 0.8])
    np.testing.assert_allclose(found.availability_before[:2, 0], [0.2, 0.6])
    np.testing.assert_allclose(found.expected[:2, 0], [0.2, 0.6])
    np.testing.assert_allclose(found.worth[:2, 0], [0.6, (0.8 / 2 + 1) / 2])
    np.testing.assert_allclose(found.worth_before[:2, 0], [0.2, 0.4])
    assert found.is_session.sum() == 2


@pytest.mark.parametrize(("transfer", "newcomer"), [(None, [0.2, 0.2]), (0.5, [0.4, 0.5]), (1.0, [0.6, 0.8])])
def test_the_generalised_path_is_about_a_new_figure(transfer, newcomer):
    """It is the initial belief, with full transfer that about the figures met, or in between."""
    found = paths([1, 1], figure=[0, 0], figures=2, view=None, transfer=transfer)
    np.testing.assert_allclose(found.availability[:, 0], newcomer)
    np.testing.assert_allclose(found.expected[:, 0], [0.2, 0.6])  # of the figure of the session


def test_repair_is_a_responsive_session_directly_after_an_unresponsive_one_with_the_same_figure():
    """Other figures and unobserved outcomes in between do not matter; a second responsive session is no repair."""
    found = paths([0, 1, 1, 1, 0.4, 0.9, 0.5], figure=[0, 1, 0, 0, 1, 0, 1], figures=2)
    assert np.flatnonzero(found.repair).tolist() == [2, 6]
    assert np.flatnonzero(paths([0, 1, 1], unobserved=[1]).repair).tolist() == [2]
    assert np.flatnonzero(paths([0, 1, 1], unobserved=[0]).repair).tolist() == []


PEOPLE = 40_000
LAX = Criterion(secure_at_or_above=0.5, duration=3, disappointment_below=np.inf)


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
    """With initial beliefs of 0.3 in 24 sessions, chance meets a lax criterion, and good care meets the strict one.

    The tolerance is the rounding of the percentage plus four Monte Carlo standard errors.
    """
    rule = lift_learner(LEARNER)
    values = {"availability_start": 0.3, "worth_start": 0.3, "availability_rate": rate, "worth_rate": rate}
    p = constants(rule, PEOPLE, **values)
    course = np.tile(one_person_events([0.0] * 24), (1, 1, PEOPLE))
    course[:, EVENT_FIELDS.index("outcome")] = np.random.default_rng(1).random((24, PEOPLE)) < care
    events = filter_events(rule, p, course, 1)
    path = collect_path(ModelSpec("", rule, {}), p, events, np.ones((24, PEOPLE), dtype=bool), 0, 1)
    share = judge(path, criterion).earned.mean()
    assert share == pytest.approx(percent / 100, abs=0.005 + 4 * np.sqrt(share * (1 - share) / PEOPLE))
