"""Expectancy bias: a person's report of an outcome is partly the expectation. The rule then learns from the outcome
behind the report.

    reported = (1 - expectancy_bias) * outcome + expectancy_bias * expected
    outcome  = (reported - expectancy_bias * expected) / (1 - expectancy_bias),     limited to 0..1

A report of yes or no is not such a mixture. Because of the limits it counts as it is.

A rule that takes reports for outcomes underestimates prediction errors, and compensates by too high a learning rate.
For a delta rule the factor is 1 / (1 - expectancy_bias): at .3, a rate of .08 becomes .11. Where somebody else recorded
the outcomes too, a person's own reports (`perceived_rating`) determine the expectancy bias. Otherwise only the prior
does. Derived for this program: no published equation is known.
"""

from typing import Any

from iwm_bayes.ops import constant, maximum, minimum
from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.types import Beliefs, Event, Parameter, Rule, State

EXPECTANCY_BIAS = Parameter(
    "unit",
    (0.05, 0.6),
    pooling="complete",
    meaning="expectancy bias: share of a report that is the expectation and not the outcome",
)


def with_expectancy_bias(rule: Rule, fixed: float | None = None) -> Rule:
    """Make a rule learn from the outcome behind a person's own report; `fixed` fixes the expectancy bias."""

    def learn(p: Any, old_p: Any, s: State, event: Event) -> State:
        share = p.expectancy_bias * event.reported
        expected = rule.beliefs(old_p, s, event).expected
        outcome = (event.outcome - share * expected) / (1.0 - share)
        corrected = event._replace(outcome=minimum(maximum(outcome, constant(0.0)), constant(1.0)))
        return rule.learn(old_p, s, corrected)

    def beliefs(p: Any, old_p: Any, s: State, event: Event) -> Beliefs:
        unbiased = rule.beliefs(old_p, s, event)
        return unbiased._replace(perceived=event.outcome + p.expectancy_bias * (unbiased.expected - event.outcome))

    return with_parameters(
        rule, {"expectancy_bias": EXPECTANCY_BIAS._replace(fixed=fixed)}, learn=learn, beliefs=beliefs
    )
