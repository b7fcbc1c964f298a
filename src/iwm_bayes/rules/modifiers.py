"""Modifiers: a rule with one more parameter that changes how it learns.

Arousal: distress scales what is learned.

    share = 1 - arousal (1 - distress)
    s    <- s + share (learned - s)                (an outcome is observed)

At arousal 0 the rule is unchanged. At 1 nothing is learned from outcomes without distress. The state, including its
uncertainty, moves by this share of the way that the rule alone would move it. That attachment behaviour needs
activation is from Bowlby (1969), Attachment and Loss, vol. 1; the equation is derived for this program. It needs a
record of distress.

Expectancy bias: a person's report of an outcome is partly the expectation. The rule then learns from the outcome
behind the report.

    reported = (1 - expectancy_bias) * outcome + expectancy_bias * expected
    outcome  = (reported - expectancy_bias * expected) / (1 - expectancy_bias),     limited to 0..1

A report of yes or no is not such a mixture. Because of the limits it counts as it is.

A rule that takes reports for outcomes underestimates prediction errors, and compensates by too high a learning rate.
For a delta rule the factor is 1 / (1 - expectancy_bias): at .3, a rate of .08 becomes .11. Where somebody else recorded
the outcomes too, a person's own reports (`perceived_rating`) determine the expectancy bias. Otherwise only the prior
does. Derived for this program: no published equation is known.
"""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from iwm_bayes.ops import constant, maximum, minimum
from iwm_bayes.types import Beliefs, Event, Parameter, Rule, State, map_tree


def with_parameter(
    rule: Rule,
    name: str,
    parameter: Parameter,
    learn: Callable[[Any, Any, State, Event], State],
    beliefs: Callable[[Any, Any, State, Event], Beliefs] | None = None,
) -> Rule:
    """Add a parameter to a rule; the new `learn` and `beliefs` take all parameters, then those of the old rule."""
    old_type = type(rule.parameters)
    make: Any = namedtuple  # its fields are known only here
    new_type = make(old_type.__name__, [*old_type._fields, name])

    def old(p: Any) -> Any:
        return old_type(*p[:-1])

    return rule._replace(
        parameters=new_type(*rule.parameters, parameter),
        start=lambda p, figures: rule.start(old(p), figures),
        drift=lambda p, s, event: rule.drift(old(p), s, event),
        learn=lambda p, s, event: learn(p, old(p), s, event),
        beliefs=lambda p, s, event: beliefs(p, old(p), s, event) if beliefs else rule.beliefs(old(p), s, event),
    )


AROUSAL = Parameter(
    "unit", (0.05, 0.95), pooling="complete", meaning="arousal: share of learning that requires distress"
)


def with_arousal(rule: Rule) -> Rule:
    """Make a rule learn more the greater the distress."""

    def learn(p: Any, old_p: Any, s: State, event: Event) -> State:
        share = 1.0 - p.arousal * (1.0 - event.distress)
        return map_tree(lambda learned, before: before + share * (learned - before), rule.learn(old_p, s, event), s)

    return with_parameter(rule, "arousal", AROUSAL, learn)


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

    return with_parameter(rule, "expectancy_bias", EXPECTANCY_BIAS._replace(fixed=fixed), learn, beliefs)
