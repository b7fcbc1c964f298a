"""A rule with further parameters, and with functions that use them in place of its own."""

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from iwm_bayes.types import Parameter, Rule


def with_parameters(rule: Rule, added: Mapping[str, Parameter], **functions: Callable[..., Any]) -> Rule:
    """Add parameters to a rule.

    `functions` replace those of the rule by name: start(p, old_p, figures); drift, learn, beliefs and begin
    (p, old_p, s, event); outcome(p, old_p, event). `p` has all parameters, `old_p` those of the rule that is changed. A
    function that is not given stays.
    """
    old_type = type(rule.parameters)
    make: Any = namedtuple  # its fields are known only here
    new_type, n_old = make(old_type.__name__, [*old_type._fields, *added]), len(old_type._fields)

    def changed(name: str) -> Callable[..., Any]:
        old, new = getattr(rule, name), functions.get(name)
        if new is None:
            return lambda p, *others: old(old_type(*p[:n_old]), *others)
        return lambda p, *others: new(p, old_type(*p[:n_old]), *others)

    return rule._replace(
        parameters=new_type(*rule.parameters, *added.values()),
        start=changed("start"),
        drift=changed("drift"),
        learn=changed("learn"),
        beliefs=changed("beliefs"),
        begin=changed("begin") if rule.begin or "begin" in functions else None,
        outcome=changed("outcome") if rule.outcome or "outcome" in functions else None,
    )
