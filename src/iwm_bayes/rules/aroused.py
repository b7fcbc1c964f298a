"""An attachment system that learns when it is active: distress scales what is learned.

    share = 1 - arousal (1 - distress)
    s    <- s + share (learned - s)                (an outcome is seen)

At arousal 0 the rule is as it was; at 1 nothing is learned from what happens in calm. The state moves that share of
the way to what the rule would have learned, uncertainty too. That attachment behaviour needs activation is Bowlby's
(1969), Attachment and Loss, vol. 1; the equation is derived for this program. Needs distress on record.
"""

from typing import Any

from iwm_bayes.core import Event, Parameter, Rule, State, each
from iwm_bayes.rules.one_more import one_more

AROUSAL = Parameter("unit", (0.05, 0.95), pooling="shared", meaning="share of learning that needs distress")


def aroused(rule: Rule) -> Rule:
    """The rule, learning more the greater the need."""

    def learn(p: Any, plain: Any, s: State, event: Event) -> State:
        share = 1.0 - p.arousal * (1.0 - event.distress)
        return each(lambda new, old: old + share * (new - old), rule.learn(plain, s, event), s)

    return one_more(rule, "arousal", AROUSAL, learn)
