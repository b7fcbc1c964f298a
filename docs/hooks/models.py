"""One page per built-in model, from its file, the docstring of its learning rule and its equations."""

import re
import tomllib
from importlib import import_module
from inspect import getdoc
from textwrap import dedent

from equations import equations_section, mathml, notation

from iwm_bayes.model.specification.model_file import find_model, load_model
from iwm_bayes.types import ModelSpec, Parameter, parameters

GROUPS = {  # what models claim: the models, each in one group
    "Every outcome counts the same": ("rescorla_wagner", "dual_rate", "confirmation"),
    "Evidence and uncertainty decide how much is learned": ("conjugate_beta", "leaky_beta", "kalman", "hgf"),
    "Surprises change how much is learned": ("pearce_hall", "change_point", "volatile_kalman", "ehgf", "trust_gate"),
    "The early model persists": ("prototype", "revisionist", "latent_cause", "splitting"),
    "Self and other share an outcome": (
        "compensatory",
        "figures_apart",
        "reflective",
        "noisy_and",
        "self_other_leak",
    ),
    "Null models: nobody learns from outcomes": ("static", "growth", "autoregressive"),
}
COLUMNS = (
    "| parameter | symbol | prior 90% range of the median person | between-person SD: scale of its half-normal prior, "
    "link scale | pooling | meaning |\n|---|---|---|---|---|---|"
)
PAGE = """---
title: {name}
---
# {name}

**{claim}**

{predicts}

![Availability and self-worth of one person along 28 sessions, at three values of {main}]({name}.svg)

*Learning curves at three values of `{main}`: the ends and the middle of its prior 90% range. Every other parameter has
its prior median. The person starts with an availability of 0.35 and a self-worth of 0.2. Dots are the outcomes: eight
unresponsive sessions, then nine responsive ones, a rupture at session 18, and its repair. Ten units of time pass before
session 25 (dotted line). The program drew this plot when the page was built.*

## Learning rule

{equations}

{about}

## Parameters

{parameters}

A parameter with a fixed value is a constant, which a model file may free. The responses `availability_rating`,
`worth_rating` and `approach` have parameters of their own: the [model file](../model_file.md) explains them.

## Identifiability, and data that it needs

{needs} {fixed}

## Model file

```toml
{file}
```

In text, as `iwm models {name}` prints them, the equations are:

```
{text}
```

Source: {source}
"""
LIST = """# Built-in models

Each model formalises a hypothesis about how people come to trust. The models are grouped by what they claim. The page
of each model has its equations, learning curves, parameters with priors, and the data that it needs. `iwm models` prints
this list, and `iwm models NAME` one model.

Any model can be compared with any other. A learning model must predict better than the null models.
"""


def source_text(reference: str) -> str:
    """Return a reference, with a link where it is a DOI."""
    return re.sub(r"doi:(\S+?)(?=[,;.]?(?:\s|$))", r"[doi:\1](https://doi.org/\1)", reference)


def symbol(rule: str, parameter: str) -> str:
    """Return the symbol of a parameter as MathML: that of its own name, or of both beliefs."""
    symbols = notation(rule).symbols
    known = symbols.get(parameter) or symbols.get(re.sub("^(availability|worth)_", "", parameter))
    return mathml(known) if known else ""


def line(name: str, parameter: Parameter, of_rule: str) -> str:
    """Return the line of a parameter."""
    low, high = parameter.prior_90
    fixed = parameter.fixed is not None
    prior = f"fixed at {parameter.fixed:g}" if fixed else f"{low:g} to {high:g}"
    between = f"{parameter.prior_between_sd:g}" if not fixed and parameter.pooling == "partial" else ""
    cells = (f"`{name}`", of_rule, prior, between, "" if fixed else parameter.pooling, parameter.meaning)
    return f"| {' | '.join(cells)} |"


def parameter_table(model: ModelSpec, rule: str) -> str:
    """Return the table of all parameters of a model."""
    return "\n".join(
        [COLUMNS, *(line(name, parameter, symbol(rule, name)) for name, parameter in parameters(model).items())]
    )


def fixed_text(model: ModelSpec) -> str:
    """Say which parameters of the rule are fixed, and so are not estimated."""
    fixed = [f"`{name}`" for name, parameter in rule_parameters(model).items() if parameter.fixed is not None]
    return f"Fixed by default, because the data do not determine them: {', '.join(fixed)}." if fixed else ""


def rule_parameters(model: ModelSpec) -> dict[str, Parameter]:
    """Return the parameters of the learning rule by name."""
    without_responses = model._replace(responses={})
    return parameters(without_responses)


def prose_and_equations(rule: str) -> tuple[str, str]:
    """Split the docstring of a rule into its prose and its equations, which are indented."""
    lines = (getdoc(import_module(f"iwm_bayes.rules.{rule}")) or "").splitlines()[1:]
    prose = [text for text in lines if not text.startswith("  ")]
    equations = [text for text in lines if text.startswith("  ")]
    return "\n".join(prose).strip(), dedent("\n".join(equations))


def model_page(name: str, main: str) -> str:
    """Return the page of a built-in model, whose curves are over values of the parameter `main`."""
    model, file = load_model(name), find_model(name).read_text(encoding="utf-8").strip()
    rule = tomllib.loads(file)["rule"]
    about, text = prose_and_equations(rule)
    return PAGE.format(
        name=name,
        main=main,
        claim=model.claim.strip(),
        predicts=model.predicts.strip(),
        equations=equations_section(notation(rule)),
        about=source_text(about),
        text=text,
        needs=model.needs.strip(),
        fixed=fixed_text(model),
        parameters=parameter_table(model, rule),
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
