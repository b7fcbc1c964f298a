"""The rules in which what follows a rupture decides: their limits, Bayes' rule by matrices, and what they take in."""

import numpy as np
import pytest
from helpers import AFTER, belief_path, constants, one_person_events

from iwm_bayes.filtering.arrays import EVENT_FIELDS
from iwm_bayes.filtering.filter import filter_events, filter_readouts
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.event_effects import is_read_at_events
from iwm_bayes.types import named_leaves

OUTCOMES = np.random.default_rng(1).random(30)
RESPONSES = np.round(OUTCOMES)
AFTER_RUPTURE = np.concatenate([[False], OUTCOMES[:-1] < 0.5])
TESTED = {"start": 0.3, "hazard": 0.05, "care": 0.9, "leak": 0.2, "calm_gap": 0.0}
TWO = {"start": 0.7, "repair_start": 0.3, "calm_rate": 0.1, "repair_rate": 0.4, "need": 0.8}


def forward_filter(outcomes, elapsed, start, hazard, care, leak, calm_gap):
    """Compute beliefs by Bayes' rule over two figures, (reliable, fair-weather), as weights of a Markov chain."""
    weights, kinds, ruptured, beliefs = np.array([start, 1 - start]), np.array([start, 1 - start]), False, []
    for outcome, time in zip(outcomes, elapsed, strict=True):
        redrawn = 1 - (1 - hazard) ** time
        chain = (1 - redrawn) * np.eye(2) + redrawn * np.tile(kinds, (2, 1))
        chance = np.array([care, leak if ruptured else care - calm_gap])
        weights = (weights @ chain) * chance**outcome * (1 - chance) ** (1 - outcome)
        weights = weights / weights.sum()
        beliefs.append(weights @ [care, leak])
        ruptured = outcome < 0.5
    return beliefs


@pytest.mark.parametrize("calm_gap", [0.0, 0.15])
@pytest.mark.parametrize("outcomes", [RESPONSES, OUTCOMES], ids=["binary", "graded"])
def test_a_strain_test_is_bayes_rule_over_two_kinds_of_figures(calm_gap, outcomes):
    """Over unequal times, in which the kind of the figure may be drawn again."""
    elapsed = np.random.default_rng(2).exponential(3.0, len(outcomes))
    rule, values = lift_learner(RULES["strain_test"], worth=False), TESTED | {"calm_gap": calm_gap}
    events = one_person_events(outcomes)
    events[:, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")], 0] = elapsed[:, None]
    p = constants(rule, **{f"availability_{name}": value for name, value in values.items()})
    beliefs = filter_readouts(rule, p, events, 1, AFTER)[0][:, 0]
    np.testing.assert_allclose(beliefs, forward_filter(outcomes, elapsed, **values), rtol=0, atol=1e-13)


def test_a_strain_test_that_no_figure_fails_teaches_nothing():
    """Where a fair-weather figure responds as a reliable one does, beliefs stay at their start."""
    beliefs = belief_path("strain_test", OUTCOMES, **TESTED | {"leak": 0.9})
    np.testing.assert_allclose(beliefs, 0.9, rtol=0, atol=1e-15)
    rule = lift_learner(RULES["strain_test"], worth=False)
    p = constants(rule, **{f"availability_{name}": value for name, value in (TESTED | {"leak": 0.9}).items()})
    reliable = [one.after.availability.reliable[0, 0] for one in filter_events(rule, p, one_person_events(OUTCOMES), 1)]
    np.testing.assert_allclose(reliable, 0.3, rtol=0, atol=1e-14)


def test_smooth_care_and_a_first_rupture_pass_no_strain_test():
    """Twenty good sessions leave the belief where it was, and so does the rupture that ends them; its repair does not.

    The odds are then those of the start times .9 / .2.
    """
    beliefs = belief_path("strain_test", [1.0] * 20 + [0.0, 1.0], **TESTED | {"hazard": 0.0})
    np.testing.assert_allclose(beliefs[:-1], 0.2 + 0.7 * 0.3, rtol=0, atol=1e-14)
    odds = 0.3 / 0.7 * 0.9 / 0.2
    assert beliefs[-1] == pytest.approx(0.2 + 0.7 * odds / (1 + odds), rel=1e-12)


def test_a_fair_weather_figure_is_never_worse_in_calm_than_under_strain():
    """A gap that is larger than what strain takes away counts as this: what came before is then uninformative."""
    beliefs = [belief_path("strain_test", OUTCOMES, **TESTED | {"calm_gap": gap}) for gap in (0.7, 0.95)]
    np.testing.assert_allclose(beliefs[0], beliefs[1], rtol=0, atol=1e-14)


def test_a_figure_that_never_fails_is_tested_as_one_that_hardly_fails():
    """At chances of 0 and 1, beliefs are the limits of those nearby: a single rupture or repair then tells.

    Near 1 a double rounds 1 - care to one part in 1e4, of which a belief shows less than r (1 - r) / 2 = 0.105.
    """
    for outcomes, end in (([1, 0, 1], 1.0), ([1, 0, 0], 0.0), ([1, 0, 0.5, 1], None)):
        ends, near = (
            belief_path("strain_test", outcomes, **TESTED | {"hazard": 0.0, "care": care, "leak": leak})
            for care, leak in ((1.0, 0.0), (1 - 1e-11, 1e-11))
        )
        np.testing.assert_allclose(ends, near, rtol=0, atol=1.1e-5)
        assert end is None or ends[-1] == pytest.approx(end, abs=1e-9)


def test_a_repair_counts_however_long_after_the_rupture():
    """Ten years without a session take nothing from what the next one tells."""
    rule, events = lift_learner(RULES["strain_test"], worth=False), one_person_events([0.0, 1.0])
    events[1, [EVENT_FIELDS.index(name) for name in ("since_figure", "since_any")], 0] = 520.0
    p = constants(rule, **{f"availability_{name}": value for name, value in TESTED.items()})
    odds = 0.3 / 0.7 * 0.9 / 0.2
    assert filter_readouts(rule, p, events, 1, AFTER)[0][-1, 0] == pytest.approx(
        0.2 + 0.7 * odds / (1 + odds), rel=1e-9
    )


@pytest.mark.parametrize("name", ["strain_test", "contingent"])
def test_distress_that_is_not_recorded_is_calm(name):
    """A missing number in an array is what a blank cell of a table is."""
    values = TESTED if name == "strain_test" else TWO
    missing, calm = (belief_path(name, OUTCOMES, distress, **values) for distress in (np.nan, 0.0))
    np.testing.assert_array_equal(missing, calm)


def test_without_need_and_ruptures_contingent_learning_is_rescorla_wagner():
    """The expectation in calm alone is learned, at its own rate."""
    smooth = 0.5 + OUTCOMES / 2
    expected = belief_path("rescorla_wagner", smooth, start=0.7, rate=0.1)
    np.testing.assert_allclose(belief_path("contingent", smooth, **TWO | {"need": 0.0}), expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("need", "rate", "start", "learned"), [(0.0, 0.1, 0.7, False), (1.0, 0.4, 0.3, True)])
def test_each_expectation_is_rescorla_wagner_in_its_own_context(need, rate, start, learned):
    """At a full need outcomes after a rupture alone are learned, at the rate of strain; without need, the others."""
    own = learned == AFTER_RUPTURE
    path = belief_path("rescorla_wagner", OUTCOMES[own], start=start, rate=rate)
    expected = np.concatenate([[start], path])[np.cumsum(own)]
    np.testing.assert_allclose(
        belief_path("contingent", OUTCOMES, **TWO | {"need": need}), expected, rtol=0, atol=1e-15
    )


def test_the_belief_weighs_both_expectations_by_need():
    """The belief at a need in between is the mean of those at its ends."""
    ends = [belief_path("contingent", OUTCOMES, **TWO | {"need": need}) for need in (0.0, 1.0)]
    expected = 0.35 * ends[0] + 0.65 * ends[1]
    np.testing.assert_allclose(
        belief_path("contingent", OUTCOMES, **TWO | {"need": 0.65}), expected, rtol=0, atol=1e-15
    )


def test_a_session_in_distress_is_one_under_strain():
    """A distress of .5 or more makes an outcome change the expectation under strain, and one below does not."""
    smooth = 0.5 + OUTCOMES / 2
    in_calm, strained = (belief_path("contingent", smooth, distress, **TWO | {"need": 1.0}) for distress in (0.49, 0.5))
    np.testing.assert_array_equal(in_calm, np.full(30, 0.3))
    np.testing.assert_allclose(
        strained, belief_path("rescorla_wagner", smooth, start=0.3, rate=0.4), rtol=0, atol=1e-15
    )


def test_distress_is_gone_at_the_next_session():
    """It makes its own session one under strain, and no other; also where the outcome is not observed."""
    rule, distress = lift_learner(RULES["contingent"]), np.zeros(6)
    distress[[1, 3]] = 1.0
    events = one_person_events([1.0] * 6)
    events[:, EVENT_FIELDS.index("distress"), 0] = distress
    events[3, EVENT_FIELDS.index("observed"), 0] = 0.0
    values = {f"{belief}_{name}": value for belief in ("availability", "worth") for name, value in TWO.items()}
    states = [one.after for one in filter_events(rule, constants(rule, **values), events, 1)]
    calm = 1 - 0.3 * 0.9 ** np.array([1, 1, 2, 2, 3, 4])
    repair = 1 - 0.7 * 0.6 ** np.array([0, 1, 1, 1, 1, 1])
    for belief in ("availability", "worth"):
        np.testing.assert_allclose([np.ravel(getattr(s, belief).calm)[0] for s in states], calm, rtol=1e-12)
        np.testing.assert_allclose([np.ravel(getattr(s, belief).repair)[0] for s in states], repair, rtol=1e-12)


@pytest.mark.parametrize("name", ["strain_test", "contingent"])
def test_a_rupture_with_one_figure_is_none_with_another(name):
    """What follows a rupture is the next session with the same figure; self-worth is learned from all of them."""
    rule = lift_learner(RULES[name])
    values = TESTED | {"hazard": 0.0} if name == "strain_test" else TWO
    p = constants(rule, **{f"{belief}_{key}": x for belief in ("availability", "worth") for key, x in values.items()})
    *_, last = filter_events(rule, p, one_person_events([0.0, 1.0], [0, 1], 2), 2)
    assert last.after.availability.ruptured[:, 0].tolist() == [1.0, 0.0]
    learned = {"strain_test": "reliable", "contingent": "repair"}[name]
    before, after = (getattr(state.availability, learned)[1, 0] for state in (last.before, last.after))
    assert after == pytest.approx(before, abs=1e-14)
    assert getattr(last.after.worth, learned)[0] > getattr(last.before.worth, learned)[0] + 0.1


def test_session_covariates_can_move_both_rates_of_contingent_learning():
    """An example in which everybody is in distress would say that nothing reads the rate in calm."""
    rule = lift_learner(RULES["contingent"])
    read = {name for name, _ in named_leaves(rule.parameters) if is_read_at_events(rule, name)}
    assert read == {
        f"{belief}_{name}" for belief in ("availability", "worth") for name in ("calm_rate", "repair_rate", "need")
    }
