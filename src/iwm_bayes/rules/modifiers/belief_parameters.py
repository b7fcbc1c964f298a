"""What the modifiers that move a belief by itself have in common: parameters by belief, elapsed time, and refusals."""

from collections.abc import Iterable, Mapping
from typing import Any

from iwm_bayes.ops import Array
from iwm_bayes.rules.lift import at_figure
from iwm_bayes.types import Event, OwnScale, Parameter, Rule, named_leaves

NO_LOCATION = (
    "it does not say where its state holds the belief. Give the Learner a `location`, or the Rule an `own_scale` (see "
    "`rules.location`)"
)


def belief_parameters(rule: Rule, declared: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return parameters for each belief of a rule, as `availability_NAME` and `worth_NAME`."""
    beliefs = rule.own_scale.beliefs if rule.own_scale else ()
    return {f"{belief}_{name}": parameter for belief in beliefs for name, parameter in declared.items()}


def may_differ_by_figure(added: Iterable[str]) -> frozenset[str]:
    """Return which of these parameters may differ by figure: those of availability."""
    return frozenset(name for name in added if name.startswith("availability_"))


def of_beliefs(scale: OwnScale, p: Any, event: Event, name: str) -> dict[str, Array]:
    """Return a parameter of each belief, at the figure of the event."""
    return {belief: at_figure(event, getattr(p, f"{belief}_{name}")) for belief in scale.beliefs}


def elapsed(scale: OwnScale, event: Event) -> dict[str, Array]:
    """Return the time that has passed for each belief: since the figure's last event, and since any."""
    since = {"availability": event.since_figure, "worth": event.since_any}
    return {belief: since[belief] for belief in scale.beliefs}


def unmovable(rule: Rule, declared: Iterable[str] = ()) -> str:
    """Return why nothing can move the beliefs of a rule by itself, in words that follow "because"; empty if it can.

    `declared` are the parameters that would be added for each belief.
    """
    if rule.own_scale is None:
        return rule.no_own_scale or NO_LOCATION
    own = {name for name, _ in named_leaves(rule.parameters)}
    has = [name for name in declared if any(f"{belief}_{name}" in own for belief in rule.own_scale.beliefs)]
    return f"it has this movement itself, by {' and '.join(has)}" if has else ""
