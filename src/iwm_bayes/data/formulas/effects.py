"""Effects of the event terms of data on the parameters of a model, and why some parameters cannot have any.

The data say which terms there are and which parameter each of them moves (see `event_design`). Here a model gets a
declared parameter for each effect:

    effect ~ Normal(0, 2 scale),    completely pooled

`scale` is that of the between-person SD of what is moved, as for the coefficients of people (`model.priors`).
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence

import xarray as xr

from iwm_bayes.responses import event_effects as of_response
from iwm_bayes.responses.added_parameters import is_read_between_events
from iwm_bayes.rules.modifiers import event_effects as of_rule
from iwm_bayes.types import (
    EFFECT_WIDTH,
    Z_CI90,
    EventEffect,
    InputError,
    ModelSpec,
    Parameter,
    named_leaves,
    parameters,
)

EVENT_EFFECTS = "event_effects"  # an attribute of data


def effects_of(data: xr.Dataset) -> list[EventEffect]:
    """Return the effects of event terms that the formulas of a data set ask for."""
    return [EventEffect(*each) for each in json.loads(data.attrs.get(EVENT_EFFECTS, "[]"))]


def declared_effect(effect: EventEffect, moved: Parameter) -> Parameter:
    """Return the declaration of an effect on a parameter that is declared as `moved`."""
    reach = Z_CI90 * EFFECT_WIDTH * moved.prior_between_sd
    scale = {"unit": ", log-odds", "positive": ", log", "real": ""}[moved.support]
    meaning = f"effect of {effect.term} on {effect.parameter} from session to session{scale}"
    return Parameter("real", (-reach, reach), moved.prior_between_sd, "complete", meaning=meaning)


def owner(model: ModelSpec, parameter: str) -> tuple[str | None, str]:
    """Return the response that a parameter belongs to, with its name there; None for the rule."""
    for name, response in model.responses.items():
        for leaf, _ in named_leaves(response.parameters):
            if parameter == f"{name}_{leaf}":
                return name, leaf
    return None, parameter


def event_problems(model: ModelSpec, parameter: str) -> Iterator[str]:
    """Yield why a parameter of a model cannot change from session to session."""
    name, leaf = owner(model, parameter)
    remedy = "Name columns that do not change within a person, or between(COLUMN)"
    if name is None:
        if not of_rule.is_read_at_events(model.rule, parameter):
            yield f"it is read once, before the first event, and cannot change from session to session. {remedy}"
        return
    response = model.responses[name]
    if response.figure_scope == "each":
        yield f"{name} compares all figures, and its parameters cannot change from session to session. {remedy}"
    elif is_read_between_events(response, leaf):
        yield f"it says what is left of earlier sessions, and belongs to no session. {remedy}"


def with_event_effects(model: ModelSpec, effects: Sequence[EventEffect], terms: Sequence[str]) -> ModelSpec:
    """Return the model with these effects of event terms; `terms` are all that the data have.

    A model that has the effects already stays as it is. InputError if a parameter is not the model's, or if the name of
    an effect is taken.
    """
    if not terms or model.event_effects == tuple(effects):
        return model._replace(rule=model.rule._replace(terms=tuple(terms))) if terms else model
    known = parameters(model)
    problems = [f"{model.name} has no parameter {each.parameter}" for each in effects if each.parameter not in known]
    taken = "the effect of {} on {} would have the name of a parameter, {}. Rename the column"
    problems += [taken.format(each.term, each.parameter, each.name) for each in effects if each.name in known]
    n_effects = Counter(each.name for each in effects)
    twice = "{} is the name of several effects, of which each needs its own"
    problems += [twice.format(name) for name, number in n_effects.items() if number > 1]
    if problems:
        raise InputError(problems)
    added = {each.name: declared_effect(each, known[each.parameter]) for each in effects}
    rule, responses = model.rule._replace(terms=tuple(terms)), dict(model.responses)
    for name in dict.fromkeys(owner(model, each.parameter)[0] for each in effects):
        own = [each for each in effects if owner(model, each.parameter)[0] == name]
        by_parameter: dict[str, dict[str, str]] = {}
        for each in own:
            leaf = owner(model, each.parameter)[1]
            by_parameter.setdefault(leaf, {})[each.name.removeprefix(f"{name}_" if name else "")] = each.term
        declared = {each.name.removeprefix(f"{name}_" if name else ""): added[each.name] for each in own}
        if name is None:
            rule = of_rule.with_event_effects(rule, by_parameter, declared)
        else:
            responses[name] = of_response.with_event_effects(responses[name], by_parameter, declared)
    return model._replace(rule=rule, responses=responses, event_effects=(*model.event_effects, *effects))


def bound_to_events(model: ModelSpec, data: xr.Dataset) -> ModelSpec:
    """Return the model with the effects of the event terms of its data."""
    names = [str(name) for name in data["event_term"].values] if "event_terms" in data else []
    return with_event_effects(model, effects_of(data), names)
