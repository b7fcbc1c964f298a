"""The criterion of earned security: boundary cases made by hand, and how often it is met by chance."""

import numpy as np
import pytest
from helpers import constants, one_person_events

from iwm_bayes.estimands.security.belief_paths import collect_path
from iwm_bayes.estimands.security.criterion import (
    DEFAULT_CRITERION,
    STYLES,
    BeliefPath,
    Criterion,
    judge,
    ruptures_and_repairs,
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
    availability,
    worth=NO_BELIEF,
    start=0.2,
    outcome=1.0,
    expected=0.4,
    observed=True,
    repair=False,
    is_session=True,
    unresponsive=0.9,
):
    """Make one person's path by session; a single value applies to every session.

    `unresponsive` is the share of both beliefs that one unresponsive session next would leave.
    """
    after = np.zeros((len(availability), 1)) + np.c_[availability]
    worth, outcome, expected, left = (
        np.zeros_like(after) + np.c_[value] for value in (worth, outcome, expected, unresponsive)
    )
    observed, repair, is_session = (
        np.zeros(after.shape, dtype=bool) | np.c_[value] for value in (observed, repair, is_session)
    )
    before = [np.concatenate([np.minimum(start, belief[:1]), belief[:-1]]) for belief in (after, worth)]
    seen = observed & is_session
    masks = (seen, seen & (outcome < 0.5), repair & is_session, is_session, is_session)
    return BeliefPath(after, worth, *before, left * after, left * worth, expected, outcome, *masks)


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


def test_security_must_be_resilient_at_every_session_of_the_hold():
    """One unresponsive session next must leave both beliefs at 0.5 or above; exactly 0.5 is enough."""
    assert result(path_of([0.7] * 6, unresponsive=0.5 / 0.7)) == (1, True, True)
    assert result(path_of([0.7] * 6, unresponsive=0.71)) == (7, False, True)
    assert result(path_of([0.9] * 6, worth=0.7, unresponsive=0.71)) == (7, False, True)
    fragile = path_of([0.7] * 9, unresponsive=[0.9] * 2 + [0.7] + [0.9] * 6)
    assert result(fragile) == (4, True, True)
    judged = judge(path_of([0.7] * 9, unresponsive=0.7), DEFAULT_CRITERION)
    assert (int(judged.held_from[0]), bool(judged.earned[0])) == (1, False)


def test_a_rupture_within_the_hold_is_a_test_and_no_condition():
    """Perfect care earns security; the six sessions from the first on must contain the rupture for it to be tested."""
    for outcome, observed, tested in [
        ([1] * 9, True, False),
        ([1] * 5 + [0.49] + [1] * 3, True, True),
        ([1] * 5 + [0.5] + [1] * 3, True, False),
        ([1] * 6 + [0] * 3, True, False),
        ([1] * 5 + [0] + [1] * 3, False, False),
    ]:
        judged = judge(path_of([0.7] * 9, outcome=outcome, observed=observed), DEFAULT_CRITERION)
        assert (int(judged.sessions[0]), bool(judged.tested[0])) == (1, tested)


def test_not_earned_is_censored_at_the_last_session():
    """It is the number of sessions + 1 for each person; events after a person's last session do not count."""
    short = path_of([0.7] * 9, outcome=0.0, is_session=np.arange(9) < 5)
    assert result(short) == (6, False, True)
    assert result(path_of([0.7] * 9, outcome=0.0, is_session=np.arange(9) < 6)) == (1, True, True)
    people = (short, path_of([0.5] * 9), path_of([0.5] * 3 + [0.7] * 6, outcome=0.0))
    together = BeliefPath(*(np.concatenate(columns, axis=1) for columns in zip(*people, strict=True)))
    assert judge(together, DEFAULT_CRITERION).sessions.tolist() == [6, 10, 4]


def test_corrective_experiences_are_feared_expectations_that_are_not_met():
    """Observed outcomes 0.25 or more above an expectation below 0.5, while a belief is below 0.6, until security."""
    availability = [0.3, 0.4, 0.5, 0.5, 0.55, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.5, 0.5]
    outcome = [0.74, 0.6, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 1]
    expected = [0.49, 0.36, 0.3, 0.5, 0.4, 0.49, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]
    lived = path_of(availability, outcome=outcome, expected=expected, observed=np.arange(13) != 4)
    assert result(lived) == (6, True, True)
    # sessions 1 and 6; 2 was too small, 3 and 8 unresponsive, 4 not feared, 5 not observed, and 13 after security
    assert judge(lived, DEFAULT_CRITERION).corrective.tolist() == [2]
    low = np.full_like(lived.worth, 0.5)
    # with low self-worth throughout 7 is corrective, too; sessions from 9 on cannot begin a hold of six
    assert judge(lived._replace(worth_before=low, worth=low), DEFAULT_CRITERION).corrective.tolist() == [2 + 1]


def test_repairs_until_then():
    """Repairs are counted until earned security, else until the last session at which it could still begin."""
    repair = [False, True, False, True, True, False, True, False, False]
    assert judge(path_of([0.5] * 3 + [0.7] * 6, repair=repair), DEFAULT_CRITERION).repairs.tolist() == [2]
    assert judge(path_of([0.5] * 9, repair=repair), DEFAULT_CRITERION).repairs.tolist() == [2]
    assert judge(path_of([0.5] * 12, repair=repair + [False] * 3), DEFAULT_CRITERION).repairs.tolist() == [4]


def test_styles_at_the_last_session():
    """Low self-worth is preoccupied, low availability dismissing, both fearful; below 0.5 is low."""
    people = [
        path_of([0.1, availability], worth=worth) for availability, worth in [(0.5, 0.5), (0.9, 0.49), (0.4, 0.6)]
    ]
    people += [path_of([0.4, 0.4], worth=0.2), path_of([0.8, 0.1], worth=0.8, is_session=[True, False])]
    named = [STYLES[styles_at_end(person)[0]] for person in people]
    assert named == ["secure", "preoccupied", "dismissing", "fearful", "secure"]


def test_sessions_of_others_change_no_style_and_nobody_without_a_session_counts():
    """A style is that of the person's own last session; who never met the figure is not insecure toward it."""
    continued = path_of([0.2, 0.2, 0.9], worth=0.9, is_session=True)._replace(
        is_own=np.array([[True], [True], [False]])
    )
    assert STYLES[styles_at_end(continued)[0]] == "dismissing"
    assert result(path_of([0.2] * 6, is_session=False))[2] is False


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


def test_ruptures_and_repairs_by_hand():
    """Other figures in between do not matter; an outcome that was not observed is neither."""
    outcome = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])[:, None]
    observed = np.array([1, 1, 0, 1, 1, 1, 1, 1, 1], dtype=bool)[:, None]
    figure = np.array([0, 1, 0, 0, 1, 0, 1, 1, 0])[:, None]
    rupture, repair = ruptures_and_repairs(outcome, observed, figure)
    assert np.flatnonzero(rupture).tolist() == [1, 3, 6, 7]
    assert np.flatnonzero(repair).tolist() == [4, 5]


@pytest.mark.parametrize("gap", [1.0, 30.0])
@pytest.mark.parametrize("name", ["rescorla_wagner", "kalman"])
def test_the_unresponsive_session_that_might_come_is_the_models_own_update(name, gap):
    """It is what the filter believes after one more event: an outcome of 0, one gap later."""
    learner = RULES[name]
    rule = lift_learner(learner)
    fields = {"start": 0.3, "rate": 0.3, "start_variance": 0.2, "diffusion": 0.01, "noise": 0.25}
    own = [field for field in learner.parameters._fields if field in fields]
    p = constants(rule, **{f"{belief}_{field}": fields[field] for belief in ("availability", "worth") for field in own})
    event_array = one_person_events([1, 0, 1, 1, 0, 0])
    longer = event_array.copy()
    for field in ("since_figure", "since_any"):
        longer[-1, EVENT_FIELDS.index(field)] = gap
    model, every = ModelSpec("", rule, {}), np.ones((5, 1), dtype=bool)
    found = collect_path(model, p, filter_events(rule, p, event_array[:-1], 1), every, 0, 1, gap)
    known = collect_path(model, p, filter_events(rule, p, longer, 1), np.ones((6, 1), dtype=bool), 0, 1, gap)
    assert found.availability_after_unresponsive[-1] == pytest.approx(known.availability[-1])
    assert found.worth_after_unresponsive[-1] == pytest.approx(known.worth[-1])


PEOPLE = 40_000
LAX = Criterion(secure_at_or_above=0.5, duration=3, resilient_at_or_above=0.0)
HELD_ONLY = Criterion(resilient_at_or_above=0.0)


def simulated_share(rule, values, care, criterion=DEFAULT_CRITERION, sessions=24, seed=1, people=PEOPLE):
    """Return the share of people with these parameters who are earned secure under constant care."""
    p, course = constants(rule, people, **values), np.tile(one_person_events([0.0] * sessions), (1, 1, people))
    course[:, EVENT_FIELDS.index("outcome")] = np.random.default_rng(seed).random((sessions, people)) < care
    is_session = np.ones((sessions, people), dtype=bool)
    path = collect_path(ModelSpec("", rule, {}), p, filter_events(rule, p, course, 1), is_session, 0, 1)
    return judge(path, criterion).earned.mean()


@pytest.mark.parametrize(
    ("criterion", "care", "shares"),
    [
        (DEFAULT_CRITERION, 0.5, {0.05: 0.002, 0.1: 0.07, 0.2: 0.16, 0.3: 0.04}),
        (HELD_ONLY, 0.5, {0.05: 0.002, 0.1: 0.07, 0.2: 0.20, 0.3: 0.24}),
        (DEFAULT_CRITERION, 0.8, {0.05: 0.52, 0.1: 0.91, 0.2: 0.95, 0.3: 0.75}),
        (DEFAULT_CRITERION, 1.0, {0.05: 1.0, 0.1: 1.0, 0.2: 1.0, 0.3: 1.0}),
        (LAX, 0.5, {0.1: 0.61, 0.3: 0.86}),
    ],
)
def test_how_often_it_is_met(criterion, care, shares):
    """One belief, learning rates of .05 to .3 from .3 in 24 sessions: strict by chance, and met under perfect care.

    The tolerance is the rounding of the share plus four Monte Carlo standard errors.
    """
    rule = lift_learner(LEARNER, worth=False)
    for rate, known in shares.items():
        found = simulated_share(rule, {"availability_start": 0.3, "availability_rate": rate}, care, criterion)
        rounding = 0.0005 if known < 0.01 else 0.005
        tolerance = rounding + 4 * np.sqrt(max(known * (1 - known), 1e-4) / PEOPLE)
        assert found == pytest.approx(known, abs=tolerance), (care, rate)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("name", ["rescorla_wagner", "kalman"])
def test_better_care_never_earns_less_security(name, rate):
    """With the same random numbers the share does not fall over twenty cares from .6 to 1.

    In the Kalman filter the diffusion is such that the steady gain is the rate: noise * rate^2 / (1 - rate).
    """
    rule = lift_learner(RULES[name])
    own = {
        "rescorla_wagner": {"start": 0.3, "rate": rate},
        "kalman": {
            "start": 0.3,
            "start_variance": 0.25 * rate,
            "diffusion": 0.25 * rate**2 / (1 - rate),
            "noise": 0.25,
        },
    }[name]
    values = {f"{belief}_{field}": x for belief in ("availability", "worth") for field, x in own.items()}
    shares = [simulated_share(rule, values, care, people=4000) for care in np.linspace(0.6, 1.0, 20)]
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] > shares[0]
