"""What moves beliefs in addition to learning, added to a model by a key of its file, by its name, or in Python.

trend = true            time moves beliefs towards a plateau: `rules.modifiers.trend`
belief_noise = true     chance moves beliefs: `rules.modifiers.belief_noise`
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from iwm_bayes.rules import equations
from iwm_bayes.rules.modifiers import belief_noise, trend
from iwm_bayes.rules.modifiers.belief_parameters import unmovable
from iwm_bayes.rules.modifiers.model_names import ADDITIONS, with_additions
from iwm_bayes.types import InputError, ModelSpec, Parameter, Rule

CLAIM_OF_TREND_ALONE = "Beliefs approach a plateau with time alone, whatever happens."


class Addition(NamedTuple):
    """What can move the beliefs of any rule that says where it holds them."""

    modify: Callable[[Rule], Rule]
    declared: Mapping[str, Parameter]  # for each belief
    equation: str
    claim: str


KINDS: Mapping[str, Addition] = dict(
    zip(
        ADDITIONS,
        (
            Addition(
                trend.with_trend,
                trend.TREND,
                equations(trend.__doc__ or ""),
                "Beliefs also approach a plateau with time alone.",
            ),
            Addition(
                belief_noise.with_belief_noise,
                belief_noise.BELIEF_NOISE,
                equations(belief_noise.__doc__ or ""),
                "Beliefs also move by themselves.",
            ),
        ),
        strict=True,
    )
)


def with_movements(where: str, rule_name: str, rule: Rule, added: Iterable[str]) -> Rule:
    """Return a rule whose beliefs also move in other ways; InputError, which begins with `where`, if they cannot."""
    for name in (one for one in ADDITIONS if one in set(added)):
        if later := [one for one in rule.movements if ADDITIONS.index(one) > ADDITIONS.index(name)]:
            remedy = f"Name the model without them, and add {name} and {', '.join(later)} together"
            raise InputError([f"{where}: `{name}` comes before `{', '.join(later)}`, which is there already. {remedy}"])
        if reason := unmovable(rule, KINDS[name].declared):
            raise InputError([f"{where}: `{name}` cannot be added to the rule {rule_name}, because {reason}"])
        rule = KINDS[name].modify(rule)
    return rule


def with_added(model: ModelSpec, added: Iterable[str]) -> ModelSpec:
    """Return a model, under a name that says so, whose beliefs also move in other ways.

    InputError if the rule has nothing that they could move. What a name puts in place of learning is there already.
    """
    added = tuple(added)
    name = with_additions(model.name, added)
    added = tuple(one for one in added if one in KINDS)
    if not added:
        return model._replace(name=name)
    rule = with_movements(f"model {model.name}", str(model.source.get("rule", model.name)), model.rule, added)
    claim = " ".join((model.claim, *(KINDS[name].claim for name in added)))
    source = {**model.source, **dict.fromkeys(added, True), "claim": claim} if model.source else model.source
    equation = with_equations(model.equation, added)
    return model._replace(name=name, rule=rule, source=source, claim=claim, equation=equation)


def model_with(model: str | Path | ModelSpec, added: Iterable[str]) -> str | ModelSpec:
    """Return a model, or its name, with what else moves beliefs."""
    if isinstance(model, ModelSpec):
        return with_added(model, added)
    return with_additions(str(model), tuple(added))


def with_equations(equation: str, added: Iterable[str]) -> str:
    """Return the equations of a rule with those of what is added to it."""
    return "\n\n".join((equation, *(KINDS[name].equation for name in added)))
