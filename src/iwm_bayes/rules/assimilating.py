"""What people report of a figure is partly what they expected: learn from what lies behind the report.

    reported = (1 - assimilation) * outcome + assimilation * expected
    outcome  = (reported - assimilation * expected) / (1 - assimilation),     kept in 0..1

so that a report of yes or no, which is no mixture, is taken as it is.

A rule that takes reports for outcomes learns too slowly from each report's distance to its belief, and makes up for it
by a rate that is too high, by 1 / (1 - assimilation) for a delta rule: .08 becomes .11 at .3. Where somebody else
recorded outcomes too, what a person reports of them (`perceived_rating`) tells how much is assimilated; otherwise only
a prior does. Derived for this program: no published equation is known.
"""

from typing import Any

from iwm_bayes.core import Beliefs, Event, Parameter, Rule, State
from iwm_bayes.ops import constant, maximum, minimum
from iwm_bayes.rules.one_more import one_more

ASSIMILATION = Parameter(
    "unit", (0.05, 0.6), pooling="shared", meaning="share of a report that is what was expected, not what happened"
)


def assimilating(rule: Rule, fixed: float | None = None) -> Rule:
    """The rule, learning from what is behind a person's own report; `fixed` states the assimilation."""

    def learn(p: Any, plain: Any, s: State, event: Event) -> State:
        share = p.assimilation * event.reported
        expected = rule.beliefs(plain, s, event).expected
        outcome = (event.outcome - share * expected) / (1.0 - share)
        behind = event._replace(outcome=minimum(maximum(outcome, constant(0.0)), constant(1.0)))
        return rule.learn(plain, s, behind)

    def beliefs(p: Any, plain: Any, s: State, event: Event) -> Beliefs:
        held = rule.beliefs(plain, s, event)
        return held._replace(perceived=event.outcome + p.assimilation * (held.expected - event.outcome))

    return one_more(rule, "assimilation", ASSIMILATION._replace(fixed=fixed), learn, beliefs)
