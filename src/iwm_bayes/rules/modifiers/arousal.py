"""Arousal: distress scales what is learned.

    share = 1 - arousal (1 - distress)
    s    <- s + share (learned - s)                (an outcome is observed)

At arousal 0 the rule is unchanged. At 1 nothing is learned from outcomes without distress. The state, including its
uncertainty, moves by this share of the way that the rule alone would move it. That attachment behaviour needs
activation is from Bowlby (1969), Attachment and Loss, vol. 1; the equation is derived for this program. It needs a
record of distress.
"""

from typing import Any

from iwm_bayes.rules.modifiers.added_parameters import with_parameters
from iwm_bayes.types import Event, Parameter, Rule, State, map_tree

AROUSAL = Parameter(
    "unit", (0.05, 0.95), pooling="complete", meaning="arousal: share of learning that requires distress"
)


def with_arousal(rule: Rule) -> Rule:
    """Make a rule learn more the greater the distress."""

    def learn(p: Any, old_p: Any, s: State, event: Event) -> State:
        share = 1.0 - p.arousal * (1.0 - event.distress)
        return map_tree(lambda learned, before: before + share * (learned - before), rule.learn(old_p, s, event), s)

    return with_parameters(rule, {"arousal": AROUSAL}, learn=learn)
