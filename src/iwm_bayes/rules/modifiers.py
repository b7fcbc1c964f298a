"""A rule with one parameter more, for what changes how any rule learns.

An attachment system that learns when it is active: distress scales what is learned.

    share = 1 - arousal (1 - distress)
    s    <- s + share (learned - s)                (an outcome is seen)

At arousal 0 the rule is as it was; at 1 nothing is learned from what happens in calm. The state moves that share of
the way to what the rule would have learned, uncertainty too. That attachment behaviour needs activation is Bowlby's
(1969), Attachment and Loss, vol. 1; the equation is derived for this program. Needs distress on record.

What people report of a figure is partly what they expected: learn from what lies behind the report.

    reported = (1 - assimilation) * outcome + assimilation * expected
    outcome  = (reported - assimilation * expected) / (1 - assimilation),     kept in 0..1

so that a report of yes or no, which is no mixture, is taken as it is.

A rule that takes reports for outcomes learns too slowly from each report's distance to its belief, and makes up for it
by a rate that is too high, by 1 / (1 - assimilation) for a delta rule: .08 becomes .11 at .3. Where somebody else
recorded outcomes too, what a person reports of them (`perceived_rating`) tells how much is assimilated; otherwise only
a prior does. Derived for this program: no published equation is known.
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
    """The rule with a parameter `name`; `learn` and `beliefs` take all parameters, then those of the rule itself."""
    own = type(rule.parameters)
    make: Any = namedtuple  # as many fields as the rule has, and one
    declared = make(own.__name__, [*own._fields, name])

    def plain(p: Any) -> Any:
        return own(*p[:-1])

    return rule._replace(
        parameters=declared(*rule.parameters, parameter),
        start=lambda p, figures: rule.start(plain(p), figures),
        drift=lambda p, s, event: rule.drift(plain(p), s, event),
        learn=lambda p, s, event: learn(p, plain(p), s, event),
        beliefs=lambda p, s, event: beliefs(p, plain(p), s, event) if beliefs else rule.beliefs(plain(p), s, event),
    )


AROUSAL = Parameter("unit", (0.05, 0.95), pooling="complete", meaning="share of learning that needs distress")


def with_arousal(rule: Rule) -> Rule:
    """The rule, learning more the greater the need."""

    def learn(p: Any, plain: Any, s: State, event: Event) -> State:
        share = 1.0 - p.arousal * (1.0 - event.distress)
        return map_tree(lambda new, old: old + share * (new - old), rule.learn(plain, s, event), s)

    return with_parameter(rule, "arousal", AROUSAL, learn)


EXPECTANCY_BIAS = Parameter(
    "unit", (0.05, 0.6), pooling="complete", meaning="share of a report that is what was expected, not what happened"
)


def with_expectancy_bias(rule: Rule, fixed: float | None = None) -> Rule:
    """The rule, learning from what is behind a person's own report; `fixed` states the assimilation."""

    def learn(p: Any, plain: Any, s: State, event: Event) -> State:
        share = p.expectancy_bias * event.reported
        expected = rule.beliefs(plain, s, event).expected
        outcome = (event.outcome - share * expected) / (1.0 - share)
        behind = event._replace(outcome=minimum(maximum(outcome, constant(0.0)), constant(1.0)))
        return rule.learn(plain, s, behind)

    def beliefs(p: Any, plain: Any, s: State, event: Event) -> Beliefs:
        held = rule.beliefs(plain, s, event)
        return held._replace(perceived=event.outcome + p.expectancy_bias * (held.expected - event.outcome))

    return with_parameter(rule, "expectancy_bias", EXPECTANCY_BIAS._replace(fixed=fixed), learn, beliefs)
