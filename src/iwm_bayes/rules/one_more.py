"""A rule with one parameter more, for what changes how any rule learns."""

from collections import namedtuple
from collections.abc import Callable
from typing import Any

from iwm_bayes.core import Beliefs, Event, Parameter, Rule, State


def one_more(
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
