"""Rules with one parameter more: learning under need, and learning from one's own reports."""

import numpy as np
import pytest
from helpers import constants, course_of, names

from iwm_bayes.filtering.arrays import event_fields
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers import with_arousal, with_expectancy_bias
from iwm_bayes.types import Learner, named_leaves

OUTCOMES = [1.0, 0.2, 0.9, 0.0, 0.6, 1.0]
BELIEFS = [Readout(about, "after") for about in ("availability", "worth", "expected")]
RULES_LIFTED = {name: lift_learner(rule) if isinstance(rule, Learner) else rule for name, rule in RULES.items()}
every_rule = pytest.mark.parametrize("name", RULES_LIFTED)
SIMPLE = {"availability_start": 0.3, "availability_rate": 0.2, "worth_start": 0.3, "worth_rate": 0.2}


def middle(rule, **more):
    """Every parameter of a rule in the middle of what is typical."""
    found = {name: np.mean(parameter.prior_90) for name, parameter in named_leaves(rule.parameters)}
    return constants(rule, **found | more)


def with_field(course, name, values):
    """The course with one field changed, event by event."""
    changed = course.copy()
    changed[:, event_fields(names(1)).index(name), 0] = values
    return changed


@every_rule
def test_without_the_parameter_the_rule_is_itself(name):
    """Arousal 0, assimilation 0, and assimilation of nothing that is one's own report change no belief."""
    rule, course = RULES_LIFTED[name], course_of(OUTCOMES)
    reported = with_field(course, "reported", 1.0)
    plain = filter_readouts(rule, middle(rule), course, 1, BELIEFS)
    for lifted, lived, value in (
        (with_arousal(rule), course, {"arousal": 0.0}),
        (with_expectancy_bias(rule), reported, {"expectancy_bias": 0.0}),
        (with_expectancy_bias(rule), course, {"expectancy_bias": 0.7}),
    ):
        found = filter_readouts(lifted, middle(lifted, **value), lived, 1, BELIEFS)
        np.testing.assert_allclose(found, plain, rtol=1e-12, atol=1e-14)


@every_rule
def test_who_needs_arousal_learns_nothing_in_calm(name):
    """At arousal 1 an outcome met in calm is as good as unseen; one met in full distress is learned whole."""
    rule = RULES_LIFTED[name]
    lifted = with_arousal(rule)
    calm, course = np.array([1, 0, 1, 0, 0, 1.0]), course_of(OUTCOMES)
    distressed = with_field(course, "distress", 1.0 - calm)
    unseen = with_field(course, "seen", 1.0 - calm)
    found = filter_readouts(lifted, middle(lifted, arousal=1.0), distressed, 1, BELIEFS)
    np.testing.assert_allclose(found, filter_readouts(rule, middle(rule), unseen, 1, BELIEFS), rtol=1e-9, atol=1e-12)


def test_half_an_arousal_is_half_a_rate():
    """For a delta rule in calm, a share of what would have been learned is a lower rate."""
    rule = RULES_LIFTED["rescorla_wagner"]
    lifted = with_arousal(rule)
    lived = course_of(OUTCOMES)
    found = filter_readouts(lifted, constants(lifted, **SIMPLE, arousal=0.5), lived, 1, BELIEFS)
    slower = {name: value / 2 if name.endswith("rate") else value for name, value in SIMPLE.items()}
    np.testing.assert_allclose(found, filter_readouts(rule, constants(rule, **slower), lived, 1, BELIEFS), rtol=1e-12)


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_reports_inflate_a_rate_as_theory_says(share):
    """Learning at .08 from what happens is learning at .08 / (1 - share) from what is reported of it."""
    rule = RULES_LIFTED["rescorla_wagner"]
    lifted = with_expectancy_bias(rule)
    true = SIMPLE | {"availability_rate": 0.08, "worth_rate": 0.08}
    p = constants(lifted, **true, assimilation=share)
    course = course_of(OUTCOMES)
    believed = filter_readouts(lifted, p, course, 1, BELIEFS)
    [perceived] = filter_readouts(lifted, p, course, 1, [Readout("perceived", "after")])
    reports = with_field(with_field(course, "outcome", perceived[:, 0]), "reported", 1.0)
    np.testing.assert_allclose(filter_readouts(lifted, p, reports, 1, BELIEFS), believed, rtol=1e-12)
    inflated = true | {"availability_rate": 0.08 / (1 - share), "worth_rate": 0.08 / (1 - share)}
    taken = with_field(reports, "reported", 0.0)
    found = filter_readouts(rule, constants(rule, **inflated), taken, 1, BELIEFS[:1])
    np.testing.assert_allclose(found, believed[:1], rtol=1e-12)
