"""One page per built-in model, from its file, the docstring of its learning rule and its equations."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib import import_module
from inspect import getdoc

from equations import equations_section, mathml, notation

from iwm_bayes.model.specification.model_file import find_model, load_model
from iwm_bayes.types import ModelSpec, Parameter, parameters

GROUPS = {  # what models claim: the models, each in one group
    "Every outcome counts the same": (
        "rescorla_wagner",
        "dual_rate",
        "dual_rate_strict",
        "confirmation",
        "confirmation_strict",
    ),
    "Evidence and uncertainty decide how much is learned": (
        "conjugate_beta",
        "leaky_beta",
        "leaky_beta_strict",
        "kalman",
        "kalman_strict",
        "hgf",
    ),
    "Surprises change how much is learned": (
        "pearce_hall",
        "change_point",
        "volatile_kalman",
        "ehgf",
        "trust_gate",
    ),
    "What follows a rupture decides": ("strain_test", "contingent"),
    "The early model persists": (
        "prototype",
        "revisionist",
        "latent_cause",
        "latent_cause_strict",
        "splitting",
        "splitting_strict",
    ),
    "Self and other share an outcome": (
        "compensatory",
        "compensatory_strict",
        "figures_apart",
        "reflective",
        "noisy_and",
        "self_other_leak",
    ),
    "Null models: nobody learns from outcomes": ("static", "growth", "autoregressive"),
}
OF_RULE = "| parameter | symbol | prior 90% range of the median person | prior SD between people | pooling | meaning |"
OF_RESPONSES = "| parameter | prior 90% range of the median person | prior SD between people | pooling | meaning |"
PAGE = """---
title: {name}
---
# {name}

**{claim}**

{predicts}

![Availability and self-worth of one person along 28 sessions, at three values of {main}]({name}.svg)

*Learning curves at three values of `{main}`: the ends and the middle of its prior 90% range. Every other parameter has
its prior median. {start}Dots are the outcomes: eight unresponsive sessions, then nine responsive ones, a rupture at
session 18, and its repair. Ten units of time pass before session 25 (dotted line). The program drew this plot when the
page was built.*

## Learning rule

{equations}

## The same in words

{about}

## Parameters

{parameters}

{copies}The prior SD between people is the scale of the half-normal prior of the between-person SD, on the link scale. A
parameter with a fixed value is a constant, which a [model file](../model_file.md) may free.

## Parameters of the responses

{of_responses}

## Identifiability, and data that it needs

{needs} {fixed}

## Model file

```toml
{file}
```

Source: {source}
"""
START = "The person starts with an availability of 0.35 and a self-worth of 0.2. "
LIST = """# Built-in models

Each model formalises a hypothesis about how people come to trust. The models are grouped by what they claim. The
page of each model has its equations, learning curves, parameters with priors, and the data that it needs. `iwm models`
prints this list, and `iwm models NAME` one model.

A name that ends in `_strict` is a variant with a sharper prior. Its hypothesis has a direction or a size that the other
model leaves open, and its file has the source of the range.

Any model can be compared with any other. A learning model must predict better than the null models.
"""


def source_text(reference: str) -> str:
    """Return a reference, with a link where it is a DOI."""
    return re.sub(r"doi:(\S+?)(?=[,;.]?(?:\s|$))", r"[doi:\1](https://doi.org/\1)", reference)


def short_name(name: str) -> str:
    """Return a name without the belief that it belongs to."""
    return re.sub("^(availability|worth)_", "", name)


def merged(declared: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Return parameters of both beliefs that are declared alike as one, under their short name."""
    shown: dict[str, Parameter] = {}
    for name, parameter in declared.items():
        copies = [declared.get(f"{belief}_{short_name(name)}") for belief in ("availability", "worth")]
        shown[short_name(name) if copies == [parameter, parameter] else name] = parameter
    return shown


def cells(parameter: Parameter) -> tuple[str, ...]:
    """Return what a table says about a parameter after its name and symbol."""
    low, high = parameter.prior_90
    fixed = parameter.fixed is not None
    prior = f"fixed at {parameter.fixed:g}" if fixed else f"{low:g} to {high:g}"
    between = f"{parameter.prior_between_sd:g}" if not fixed and parameter.pooling == "partial" else ""
    return prior, between, "" if fixed else parameter.pooling, parameter.meaning


def table(head: str, rows: Iterable[Iterable[str]]) -> str:
    """Return a table below its line of names."""
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *(f"| {' | '.join(row)} |" for row in rows)])


def rule_parameters(model: ModelSpec) -> dict[str, Parameter]:
    """Return the parameters of the learning rule by name."""
    return parameters(model._replace(responses={}))


def rule_table(model: ModelSpec, rule: str) -> str:
    """Return the table of the parameters of the learning rule, with their symbols."""
    symbols = notation(rule).symbols
    shown = merged(rule_parameters(model))
    return table(OF_RULE, ((f"`{name}`", mathml(symbols[name]), *cells(one)) for name, one in shown.items()))


def response_table(model: ModelSpec) -> str:
    """Return the table of the parameters of the responses."""
    of_rule = rule_parameters(model)
    shown = merged({name: one for name, one in parameters(model).items() if name not in of_rule})
    return table(OF_RESPONSES, ((f"`{name}`", *cells(one)) for name, one in shown.items()))


def copies_text(model: ModelSpec) -> str:
    """Say what a short name means, where there is one."""
    short = [name for name in merged(rule_parameters(model)) if name not in rule_parameters(model)]
    return (
        f"`{short[0]}` is short for `availability_{short[0]}` and `worth_{short[0]}`: each belief has its own copy.\n\n"
        if short
        else ""
    )


def fixed_text(model: ModelSpec) -> str:
    """Say which parameters of the rule are fixed, and so are not estimated."""
    shown = merged(rule_parameters(model))
    fixed = [f"`{name}`" for name, parameter in shown.items() if parameter.fixed is not None]
    return f"Fixed in this model: {', '.join(fixed)}." if fixed else ""


def docstring(rule: str) -> str:
    """Return the docstring of a rule after its first line: equations in text, hypothesis, units and sources."""
    return (getdoc(import_module(f"iwm_bayes.rules.{rule}")) or "").partition("\n")[2].strip("\n")


def model_page(name: str, main: str) -> str:
    """Return the page of a built-in model, whose curves are over values of the parameter `main`."""
    model, file = load_model(name), find_model(name).read_text(encoding="utf-8").strip()
    rule = tomllib.loads(file)["rule"]
    return PAGE.format(
        name=name,
        main=main,
        start="" if main == "start" else START,
        claim=model.claim.strip(),
        predicts=model.predicts.strip(),
        equations=equations_section(notation(rule)),
        about=source_text(docstring(rule)),
        needs=model.needs.strip(),
        fixed=fixed_text(model),
        parameters=rule_table(model, rule),
        copies=copies_text(model),
        of_responses=response_table(model),
        file=file,
        source=source_text(model.reference),
    )


def model_list_page() -> str:
    """Return the page that lists the built-in models by group."""
    parts = [LIST]
    for group, names in GROUPS.items():
        lines = [f"| [{name}](models/{name}.md) | {load_model(name).claim} |" for name in names]
        parts += [f"## {group}", "\n".join(["| model | hypothesis |", "|---|---|", *lines])]
    return "\n\n".join(parts) + "\n"
