"""Modified rules: learning under distress, and learning from a person's own reports."""

import numpy as np
import pytest
from helpers import constants, names, one_person_events

from iwm_bayes.filtering.arrays import event_fields
from iwm_bayes.filtering.filter import filter_readouts
from iwm_bayes.filtering.readouts import Readout
from iwm_bayes.rules import RULES
from iwm_bayes.rules.lift import lift_learner
from iwm_bayes.rules.modifiers.arousal import with_arousal
from iwm_bayes.types import Learner, named_leaves

OUTCOMES = [1.0, 0.2, 0.9, 0.0, 0.6, 1.0]
BELIEFS = [Readout(about, "after") for about in ("availability", "worth", "expected")]
LIFTED_RULES = {name: lift_learner(rule) if isinstance(rule, Learner) else rule for name, rule in RULES.items()}
every_rule = pytest.mark.parametrize("name", LIFTED_RULES)
SIMPLE = {"availability_start": 0.3, "availability_rate": 0.2, "worth_start": 0.3, "worth_rate": 0.2}


def middle(rule, **more):
    """Return every parameter of a rule in the middle of its prior 90% range."""
    found = {name: np.mean(parameter.prior_90) for name, parameter in named_leaves(rule.parameters)}
    return constants(rule, **found | more)


def with_field(events, name, values):
    """Return the event array with one field changed, event by event."""
    changed = events.copy()
    changed[:, event_fields(names(1)).index(name), 0] = values
    return changed


@every_rule
def test_without_the_parameter_the_rule_is_itself(name):
    """Arousal 0 changes no belief."""
    rule, events = LIFTED_RULES[name], one_person_events(OUTCOMES)
    plain, modified = filter_readouts(rule, middle(rule), events, 1, BELIEFS), with_arousal(rule)
    found = filter_readouts(modified, middle(modified, arousal=0.0), events, 1, BELIEFS)
    np.testing.assert_allclose(found, plain, rtol=1e-12, atol=1e-14)


@every_rule
def test_full_arousal_prevents_learning_without_distress(name):
    """At arousal 1 an outcome without distress counts as not observed; one in full distress is learned fully."""
    rule = LIFTED_RULES[name]
    modified = with_arousal(rule)
    calm, events = np.array([1, 0, 1, 0, 0, 1.0]), one_person_events(OUTCOMES)
    distressed = with_field(events, "distress", 1.0 - calm)
    unobserved = with_field(distressed, "observed", 1.0 - calm)
    found = filter_readouts(modified, middle(modified, arousal=1.0), distressed, 1, BELIEFS)
    np.testing.assert_allclose(
        found, filter_readouts(rule, middle(rule), unobserved, 1, BELIEFS), rtol=1e-9, atol=1e-12
    )


def test_half_an_arousal_is_half_a_rate():
    """For a delta rule without distress, arousal lowers the learning rate by its share."""
    rule = LIFTED_RULES["rescorla_wagner"]
    modified = with_arousal(rule)
    events = one_person_events(OUTCOMES)
    found = filter_readouts(modified, constants(modified, **SIMPLE, arousal=0.5), events, 1, BELIEFS)
    slower = {name: value / 2 if name.endswith("rate") else value for name, value in SIMPLE.items()}
    np.testing.assert_allclose(found, filter_readouts(rule, constants(rule, **slower), events, 1, BELIEFS), rtol=1e-12)
